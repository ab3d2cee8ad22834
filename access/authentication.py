"""Authentication by app key; a request without a key is anonymous."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, Throttled
from rest_framework.request import Request

from access import throttles
from access.models import AppKey


class ByKey(BaseAuthentication):
    """Authenticate by `Authorization: Bearer KEY`."""

    def authenticate(self, request: Request) -> tuple[Any, AppKey] | None:
        scheme, _space, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        key = AppKey.objects.by_secret(secret.strip().decode("latin-1"))
        if key is None:
            raise self._refusal(request)
        AppKey.objects.note_use(key)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _refusal(self, request: Request) -> APIException:
        """Count a wrong key as a request of its address."""
        if wait := throttles.count(request, None):
            return Throttled(wait)
        return AuthenticationFailed(_("There is no such app key."), "invalid_key")
