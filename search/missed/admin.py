"""Admin's view of what shoppers looked for and did not find.

Words are shown that were asked more than once: one person's words stay unseen.
"""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from search.models import Missed
from search.read_only_admin import ReadOnlyAdmin

DAYS = 30
MAX_ROWS = 20
MIN_SEARCHES = 2  # with the same words before staff sees them


@admin.register(Missed)
class MissedAdmin(ReadOnlyAdmin):
    """Counted by day and by what it seemed to be; there is no picture to show."""

    list_display = ["day", "category", "words", "count"]
    list_display_links = None
    date_hierarchy = "day"
    change_list_template = "admin/search/missed.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Missed]:
        return (
            super()
            .get_queryset(request)
            .filter(Q(words="") | Q(words__in=_shown_words()))
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        context = {"title": _("Looked for and not found"), "days": DAYS, **lately()}
        return super().changelist_view(request, {**context, **(extra_context or {})})


def lately() -> dict[str, Any]:
    """Count the misses of the last DAYS days by category and by words."""
    since = timezone.localdate() - timedelta(days=DAYS)
    rows = Missed.objects.filter(day__gt=since).order_by()
    photos = rows.filter(words="").values("category")
    words = rows.filter(words__in=_shown_words()).values("words")
    return {
        "by_category": photos.annotate(total=Sum("count")).order_by("-total")[
            :MAX_ROWS
        ],
        "by_words": words.annotate(total=Sum("count")).order_by("-total")[:MAX_ROWS],
    }


def _shown_words() -> QuerySet[Missed, str]:
    counted = Missed.objects.exclude(words="").order_by().values("words")
    often = counted.annotate(total=Sum("count")).filter(total__gte=MIN_SEARCHES)
    return often.values_list("words", flat=True)
