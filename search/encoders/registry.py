"""The registry of encoders: which are in use, which one serves, and their files loaded.

A row of Encoder says which one serves; without a row it is the one that ENCODER names.
The rows are read each time, so that every process sees a switch at its next search;
loaded encoders stay loaded, so that a search ends with the encoder it began with.
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
    """Return the encoder that serves, loaded once a process and never before a fork.

    Raises SearchUnavailable if its files are missing or damaged.
    """
    return load(serving())


def serving() -> Encoder:
    """Return the row of the encoder that serves; unsaved where none was added."""
    return live()[0]


def live() -> list[Encoder]:
    """Return the rows of all encoders in use, the one that serves first.

    Each of them is to have a code of every picture.
    """
    rows = list(Encoder.objects.raw(*_live()))
    serves = [row for row in rows if row.state == Encoder.State.SERVING]
    if serves:
        _release({row.fingerprint for row in rows})
    return [*(serves or [_first()]), *(row for row in rows if row not in serves)]


@cache
def _live() -> tuple[str, tuple[Any, ...]]:
    """Return the SQL once: Django takes longer to write it than to run it."""
    made: tuple[str, tuple[Any, ...]] = Encoder.objects.live().query.sql_with_params()
    return made


def live_and_loaded() -> list[hashing.Encoder]:
    """Load the encoders in use; leave out damaged ones, except the one that serves."""
    first, *others = live()
    loaded = [load(first)]
    for row in others:
        try:
            loaded.append(load(row))
        except SearchUnavailable as error:
            log.error("encoder cannot be used", encoder=row.name, reason=str(error))
    return loaded


def load(row: Encoder) -> hashing.Encoder:
    """Load its files. Raises SearchUnavailable if they are missing or damaged."""
    with _lock:
        if row.fingerprint not in _loaded:
            found = _read(row.folder)
            if found.fingerprint != row.fingerprint:
                raise SearchUnavailable(f"{row.folder} holds {found.fingerprint}")
            _loaded[row.fingerprint] = found
        return _loaded[row.fingerprint]


def by_fingerprint(fingerprint: str) -> hashing.Encoder:
    """Return an encoder that serves or served a moment ago.

    Raises ForeignEncoder if it is not in use, SearchUnavailable.
    """
    if found := _loaded.get(fingerprint):
        return found
    for row in live():
        if row.fingerprint == fingerprint:
            return load(row)
    raise ForeignEncoder(fingerprint)


def network_of(encoder: hashing.Encoder) -> str:
    """Return the network's checksum: encoders that share it make equal embeddings."""
    return str(encoder.card.contents["checksums"]["network.onnx"])


def keep_first() -> Encoder:
    """Register the encoder that ENCODER names, if none serves, and copy its files.

    It then goes on serving when an update brings another one in its place.
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
    """Copy the files into place as a whole, unless they are there already."""
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
    """Forget loaded encoders, so that another one can be configured."""
    global _configured  # noqa: PLW0603
    _configured = None
    _loaded.clear()


@receiver(setting_changed)
def _reset_if_another(*, setting: str, **kwargs: object) -> None:
    if setting in {"ENCODER", "ENCODERS_DIR"}:
        reset()


def _first() -> Encoder:
    """Return an unsaved row of the encoder ENCODER names. Raises SearchUnavailable."""
    global _configured  # noqa: PLW0603
    with _lock:
        if _configured is None:
            _configured = _read(Path(settings.ENCODER))
        found = _loaded.setdefault(_configured.fingerprint, _configured)
    return Encoder(
        name=found.name, fingerprint=found.fingerprint, state=Encoder.State.SERVING
    )


def _release(in_use: set[str]) -> None:
    """Forget retired encoders: about 20 MB each."""
    global _configured  # noqa: PLW0603
    if set(_loaded) <= in_use:
        return
    with _lock:
        for fingerprint in set(_loaded) - in_use:
            del _loaded[fingerprint]
        if _configured and _configured.fingerprint not in in_use:
            _configured = None


def _read(folder: Path) -> hashing.Encoder:
    try:
        return load_encoder(folder)
    except CheckpointError as error:
        raise SearchUnavailable(str(error)) from error
