"""Rate limits of the API, by key and by address.

Requests are counted in a moving window. With REDIS_URL all processes share one exact
count. Without, or while Redis is unreachable, each process counts by itself, which lets
as many times more pass as there are processes.
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
from django.http import HttpRequest
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from rest_framework.throttling import BaseThrottle

from access.callers import address_of, key_of
from access.models import AppKey
from outages.pause import Pause

log = structlog.get_logger(__name__)

REDIS_TIMEOUT_SECONDS = 0.25
RETRY_REDIS_SECONDS = 5.0  # after it did not answer

_lock = Lock()
_limiters: dict[str, MovingWindowRateLimiter] = {}
_redis_pause = Pause(RETRY_REDIS_SECONDS)


@dataclass(frozen=True)
class Limit:
    """`left` of `quota` requests in `window` seconds, and more in `wait` seconds."""

    policy: str
    quota: int
    window: int
    left: int
    wait: int


class Throttle(BaseThrottle):
    """The throttle of every API view that names no other."""

    def __init__(self) -> None:
        """Start without a wait; the framework makes one for each request."""
        self._wait = 0

    def allow_request(self, request: Any, view: Any) -> bool:
        self._wait = count(request, key_of(request))
        return self._wait == 0

    def wait(self) -> float:
        return self._wait


def count(request: Any, key: AppKey | None) -> int:
    """Count one request; return seconds until it would pass, 0 if it passes now.

    Notes what is left on the request, for `rate_limit_headers`.
    """
    address = address_of(request)
    rates = [("address", settings.API_RATE_ANONYMOUS, f"anonymous {address}")]
    if key is not None:
        own = f"{key.rate}/minute" if key.rate else settings.API_RATE_KEY
        rates = [
            ("address", settings.API_RATE_ADDRESS, f"{key.pk} {address}"),
            ("key", own, f"key {key.pk}"),
        ]
    return _count(request._request, rates)


def count_page(request: HttpRequest, policy: str, rate: str) -> int:
    """Count one request of a page by its address; return seconds as `count` does."""
    return _count(request, [(policy, rate, address_of(request))])


def _count(request: Any, rates: list[tuple[str, str, str]]) -> int:
    """Count by each policy, its rate and who it counts; stop at the first exceeded."""
    counted_limits: list[Limit] = []
    request.rate_limits = counted_limits
    for policy, rate, who in rates:
        if not rate:
            continue
        passes, limit = _hit(policy, limits.parse(rate), who)
        counted_limits.append(limit)
        if not passes:
            return max(1, limit.wait)
    return 0


def _hit(policy: str, rate: Any, who: str) -> tuple[bool, Limit]:
    """Count in Redis, or in this process: no failure there closes the shop."""
    if settings.REDIS_URL and not _redis_pause.is_on():
        try:
            counted = _hit_in(_limiter(settings.REDIS_URL), policy, rate, who)
        except Exception as error:  # noqa: BLE001 - of Redis, its client, or the URL
            log.warning("throttling by process: Redis fails", reason=repr(error))
            _redis_pause.begin()
        else:
            _redis_pause.end()
            return counted
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
    """Return this process's limiter, made once and after the fork."""
    with _lock:
        if url not in _limiters:
            storage = (
                RedisStorage(
                    url,
                    key_prefix="semblance-rate",
                    socket_timeout=REDIS_TIMEOUT_SECONDS,
                    socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
                )
                if url
                else MemoryStorage()
            )
            _limiters[url] = MovingWindowRateLimiter(storage)
        return _limiters[url]


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget all counts of this process."""
    _redis_pause.end()
    _limiters.clear()
