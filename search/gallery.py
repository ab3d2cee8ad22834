"""What can be found now: the snapshot that serves, overlaid by what changed since.

A change is a product that was touched. Its rows in the snapshot are masked, and its
rows as they are now are held beside. Every search first asks the database for new
changes, so that an answer is as fresh as the last commit.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Protocol, Self

import numpy as np
import structlog
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from hashing import CodeIndex, IndexFileError
from search import changes, snapshots
from search.calibration import Curves
from search.changes import Position
from search.encoders import serving
from search.errors import ForeignEncoder, SearchUnavailable
from search.filters import NO_FILTERS, Filters
from search.models import Snapshot
from search.neighbours import Shortlist
from search.query import Query
from search.reading import By, read_products
from search.rows import Bools, Int64s, Ints, Rows, merged, same
from search.snapshots import LoadedSnapshot

log = structlog.get_logger()


class Findable(Protocol):
    """A gallery as of the last commit, whichever engine holds its codes."""

    @property
    def name(self) -> str: ...
    @property
    def encoder(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def position(self) -> Position: ...
    @property
    def changed_products(self) -> frozenset[int]: ...
    @property
    def pending(self) -> int: ...
    @property
    def curves(self) -> Curves | None: ...
    def __len__(self) -> int: ...
    def search(
        self, query: Query, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist: ...


@dataclass(frozen=True)
class Overlay:
    """What changed since the snapshot, up to a position in the changes."""

    position: Position
    products: frozenset[int]
    live: Bools  # which rows of the snapshot still hold
    n_live: int
    rows: Rows
    index: CodeIndex


@dataclass(frozen=True)
class Gallery:
    """Immutable: a search that has begun is not disturbed by the next change."""

    snapshot: LoadedSnapshot
    overlay: Overlay
    by_product: Ints  # the snapshot's rows, ordered by product id

    @classmethod
    def of(cls, snapshot: LoadedSnapshot) -> Self:
        """The snapshot alone; `refreshed` brings it up to now."""
        n = len(snapshot.rows)
        nothing = snapshot.rows.take(np.empty(0, np.int64))
        overlay = Overlay(
            position=Position(snapshot.position),
            products=frozenset(),
            live=np.ones(n, np.bool_),
            n_live=n,
            rows=nothing,
            index=CodeIndex.build(nothing.image_id, nothing.codes),
        )
        by_product = np.argsort(snapshot.rows.product_id, kind="stable")
        return cls(snapshot, overlay, by_product.astype(np.min_scalar_type(-n)))

    def __len__(self) -> int:
        """How many pictures can be found."""
        return self.overlay.n_live + len(self.overlay.rows)

    @property
    def name(self) -> str:
        return self.snapshot.name

    @property
    def encoder(self) -> str:
        return self.snapshot.encoder

    @property
    def as_of(self) -> datetime:
        return self.snapshot.as_of

    @property
    def position(self) -> Position:
        return self.overlay.position

    @property
    def changed_products(self) -> frozenset[int]:
        return self.overlay.products

    @property
    def curves(self) -> Curves | None:
        return self.snapshot.curves

    @property
    def pending(self) -> int:
        """How many products changed since the snapshot."""
        return len(self.overlay.products)

    def refreshed(self) -> "Gallery":
        """With every change committed before this call."""
        seen = changes.since(self.overlay.position)
        if not seen.products:
            return self._at(seen.position)
        rows = self.snapshot.rows
        by = By(self.encoder, rows.codes.shape[1] * 8, rows.embeddings.shape[1])
        now = read_products(by, sorted(seen.products))
        if self._holds(seen.products, now):
            return self._at(seen.position)
        return self.changed(seen.products, now)._at(seen.position)

    def changed(self, products: Set[int], now: Rows) -> Self:
        """With these products' rows as they are `now`, instead of what they were."""
        wanted = np.fromiter(products, np.int64)
        untouched = np.flatnonzero(~np.isin(self.overlay.rows.product_id, wanted))
        beside = merged(self.overlay.rows.take(untouched), now)
        live = self.overlay.live.copy()
        live[self._rows_of(wanted)] = False
        overlay = replace(
            self.overlay,
            products=self.overlay.products | products,
            live=live,
            n_live=int(np.count_nonzero(live)),
            rows=beside,
            index=CodeIndex.build(beside.image_id, beside.codes),
        )
        return replace(self, overlay=overlay)

    def search(
        self, query: Query, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist:
        """The k nearest pictures among the allowed: exact, whatever is allowed.

        By distance, then image id; fewer than k only where fewer are allowed. Without
        filters, a snapshot with an index of kind `ivf` has the recall it was built
        with. Raises ForeignEncoder for a query of another encoder.
        """
        if query.encoder != self.snapshot.encoder:
            raise ForeignEncoder(query.encoder)
        base, overlay, codes = self.snapshot, self.overlay, query.codes
        (found,) = base.index.search_rows(
            codes,
            k,
            allowed=filters.allowed(base.rows),
            live=overlay.live if overlay.n_live < len(base.rows) else None,
        )
        (beside,) = overlay.index.search_rows(
            codes, k, allowed=filters.allowed(overlay.rows)
        )
        both = [(base.rows, found), (overlay.rows, beside)]
        return Shortlist.of(both, k)

    def _holds(self, products: Set[int], now: Rows) -> bool:
        """Whether these products are held as they are `now`: a sweep reads them again
        and again (search.verification), and the overlay need not be made anew.
        """
        if not products <= self.overlay.products:
            return False
        wanted = np.fromiter(products, np.int64)
        ours = np.flatnonzero(np.isin(self.overlay.rows.product_id, wanted))
        return same(self.overlay.rows.take(ours), now)

    def with_curves(self, curves: Curves | None) -> Self:
        return replace(self, snapshot=replace(self.snapshot, curves=curves))

    def _at(self, position: Position) -> Self:
        return replace(self, overlay=replace(self.overlay, position=position))

    def _rows_of(self, products: Int64s) -> Int64s:
        """The snapshot's rows of these products."""
        column, order = self.snapshot.rows.product_id, self.by_product
        starts = np.searchsorted(column, products, side="left", sorter=order)
        ends = np.searchsorted(column, products, side="right", sorter=order)
        found = [np.arange(*bounds) for bounds in zip(starts, ends, strict=True)]
        rows: Int64s = order[np.concatenate(found)].astype(np.int64)
        return rows


# Held for the moment that changes are read and put in place; and, by the one thread
# that does it, while a snapshot is loaded. Others go on with the old one meanwhile.
_lock = Lock()
_loading = Lock()
_current: dict[str, Gallery] = {}  # by encoder, the last asked for at the end
_failed: set[str] = set()


def current(of: str | None = None) -> Findable:
    """The gallery as of the last commit, for this process.

    Of the encoder with this fingerprint, which may have served until a moment ago;
    without, of the one that serves. Raises SearchUnavailable if none can be served.
    """
    fingerprint = of or serving().fingerprint
    if settings.SEARCH_ENGINE == "milvus":
        from search import distributed  # its client is an extra

        return distributed.current(fingerprint)
    return embedded(fingerprint)


def embedded(fingerprint: str) -> Gallery:
    """From a snapshot. Raises SearchUnavailable if none can be served."""
    newest = list(Snapshot.objects.serving(fingerprint)[: snapshots.KEPT])
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
    _failed.clear()


def _bring_in(fingerprint: str, newest: Sequence[Snapshot]) -> None:
    """Make the newest that can be read the current one of this encoder.

    One thread loads. Meanwhile others go on with what is there, if anything is.
    """
    wanted = [each for each in newest if each.name not in _failed]
    if _is_current(fingerprint, wanted):
        return
    may_go_on = bool(wanted) and fingerprint in _current
    if not _loading.acquire(blocking=not may_go_on):
        return
    try:
        if not _is_current(fingerprint, wanted):  # nor did another thread load it
            _put(fingerprint, _first_readable(fingerprint, wanted))
    finally:
        _loading.release()


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
