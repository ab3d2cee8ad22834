"""What can be found now: the newest snapshot that can be read, overlaid.

Every search first asks the database for new changes, so that an answer is as fresh as
the last commit.
"""

from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

import structlog
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connection
from django.dispatch import receiver

from hashing import IndexFileError
from search import background
from search.encoders.registry import serving
from search.errors import SearchUnavailable
from search.gallery import snapshots
from search.gallery.overlay import Findable, Gallery
from search.models import Snapshot

log = structlog.get_logger()

# A server loads the next snapshot beside its requests (config/gunicorn.py); a command
# waits for it.
loads_in_background = False

# Held for the moment that changes are read and put in place; and, by the one thread
# that does it, while a snapshot is loaded. Others go on with the old one meanwhile.
_lock = Lock()
_loading = Lock()
_current: dict[str, Gallery] = {}  # by encoder, the last asked for at the end
_seen: dict[str, Any] = {}  # by encoder: the name and curves of the newest, once put
_failed: set[str] = set()


def current(of: str | None = None) -> Findable:
    """The gallery as of the last commit, for this process.

    Of the encoder with this fingerprint, which may have served until a moment ago;
    without, of the one that serves. Raises SearchUnavailable if none can be served.
    """
    fingerprint = of or serving().fingerprint
    if settings.SEARCH_ENGINE == "milvus":
        from search.engines.milvus import distributed  # its client is an extra

        return distributed.current(fingerprint)
    return embedded(fingerprint)


def embedded(fingerprint: str) -> Gallery:
    """From a snapshot. Raises SearchUnavailable if none can be served."""
    newest = _newest(fingerprint)
    is_seen = newest is not None and newest == _seen.get(fingerprint)
    if not is_seen or fingerprint not in _current:
        _bring_in(fingerprint, newest)
    with _lock:
        found = _current.pop(fingerprint, None)
        if found is None:
            raise SearchUnavailable("no snapshot can be served; one will be built")
        _current[fingerprint] = found  # stays, should the database fail now
        _current[fingerprint] = found = found.refreshed()
        if len(_current) > 2:
            del _current[next(iter(_current))]
        return found


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget what is loaded."""
    _current.clear()
    _seen.clear()
    _failed.clear()


def _newest(fingerprint: str) -> Any:
    """Name and curves of the newest that can serve, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(*_statement(fingerprint))
        return cursor.fetchone()


@cache
def _statement(fingerprint: str) -> tuple[str, tuple[Any, ...]]:
    """Django takes longer to make it than the database to answer."""
    newest = Snapshot.objects.serving(fingerprint).values_list("name", "curves")[:1]
    made: tuple[str, tuple[Any, ...]] = newest.query.sql_with_params()
    return made


def _bring_in(fingerprint: str, newest: Any) -> None:
    """Make the newest that can be read the current one of this encoder.

    One thread loads. Meanwhile others go on with what is there, if anything is.
    """
    rows = Snapshot.objects.serving(fingerprint)[: snapshots.KEPT]
    wanted = [each for each in rows if each.name not in _failed]
    if _is_current(fingerprint, wanted):
        _note(fingerprint, newest)
        return
    may_go_on = bool(wanted) and fingerprint in _current
    if not _loading.acquire(blocking=not may_go_on):
        return

    def load() -> None:
        try:
            if not _is_current(fingerprint, wanted):  # nor did another thread load it
                _put(fingerprint, _first_readable(fingerprint, wanted))
                _note(fingerprint, newest)
        finally:
            _loading.release()

    if may_go_on and loads_in_background:
        background.start(load)
    else:
        load()


def _note(fingerprint: str, newest: Any) -> None:
    """That the newest was put there, if it was."""
    loaded = _current.get(fingerprint)
    if loaded and newest and loaded.snapshot.name == newest[0]:
        _seen[fingerprint] = newest


def _is_current(fingerprint: str, newest: Sequence[Snapshot]) -> bool:
    loaded = _current.get(fingerprint)
    return bool(
        loaded
        and newest
        and loaded.snapshot.name == newest[0].name
        and loaded.curves == snapshots.curves_of(newest[0])
    )


def _put(fingerprint: str, loaded: Gallery | None) -> None:
    with _lock:
        _current.pop(fingerprint, None)
        if loaded is not None:
            _current[fingerprint] = loaded


def _first_readable(fingerprint: str, newest: Sequence[Snapshot]) -> Gallery | None:
    for snapshot in newest:
        loaded = _current.get(fingerprint)
        if loaded is not None and loaded.snapshot.name == snapshot.name:
            # What is newer is damaged; or it was calibrated again.
            return loaded.with_curves(snapshots.curves_of(snapshot))
        try:
            if snapshots.is_at_hand(snapshot, wait=loaded is None):
                return Gallery.of(snapshots.load(snapshot))
        except SearchUnavailable as error:
            log.warning("not fetched", snapshot=snapshot.name, reason=str(error))
        except IndexFileError as error:
            log.error("snapshot is damaged", snapshot=snapshot.name, reason=str(error))
            _failed.add(snapshot.name)
            # Says so to the builder; no row is left to update if it was pruned.
            Snapshot.objects.filter(pk=snapshot.pk).update(damaged=True)
    return None
