from typing import Any

import limits
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

RATES = ("API_RATE_ANONYMOUS", "API_RATE_ADDRESS", "API_RATE_KEY", "LOGIN_RATE")


@register()
def rates_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name}={getattr(settings, name)} is not a rate.",
            hint="Write it like 60/minute, or leave it empty for no limit.",
            id="access.E001",
        )
        for name in RATES
        if not _is_rate(getattr(settings, name))
    ]


def _is_rate(text: str) -> bool:
    try:
        return not text or limits.parse(text).amount > 0
    except ValueError:
        return False
