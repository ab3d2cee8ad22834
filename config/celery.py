import os

import django
from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("semblance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def wait_until_migrated(**kwargs: object) -> None:
    """Take no task before the tables are there: it would fail, and be lost."""
    django.setup()
    from outages.tables import wait_for_tables  # needs the apps

    wait_for_tables()
