"""Feedback in admin: read, and approved for training."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from search.models import Feedback


@admin.register(Feedback)
class FeedbackAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["received", "verdict", "product", "one_sender", "approved"]
    list_display_links = None
    list_filter = ["verdict", "approved", "received"]
    list_select_related = ["product"]
    search_fields = ["product__sku", "product__name"]
    actions = ["approve", "withdraw"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        return super().get_queryset(request).defer("embedding", "code")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only by the actions: nobody puts words into a shopper's mouth."""
        return obj is None and super().has_change_permission(request)

    @admin.display(description=_("sender"), ordering="sender")
    def one_sender(self, given: Feedback) -> str:
        return given.sender[:8]

    @admin.action(description=_("Approve for training"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> None:
        queryset.update(approved=True)

    @admin.action(description=_("Withdraw from training"), permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> None:
        queryset.update(approved=False)
