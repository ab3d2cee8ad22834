"""Feedback in admin: read, and approved for training."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from search.models import Feedback
from staff.edits import StaffAdmin
from staff.rights import staff_action

CHANGE = "search.change_feedback"


@admin.register(Feedback)
class FeedbackAdmin(StaffAdmin):
    list_display = ["received", "verdict", "product", "one_sender", "approved"]
    list_display_links = None
    list_filter = ["verdict", "approved", "received"]
    list_select_related = ["product"]
    search_fields = ["product__sku", "product__name"]
    actions = ["approve", "withdraw"]
    watched = ("approved",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        return super().get_queryset(request).defer("embedding", "code")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow no edits beside the actions: feedback is what the shopper said."""
        return obj is None and super().has_change_permission(request)

    @admin.display(description=_("sender"), ordering="sender")
    def one_sender(self, given: Feedback) -> str:
        return given.sender[:8]

    @staff_action(_("Approve for training"), rights=[CHANGE])
    def approve(
        self, request: HttpRequest, queryset: QuerySet[Feedback]
    ) -> list[Feedback]:
        return self._set_approved(request, queryset, approved=True)

    @staff_action(_("Withdraw from training"), rights=[CHANGE])
    def withdraw(
        self, request: HttpRequest, queryset: QuerySet[Feedback]
    ) -> list[Feedback]:
        return self._set_approved(request, queryset, approved=False)

    def _set_approved(
        self, request: HttpRequest, queryset: QuerySet[Feedback], *, approved: bool
    ) -> list[Feedback]:
        chosen = Feedback.objects.filter(pk__in=queryset.order_by().values("pk"))
        others = chosen.exclude(approved=approved)
        changed = list(others.select_related("product").defer("embedding", "code"))
        others.update(approved=approved)
        text = ngettext("%d verdict changed.", "%d verdicts changed.", len(changed))
        self.message_user(request, text % len(changed), messages.SUCCESS)
        return changed
