"""Published galleries on disk: build, publish, load, prune.

A snapshot is a folder that never changes. It is written, read back, and only then
entered in the database: nobody looks for a folder without a row, and whoever sees the
row can read the whole.
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
from search.gallery import golden_photos as golden
from search.gallery import shared
from search.gallery.calibration import Curves, calibrate
from search.gallery.reading import By, read_all
from search.gallery.rows import Rows
from search.gallery.snapshot_files import read_rows, write
from search.locks import try_lock
from search.models import Collection, Snapshot

# Seconds until another index is tried.
REFUSED_FOR = 600.0
_refused = 0.0

log = structlog.get_logger()

KEPT = 3
# Rebuilt when more products than this have changed since: the larger of the two.
DUE_CHANGES = 1000
DUE_SHARE = 0.01
# Seconds after which a host's copy that is no snapshot any more is nobody's.
UNUSED = 3600.0


@dataclass(frozen=True)
class LoadedSnapshot:
    """A snapshot in memory; its arrays are mapped from the files."""

    name: str
    encoder: str
    position: int
    as_of: datetime
    rows: Rows
    index: CodeIndex
    # From cosines to probabilities; None: as the encoder's card has it.
    curves: Curves | None = None


def is_due() -> bool:
    """Whether the next one should be built: by the changes, or since none can serve."""
    fingerprint = encoder().fingerprint
    current = Snapshot.objects.serving(fingerprint).first()
    if current is None:
        return True
    damaged = Snapshot.objects.filter(encoder=fingerprint, damaged=True)
    if damaged.filter(pk__gt=current.pk).exists() or _is_lost(current):
        return True
    if current.position == changes.position_now():
        return False  # an older transaction still runs: the next would be no newer
    changed = changes.since(changes.Position(current.position)).products
    return len(changed) > max(DUE_CHANGES, DUE_SHARE * current.images)


def build_if_due() -> Snapshot | None:
    """None too for some minutes after an index was refused: it would be again."""
    global _refused  # noqa: PLW0603
    if time.monotonic() < _refused or not is_due():
        return None
    try:
        return build()
    except RecallTooLow:
        _refused = time.monotonic() + REFUSED_FOR
        raise


def build(of: Encoder | None = None) -> Snapshot | None:
    """Build and publish the next; None if another process is at it.

    Of the encoder that serves, or of one that soon will.
    """
    with try_lock("snapshot") as is_held:
        if not is_held:
            return None
        sweep()
        now = of or encoder()
        # What changes from here on is either in the rows or seen again as a change.
        as_of, position = timezone.now(), changes.position_now()
        found = read_all(By.of(now))
        name = f"{as_of:%Y%m%dT%H%M%S}-{now.fingerprint}-{secrets.token_hex(3)}"
        found, index = write(
            found, settings.SNAPSHOTS_DIR / name, fingerprint=now.fingerprint
        )
        asked = golden.answers(found, index, now)
        calibration = calibrate(found, index, now.card.match, asked)
        if shared.is_in_use():
            shared.put(settings.SNAPSHOTS_DIR / name)
        snapshot = Snapshot.objects.create(
            name=name,
            encoder=now.fingerprint,
            position=position,
            images=len(found),
            as_of=as_of,
            kind=index.kind,
            recall=index.recall,
            curves=asdict(calibration.curves),
            calibration=calibration.report(),
        )
        log.info("snapshot published", snapshot=name, images=len(found))
        prune(now.fingerprint)
        return snapshot


def load(snapshot: Snapshot) -> LoadedSnapshot:
    """Map a published snapshot. Raises IndexFileError if it is not whole.

    A damaged copy of what hosts share is taken anew: SearchUnavailable if that fails.
    """
    folder = folder_of(snapshot)
    try:
        found, index = read_rows(folder, snapshot.encoder)
    except IndexFileError:
        if not shared.is_in_use():
            raise
        shutil.rmtree(folder, ignore_errors=True)
        shared.fetch(snapshot.name, folder)
        found, index = read_rows(folder, snapshot.encoder)
    if shared.is_in_use():  # a host without a builder sweeps by itself
        names = set(Snapshot.objects.values_list("name", flat=True))
        sweep_host(names, age=UNUSED)
    return LoadedSnapshot(
        name=snapshot.name,
        encoder=snapshot.encoder,
        position=snapshot.position,
        as_of=snapshot.as_of,
        rows=found,
        index=index,
        curves=curves_of(snapshot),
    )


def calibrate_again() -> Snapshot:
    """The snapshot that serves, its curve fitted anew; every process takes it over.

    Raises SearchUnavailable if none can be read.
    """
    now = encoder()
    snapshot = Snapshot.objects.serving(now.fingerprint).first()
    if snapshot is None:
        raise SearchUnavailable("no snapshot serves; build one first")
    try:
        loaded = load(snapshot)
    except IndexFileError as error:
        raise SearchUnavailable(str(error)) from error
    asked = golden.answers(loaded.rows, loaded.index, now)
    calibration = calibrate(loaded.rows, loaded.index, now.card.match, asked)
    snapshot.curves = asdict(calibration.curves)
    snapshot.calibration = calibration.report()
    snapshot.save(update_fields=["curves", "calibration"])
    return snapshot


def curves_of(snapshot: Snapshot | Collection) -> Curves | None:
    if not snapshot.curves:
        return None
    first, others = (
        tuple((cosine, share) for cosine, share in snapshot.curves[name])
        for name in ("first", "others")
    )
    return Curves(first, others)


@transaction.atomic
def roll_back(*, newest: str = "") -> Snapshot:
    """Take the newest out of service; returns the one that serves now.

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
    """On this host; where hosts share them, its copy, if it has one."""
    return Path(settings.SNAPSHOTS_DIR) / snapshot.name


def is_at_hand(snapshot: Snapshot, *, wait: bool) -> bool:
    """Whether it can be loaded. Raises SearchUnavailable, IndexFileError."""
    if not shared.is_in_use():
        return True
    return shared.is_at_hand(snapshot.name, folder_of(snapshot), wait=wait)


def _is_lost(snapshot: Snapshot) -> bool:
    if not shared.is_in_use():
        return not folder_of(snapshot).exists()
    try:
        return not shared.has(snapshot.name)
    except SearchUnavailable:
        return False  # not known; the next could not be put there either


def prune(fingerprint: str) -> None:
    """Keep its last that can serve, and no change that none of them needs."""
    kept = list(Snapshot.objects.serving(fingerprint)[:KEPT])
    # Those of another encoder stay: it may be the one to go back to.
    old = Snapshot.objects.filter(encoder=fingerprint).exclude(
        pk__in=[snapshot.pk for snapshot in kept]
    )
    old.delete()
    sweep()
    changes.forget()


def sweep_if_free() -> None:
    """As `sweep`; a builder that is at work sweeps by itself, now or next time."""
    with try_lock("snapshot") as is_held:
        if is_held:
            sweep()


def sweep() -> None:
    """Remove folders that are no snapshot: of killed builders, and pruned ones.

    Only under the builder's lock: one that is being built looks the same.
    """
    names = set(Snapshot.objects.values_list("name", flat=True))
    sweep_host(names)
    if shared.is_in_use():
        shared.sweep(names)


def sweep_host(names: set[str], *, age: float = 0.0) -> None:
    """The same on this host alone, of what is older than so many seconds."""
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
