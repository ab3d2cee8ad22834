"""The engine of one machine: each process maps the newest snapshot and searches it."""

from functools import cache
from typing import Any

import structlog
from django.core.signals import setting_changed
from django.db import connection
from django.dispatch import receiver

from hashing import Encoder, IndexFileError
from search.encoders import registry
from search.errors import SearchUnavailable
from search.gallery.differences import Difference, differences
from search.gallery.gallery import Gallery
from search.gallery.holder import Holder, Loaded
from search.gallery.on_disk import snapshots
from search.gallery.rows import Rows
from search.gallery.snapshot_gallery import SnapshotGallery
from search.models import Snapshot

log = structlog.get_logger()

# Name and curves of a snapshot, as the database has them: what is loaded is current
# while they are those of the newest.
Version = tuple[Any, ...]

_unreadable: set[str] = set()  # snapshots that this process found damaged


class EmbeddedEngine:
    """Searches codes in each process's own memory."""

    def gallery(self, fingerprint: str) -> SnapshotGallery:
        """Return what can be found now by the encoder with this fingerprint.

        Raises SearchUnavailable if no snapshot can be served.
        """
        gallery = galleries.get(fingerprint, version=_newest_version(fingerprint))
        if gallery is None:
            raise SearchUnavailable("no snapshot can be served; one will be built")
        return gallery

    def check(self) -> None:
        """Do nothing: there is no server that might not answer."""

    def keep_up(self) -> None:
        """Build the next snapshot if it is due."""
        snapshots.build_if_due()

    def prepare(self, encoder: Encoder) -> bool:
        """Build a snapshot of this encoder; False if another process is building."""
        return snapshots.build(encoder) is not None

    def recalibrate(self) -> Snapshot:
        """Fit the curves of the snapshot that serves. Raises SearchUnavailable."""
        return snapshots.recalibrate()

    def can_roll_back(self) -> bool:
        """Return whether a snapshot serves and there is one before it."""
        try:
            fingerprint = registry.serving().fingerprint
        except SearchUnavailable:
            return False
        return Snapshot.objects.serving(fingerprint)[1:].exists()

    def forget(self, fingerprint: str) -> None:
        """Delete the snapshots of a retired encoder."""
        Snapshot.objects.filter(encoder=fingerprint).delete()
        snapshots.sweep_if_free()

    def differences(
        self, gallery: Gallery, stored: Rows, *, after: int, last: int | None
    ) -> list[Difference]:
        """Compare what the gallery holds of some images with what is stored."""
        if not isinstance(gallery, SnapshotGallery):
            raise TypeError(f"{type(gallery).__name__} is not of this engine")
        return differences(gallery.held(after=after, last=last), stored)


def _load(
    fingerprint: str, held: SnapshotGallery | None
) -> Loaded[SnapshotGallery] | None:
    """Load the newest snapshot that can be read.

    One that is damaged is passed over, and marked, so that another is built.
    """
    rows = Snapshot.objects.serving(fingerprint)[: snapshots.SNAPSHOTS_KEPT]
    for snapshot in rows:
        if snapshot.name in _unreadable:
            continue
        if held is not None and held.name == snapshot.name:
            # What is newer cannot be read; or this one was calibrated again.
            curves = snapshots.curves_of(snapshot)
            return held.with_curves(curves), _version_of(snapshot)
        try:
            if snapshots.is_available(snapshot, wait=held is None):
                loaded = SnapshotGallery.of(snapshots.load(snapshot))
                return loaded, _version_of(snapshot)
        except SearchUnavailable as error:
            log.warning("not fetched", snapshot=snapshot.name, reason=str(error))
        except IndexFileError as error:
            log.error("snapshot is damaged", snapshot=snapshot.name, reason=str(error))
            _unreadable.add(snapshot.name)
            # Tells the builder; no row is left to update if it was pruned.
            Snapshot.objects.filter(pk=snapshot.pk).update(damaged=True)
    return None


galleries = Holder(_load)


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget what is loaded, and which snapshots were damaged."""
    galleries.reset()
    _unreadable.clear()


def _version_of(snapshot: Snapshot) -> Version | None:
    newest = Snapshot.objects.filter(pk=snapshot.pk).values_list("name", "curves")
    return _fetch_one(*newest.query.sql_with_params())


def _newest_version(fingerprint: str) -> Version | None:
    return _fetch_one(*_newest_statement(fingerprint))


def _fetch_one(statement: str, parameters: tuple[Any, ...]) -> Version | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: Version | None = cursor.fetchone()
        return None if row is None else (row[0], str(row[1]))


@cache
def _newest_statement(fingerprint: str) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL once: Django takes longer to write it than to run it."""
    newest = Snapshot.objects.serving(fingerprint).values_list("name", "curves")[:1]
    statement: tuple[str, tuple[Any, ...]] = newest.query.sql_with_params()
    return statement
