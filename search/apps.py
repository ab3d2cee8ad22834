from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    name = "search"
    verbose_name = _("Search")

    def ready(self) -> None:
        # Imported here because models are not loaded before; connects by decorators.
        from search import checks, signals  # noqa: F401
        from search.feedback import admin  # noqa: F401
