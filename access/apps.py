from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "access"
    verbose_name = _("Access to the API")

    def ready(self) -> None:
        # Both register themselves by being imported.
        from access import checks, schema  # noqa: F401
