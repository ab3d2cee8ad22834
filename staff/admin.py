"""Accounts and groups of staff.

Only superusers give rights: who could give them to others could take them.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext

from staff.edits import StaffAdmin

GIVE_RIGHTS = ["is_superuser", "groups", "user_permissions"]

admin.site.unregister([User, Group])


@admin.register(User)
class AccountAdmin(StaffAdmin, UserAdmin):  # type: ignore[type-arg]
    list_filter = ["is_staff", "is_superuser", "is_active"]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Who has done something stays, since the history names who did what."""
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        done = LogEntry.objects.filter(user__in=objs).order_by().values("user")
        for user in User.objects.filter(pk__in=done):
            text = gettext("The history of what %s did. Take “active” away instead.")
            protected = [*protected, text % user]
        return rows, counts, lacking, protected

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*super().get_readonly_fields(request, obj)]
        return fields if request.user.is_superuser else [*fields, *GIVE_RIGHTS]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and _is_theirs_to_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and _is_theirs_to_change(request, obj)


@admin.register(Group)
class StaffGroupAdmin(StaffAdmin, GroupAdmin):
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*super().get_readonly_fields(request, obj)]
        return fields if request.user.is_superuser else [*fields, "permissions"]


def _is_theirs_to_change(request: HttpRequest, user: User | None) -> bool:
    """Tell whether this is no superuser, or one who asks."""
    return user is None or not user.is_superuser or bool(request.user.is_superuser)
