"""Add an encoder, switch to it, switch back, and retire it."""

import shutil
import time
from pathlib import Path

import structlog
from django.db import transaction
from django.utils import timezone

from hashing import load_encoder
from search.encoders import filling, registry
from search.engines.engine import engine, forget
from search.errors import LosesGoldenQueries, Refused
from search.golden import report
from search.models import Encoder, ImageCode

log = structlog.get_logger()

# A builder at work has finished by then, even of ten million pictures.
PATIENCE_SECONDS = 300.0
DELETED_CODES = 5000  # in one statement


def add(folder: Path, *, name: str | None = None, pace: int = 0) -> Encoder:
    """Add a copy of the encoder in this folder, whose codes are then filled in.

    Raises CheckpointError if the folder holds none, Refused if the encoder is in use
    or its name is taken.
    """
    found = load_encoder(folder)
    name = name or found.name
    registry.keep_first()
    for row in registry.live():
        if row.fingerprint == found.fingerprint:
            raise Refused(f"{row.name} is this very encoder")
        if row.name == name:
            raise Refused(f"another encoder is called {name}; give this one --name")
    registry.copy(folder, found.fingerprint)
    row, _ = Encoder.objects.update_or_create(
        fingerprint=found.fingerprint,
        defaults={"name": name, "pace": pace, "state": Encoder.State.FILLING},
    )
    return row


def switch(name: str, *, accept_lost: bool = False) -> Encoder:
    """Let it serve from every process's next search on; return who served before.

    Its gallery is built first. Raises Refused unless it has a code of all that can be
    encoded, and LosesGoldenQueries if it would lose some, unless that is accepted.
    """
    row = _named(name)
    before = registry.keep_first()
    if row.pk == before.pk:
        raise Refused(f"{name} serves already")
    if waiting := filling.lacking(row).count():
        raise Refused(f"{name} has no code of {waiting} pictures yet: encode_missing")
    filling.verify(row)
    _build(row)
    if not accept_lost and (lost := report.lost_by_switch(row)):
        raise LosesGoldenQueries(name, [str(query) for query in lost])
    with transaction.atomic():
        # Locked, so that of two switches at once the second begins from the first.
        list(Encoder.objects.select_for_update().order_by("pk"))
        serving = Encoder.objects.filter(state=Encoder.State.SERVING)
        serving.update(state=Encoder.State.READY)
        Encoder.objects.filter(pk=row.pk).update(
            state=Encoder.State.SERVING, served=timezone.now()
        )
    log.info("encoder switched", before=before.name, now=name)
    return before


def previous() -> Encoder:
    """Return the encoder that served before. Raises Refused if there is none."""
    ready = Encoder.objects.filter(state=Encoder.State.READY)
    row = ready.filter(served__isnull=False).order_by("-served").first()
    if row is None:
        raise Refused("there is no encoder to go back to")
    return row


def retire(name: str) -> None:
    """Delete its codes, galleries and files.

    Raises Refused for the one that serves, SearchUnavailable while Milvus is
    unreachable. May be repeated: it deletes what an interrupted call left.
    """
    row = _named(name, retired=True)
    if row.state == Encoder.State.SERVING:
        raise Refused(f"{name} serves; switch to another encoder first")
    Encoder.objects.filter(pk=row.pk).update(state=Encoder.State.RETIRED)
    codes = ImageCode.objects.by(row.fingerprint)
    while some := list(codes.values_list("pk", flat=True)[:DELETED_CODES]):
        codes.filter(pk__in=some).delete()
    forget(row.fingerprint)
    shutil.rmtree(row.folder, ignore_errors=True)


def _named(name: str, *, retired: bool = False) -> Encoder:
    rows = Encoder.objects.all() if retired else Encoder.objects.live()
    row = rows.filter(name=name).order_by("-pk").first()
    if row is None:
        raise Refused(f"there is no encoder called {name}")
    return row


def _build(row: Encoder) -> None:
    """Build its gallery; wait for a builder that is at work."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not engine().prepare(registry.load(row)):
        if time.monotonic() > end:
            raise Refused("another gallery is being built; try again later")
        time.sleep(0.5)
