"""Admin's site: who was logged out meanwhile is told that nothing was saved."""

from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext as _


class StaffSite(AdminSite):
    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        checked = super().admin_view(view, cacheable)

        @wraps(checked)
        def admin_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.method == "POST" and not self.has_permission(request):
                text = _(
                    "You were logged out meanwhile, and nothing was saved. Log in in "
                    "another window; then go back here and copy what you wrote."
                )
                messages.warning(request, text)
            return checked(request, *args, **kwargs)

        return admin_view
