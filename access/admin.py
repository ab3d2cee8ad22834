"""Admin of app keys: made here, shown once, revoked."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from access.models import AppKey
from staff.edits import StaffAdmin
from staff.once import LEADS_TO
from staff.rights import staff_action


@admin.register(AppKey)
class AppKeyAdmin(StaffAdmin):
    list_display = ["name", "begins", "rate", "created", "last_used", "revoked"]
    list_filter = [("revoked", admin.EmptyFieldListFilter)]
    search_fields = ["name", "start"]
    fields = ["name", "rate", "begins", "created", "last_used", "revoked"]
    readonly_fields = ["begins", "created", "last_used", "revoked"]
    actions = ["revoke"]
    watched = ("revoked",)

    @admin.display(description=_("begins with"), ordering="start")
    def begins(self, key: AppKey) -> str:
        return f"{key.start}…" if key.start else "–"

    def save_model(
        self, request: HttpRequest, obj: AppKey, form: Any, change: bool
    ) -> None:
        if not change:
            request.app_key = obj.set_secret()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: Any, obj: AppKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key, on the only page that ever does."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new app key"),
            "opts": self.opts,
            "key": obj,
            "secret": request.app_key,
        }
        response = TemplateResponse(request, "admin/access/key_made.html", context)
        setattr(response, LEADS_TO, reverse("admin:access_appkey_changelist"))
        return response

    @staff_action(_("Revoke: refused from now on"), rights=["access.change_appkey"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AppKey]) -> list[AppKey]:
        valid = AppKey.objects.filter(pk__in=queryset.values("pk"), revoked=None)
        keys = list(valid.select_for_update())
        count = valid.revoke()
        text = ngettext("%d key was revoked.", "%d keys were revoked.", count)
        messages.info(request, text % count)
        return keys
