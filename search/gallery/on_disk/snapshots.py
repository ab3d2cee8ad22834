"""Snapshots, published galleries on disk: build, publish, load, prune.

A snapshot is a folder that never changes. It is written, read back, and only then
entered in the database: a folder without a row is never read, and whoever sees the row
can read the whole folder.
"""

import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hashing import CodeIndex, Encoder, IndexFileError, RecallTooLow
from search import changes
from search.encoders.registry import encoder
from search.errors import NewerSnapshot, SearchUnavailable
from search.gallery import golden_photos
from search.gallery.calibration import Curves, calibrate
from search.gallery.on_disk import shared
from search.gallery.on_disk.snapshot_files import read_rows, write
from search.gallery.reading import CodeShape, read_all
from search.gallery.rows import Rows
from search.locks import try_lock
from search.models import Collection, Snapshot

# After an index was refused, the next build waits for so long.
REFUSED_SECONDS = 600.0
_refused_until = 0.0

log = structlog.get_logger()

SNAPSHOTS_KEPT = 3
# The next is due when more products have changed than the larger of the two allows.
DUE_CHANGES = 1000
DUE_SHARE = 0.01
# A host removes its copy of a snapshot that is gone after so long.
UNUSED_SECONDS = 3600.0


@dataclass(frozen=True)
class LoadedSnapshot:
    """A snapshot in memory; its arrays are mapped from the files."""

    name: str
    encoder: str
    position: int
    as_of: datetime
    rows: Rows
    index: CodeIndex
    # From cosines to probabilities; None: those of the encoder's card.
    curves: Curves | None = None


def is_due() -> bool:
    """Return whether to build the next: many changes, or no snapshot that can serve."""
    fingerprint = encoder().fingerprint
    current = Snapshot.objects.serving(fingerprint).first()
    if current is None:
        return True
    damaged = Snapshot.objects.filter(encoder=fingerprint, damaged=True)
    if damaged.filter(pk__gt=current.pk).exists() or _is_lost(current):
        return True
    if current.position == changes.current_position():
        return False  # an older transaction is running: the next would be no newer
    changed = changes.since(changes.Position(current.position)).products
    return len(changed) > max(DUE_CHANGES, DUE_SHARE * current.images)


def build_if_due() -> Snapshot | None:
    """Build the next if it is due; None if not, or if an index was refused lately."""
    global _refused_until  # noqa: PLW0603
    if time.monotonic() < _refused_until or not is_due():
        return None
    try:
        return build()
    except RecallTooLow:
        _refused_until = time.monotonic() + REFUSED_SECONDS
        raise


def build(by: Encoder | None = None) -> Snapshot | None:
    """Build and publish the next; None if another process is building.

    by: the encoder whose codes it holds; without, the one that serves.
    """
    with try_lock("snapshot") as is_held:
        if not is_held:
            return None
        sweep()
        made_by = by or encoder()
        # What changes from here on is either in the rows or read again as a change.
        as_of, position = timezone.now(), changes.current_position()
        rows = read_all(CodeShape.of(made_by))
        name = f"{as_of:%Y%m%dT%H%M%S}-{made_by.fingerprint}-{secrets.token_hex(3)}"
        rows, index = write(
            rows, settings.SNAPSHOTS_DIR / name, fingerprint=made_by.fingerprint
        )
        photos = golden_photos.answers(rows, index, made_by)
        calibration = calibrate(rows, index, made_by.card.match_curve, photos)
        if shared.is_in_use():
            shared.put(settings.SNAPSHOTS_DIR / name)
        snapshot = Snapshot.objects.create(
            name=name,
            encoder=made_by.fingerprint,
            position=position,
            images=len(rows),
            as_of=as_of,
            kind=index.kind,
            recall=index.recall,
            curves=asdict(calibration.curves),
            calibration=calibration.report(),
        )
        log.info("snapshot published", snapshot=name, images=len(rows))
        prune(made_by.fingerprint)
        return snapshot


def load(snapshot: Snapshot) -> LoadedSnapshot:
    """Map a published snapshot. Raises IndexFileError if it is not whole.

    A damaged copy of a shared snapshot is downloaded again; raises SearchUnavailable
    if that fails.
    """
    folder = folder_of(snapshot)
    try:
        rows, index = read_rows(folder, snapshot.encoder)
    except IndexFileError:
        if not shared.is_in_use():
            raise
        shutil.rmtree(folder, ignore_errors=True)
        shared.fetch(snapshot.name, folder)
        rows, index = read_rows(folder, snapshot.encoder)
    if shared.is_in_use():  # a host without a builder sweeps by itself
        names = set(Snapshot.objects.values_list("name", flat=True))
        sweep_host(names, age=UNUSED_SECONDS)
    return LoadedSnapshot(
        name=snapshot.name,
        encoder=snapshot.encoder,
        position=snapshot.position,
        as_of=snapshot.as_of,
        rows=rows,
        index=index,
        curves=curves_of(snapshot),
    )


def recalibrate() -> Snapshot:
    """Fit the curves of the snapshot that serves; every process reads them.

    Raises SearchUnavailable if no snapshot can be read.
    """
    made_by = encoder()
    snapshot = Snapshot.objects.serving(made_by.fingerprint).first()
    if snapshot is None:
        raise SearchUnavailable("no snapshot serves; build one first")
    try:
        loaded = load(snapshot)
    except IndexFileError as error:
        raise SearchUnavailable(str(error)) from error
    photos = golden_photos.answers(loaded.rows, loaded.index, made_by)
    calibration = calibrate(loaded.rows, loaded.index, made_by.card.match_curve, photos)
    snapshot.curves = asdict(calibration.curves)
    snapshot.calibration = calibration.report()
    snapshot.save(update_fields=["curves", "calibration"])
    return snapshot


def curves_of(snapshot: Snapshot | Collection) -> Curves | None:
    """Return its fitted curves; None where the encoder's card decides."""
    if not snapshot.curves:
        return None
    first, others = (
        tuple((cosine, share) for cosine, share in snapshot.curves[name])
        for name in ("first", "others")
    )
    return Curves(first, others)


@transaction.atomic
def roll_back(*, newest: str = "") -> Snapshot:
    """Take the newest out of service, and return the one before it, which serves.

    newest: its name, where the caller has looked at it before.
    Raises NewerSnapshot if that is the newest no more, Snapshot.DoesNotExist if there
    is none before it; then nothing changes.
    """
    serving = Snapshot.objects.serving(encoder().fingerprint)
    rows = list(serving.select_for_update()[:2])
    if newest and rows and rows[0].name != newest:
        raise NewerSnapshot(rows[0].name)
    if not rows[1:]:
        raise Snapshot.DoesNotExist("no snapshot before the newest")
    Snapshot.objects.filter(pk=rows[0].pk).update(withdrawn=True)
    return rows[1]


def folder_of(snapshot: Snapshot) -> Path:
    """Return its folder on this host, which may not have a copy yet."""
    return Path(settings.SNAPSHOTS_DIR) / snapshot.name


def is_available(snapshot: Snapshot, *, wait: bool) -> bool:
    """Return whether this host can load it.

    Raises SearchUnavailable, IndexFileError.
    """
    if not shared.is_in_use():
        return True
    return shared.is_available(snapshot.name, folder_of(snapshot), wait=wait)


def _is_lost(snapshot: Snapshot) -> bool:
    if not shared.is_in_use():
        return not folder_of(snapshot).exists()
    try:
        return not shared.has(snapshot.name)
    except SearchUnavailable:
        return False  # unknown; the next could not be uploaded either


def prune(fingerprint: str) -> None:
    """Delete all but the last snapshots of an encoder, and changes none needs."""
    kept = list(Snapshot.objects.serving(fingerprint)[:SNAPSHOTS_KEPT])
    # Those of another encoder stay: it may be the one to go back to.
    old = Snapshot.objects.filter(encoder=fingerprint).exclude(
        pk__in=[snapshot.pk for snapshot in kept]
    )
    old.delete()
    sweep()
    changes.forget()


def sweep_if_free() -> None:
    """Sweep unless a builder is at work, which sweeps by itself."""
    with try_lock("snapshot") as is_held:
        if is_held:
            sweep()


def sweep() -> None:
    """Remove folders without a row: those of killed builders and of pruned snapshots.

    Call only under the builder's lock: one that is being built looks the same.
    """
    names = set(Snapshot.objects.values_list("name", flat=True))
    sweep_host(names)
    if shared.is_in_use():
        shared.sweep(names)


def sweep_host(names: set[str], *, age: float = 0.0) -> None:
    """Sweep this host's folder alone.

    age: seconds since the last write below which a folder is left.
    """
    folder = Path(settings.SNAPSHOTS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        is_old = path.stat().st_mtime <= time.time() - age
        # What is being fetched belongs to one of them.
        if is_old and shared.name_of(path) not in names:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
