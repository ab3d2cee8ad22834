"""Admin of what commands and workers make: to be looked at, never edited by hand."""

from typing import Any

from django.http import HttpRequest

from staff.edits import StaffAdmin


class ReadOnlyAdmin(StaffAdmin):
    """Nothing is added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
