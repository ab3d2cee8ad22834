"""Which encoders live in this shop, and the one that serves, loaded.

A row of Encoder says who serves. Without one it is the encoder that ENCODER names. The
rows are asked each time, so that a switch is seen by every process at its next search;
what is loaded stays, so that a search that has begun ends with its encoder.
"""

import secrets
import shutil
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import structlog
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils import timezone

import hashing
from hashing import CheckpointError, load_encoder
from search.errors import ForeignEncoder, SearchUnavailable
from search.models import Encoder

log = structlog.get_logger()

_lock = Lock()
_loaded: dict[str, hashing.Encoder] = {}
_configured: hashing.Encoder | None = None


def encoder() -> hashing.Encoder:
    """The encoder that serves, loaded once a process and never before a fork.

    Raises SearchUnavailable if its files are missing or damaged.
    """
    return load(serving())


def serving() -> Encoder:
    """The row of the encoder that serves; not in the database where none was added."""
    return live()[0]


def live() -> list[Encoder]:
    """All that are to have a code of every picture; the one that serves first."""
    rows = list(Encoder.objects.raw(*_live()))
    serves = [row for row in rows if row.state == Encoder.State.SERVING]
    if serves:
        _release({row.fingerprint for row in rows})
    return [*(serves or [_first()]), *(row for row in rows if row not in serves)]


@cache
def _live() -> tuple[str, tuple[Any, ...]]:
    """The statement: Django takes longer to make it than the database to answer."""
    made: tuple[str, tuple[Any, ...]] = Encoder.objects.live().query.sql_with_params()
    return made


def live_and_loaded() -> list[hashing.Encoder]:
    """As `live`, without those whose files are damaged; the first must be whole."""
    first, *others = live()
    loaded = [load(first)]
    for row in others:
        try:
            loaded.append(load(row))
        except SearchUnavailable as error:
            log.error("encoder cannot be used", encoder=row.name, reason=str(error))
    return loaded


def load(row: Encoder) -> hashing.Encoder:
    """Raises SearchUnavailable if its files are missing or damaged."""
    with _lock:
        if row.fingerprint not in _loaded:
            found = _read(row.folder)
            if found.fingerprint != row.fingerprint:
                raise SearchUnavailable(f"{row.folder} holds {found.fingerprint}")
            _loaded[row.fingerprint] = found
        return _loaded[row.fingerprint]


def by_fingerprint(fingerprint: str) -> hashing.Encoder:
    """Also one that served a moment ago. Raises ForeignEncoder, SearchUnavailable."""
    if found := _loaded.get(fingerprint):
        return found
    for row in live():
        if row.fingerprint == fingerprint:
            return load(row)
    raise ForeignEncoder(fingerprint)


def network_of(encoder: hashing.Encoder) -> str:
    """Names the network: encoders that share it make the same embeddings."""
    return str(encoder.card.contents["checksums"]["network.onnx"])


def keep_first() -> Encoder:
    """Enter the encoder that ENCODER names, if none serves, and copy it to our own.

    So it goes on serving when an update brings another one in its place.
    """
    row = serving()
    if row.pk is None:
        copy(Path(settings.ENCODER), row.fingerprint)
        row, _ = Encoder.objects.get_or_create(
            fingerprint=row.fingerprint,
            defaults={
                "name": row.name,
                "state": Encoder.State.SERVING,
                "served": timezone.now(),
            },
        )
    return row


def copy(source: Path, fingerprint: str) -> None:
    """Put a copy in place whole; one that is there already is left."""
    folder = settings.ENCODERS_DIR / fingerprint
    if folder.exists():
        return
    beside = folder.with_name(f"{fingerprint}.{secrets.token_hex(3)}.partial")
    beside.mkdir(parents=True)
    for name in (*hashing.ENCODER_FILES, "card.json"):
        shutil.copyfile(source / name, beside / name)
    try:
        beside.rename(folder)
    except OSError:  # another process was quicker
        shutil.rmtree(beside)


def reset() -> None:
    """Forget what is loaded, so that another encoder can be configured."""
    global _configured  # noqa: PLW0603
    _configured = None
    _loaded.clear()


@receiver(setting_changed)
def _reset_if_another(*, setting: str, **kwargs: object) -> None:
    if setting in {"ENCODER", "ENCODERS_DIR"}:
        reset()


def _first() -> Encoder:
    """A row for the encoder that ENCODER names. Raises SearchUnavailable."""
    global _configured  # noqa: PLW0603
    with _lock:
        if _configured is None:
            _configured = _read(Path(settings.ENCODER))
        found = _loaded.setdefault(_configured.fingerprint, _configured)
    return Encoder(
        name=found.name, fingerprint=found.fingerprint, state=Encoder.State.SERVING
    )


def _release(alive: set[str]) -> None:
    """Forget those that were retired: some 20 MB each."""
    global _configured  # noqa: PLW0603
    if set(_loaded) <= alive:
        return
    with _lock:
        for fingerprint in set(_loaded) - alive:
            del _loaded[fingerprint]
        if _configured and _configured.fingerprint not in alive:
            _configured = None


def _read(folder: Path) -> hashing.Encoder:
    try:
        return load_encoder(folder)
    except CheckpointError as error:
        raise SearchUnavailable(str(error)) from error
