"""How often the API may be called, by key and by address.

Counted in a moving window: in any minute no more than so many. With REDIS_URL the
count is one for all processes, and exact. Without, or while Redis is away, each process
counts for itself: then as many times more pass as there are processes.
"""

import math
import time
from dataclasses import dataclass
from threading import Lock
from typing import Any

import limits
import structlog
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import RedisError
from rest_framework.throttling import BaseThrottle

from access.callers import address_of, key_of
from access.models import AppKey

log = structlog.get_logger(__name__)

REDIS_SECONDS = 0.25  # to wait for an answer
AWAY_SECONDS = 5.0  # before Redis is asked again

_lock = Lock()
_limiters: dict[str, MovingWindowRateLimiter] = {}
_away_until = 0.0


@dataclass(frozen=True)
class Limit:
    """A policy: `left` of `quota` in `window` seconds, and more in `wait` seconds."""

    policy: str
    quota: int
    window: int
    left: int
    wait: int


class Throttle(BaseThrottle):
    """For every view of the API that does not say otherwise."""

    def __init__(self) -> None:
        """Made by the framework for each request."""
        self._wait = 0

    def allow_request(self, request: Any, view: Any) -> bool:
        self._wait = count(request, key_of(request))
        return self._wait == 0

    def wait(self) -> float:
        return self._wait


def count(request: Any, key: AppKey | None) -> int:
    """Count one request; seconds until it would be let through, 0 if it is now.

    What is left is noted on the request, for `rate_limit_headers`.
    """
    address = address_of(request)
    rates = [("address", settings.API_RATE_ANONYMOUS, f"anonymous {address}")]
    if key is not None:
        own = f"{key.rate}/minute" if key.rate else settings.API_RATE_KEY
        rates = [
            ("address", settings.API_RATE_ADDRESS, f"{key.pk} {address}"),
            ("key", own, f"key {key.pk}"),
        ]
    noted: list[Limit] = []
    request._request.rate_limits = noted
    for policy, rate, who in rates:
        if not rate:
            continue
        passes, limit = _hit(policy, limits.parse(rate), who)
        noted.append(limit)
        if not passes:
            return max(1, limit.wait)
    return 0


def _hit(policy: str, rate: Any, who: str) -> tuple[bool, Limit]:
    global _away_until  # noqa: PLW0603
    if settings.REDIS_URL and time.monotonic() >= _away_until:
        try:
            return _hit_in(_limiter(settings.REDIS_URL), policy, rate, who)
        except RedisError as error:
            log.warning("throttling by process: Redis is away", reason=str(error))
            _away_until = time.monotonic() + AWAY_SECONDS
    return _hit_in(_limiter(""), policy, rate, who)


def _hit_in(
    limiter: MovingWindowRateLimiter, policy: str, rate: Any, who: str
) -> tuple[bool, Limit]:
    passes = limiter.hit(rate, "api", policy, who)
    stats = limiter.get_window_stats(rate, "api", policy, who)
    wait = max(0, math.ceil(stats.reset_time - time.time()))
    window = rate.get_expiry()
    left = stats.remaining if passes else 0
    return passes, Limit(policy, rate.amount, window, left, min(wait, window))


def _limiter(url: str) -> MovingWindowRateLimiter:
    """Made once a process, after the fork."""
    with _lock:
        if url not in _limiters:
            storage = (
                RedisStorage(
                    url,
                    key_prefix="semblance-rate",
                    socket_timeout=REDIS_SECONDS,
                    socket_connect_timeout=REDIS_SECONDS,
                )
                if url
                else MemoryStorage()
            )
            _limiters[url] = MovingWindowRateLimiter(storage)
        return _limiters[url]


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget all that was counted here."""
    global _away_until  # noqa: PLW0603
    _away_until = 0.0
    _limiters.clear()
