"""A snapshot overlaid by what changed since: what can be found at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Self

import numpy as np

from hashing import CodeIndex
from search.changes import Position
from search.encoders.encoded_query import EncodedQuery
from search.errors import ForeignEncoder
from search.gallery.calibration import Curves
from search.gallery.columns import Ints
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.neighbours import Shortlist
from search.gallery.on_disk.snapshots import LoadedSnapshot
from search.gallery.overlay import Overlaid, Overlay, rows_of_products
from search.gallery.reading import CodeShape, read_products
from search.gallery.rows import Int64s, Rows, merged, same


@dataclass(frozen=True)
class IndexedRows:
    """Rows of pictures with an index of their codes, row by row."""

    rows: Rows

    @cached_property
    def index(self) -> CodeIndex:
        """Built when first searched: rows that only replace others need none."""
        return CodeIndex.build(self.rows.image_id, self.rows.codes)

    def __len__(self) -> int:
        return len(self.rows)

    def replaced(self, products: Int64s, current: Self) -> Self:
        """Return the rows with `current` in place of these products' rows."""
        is_theirs = np.isin(self.rows.product_id, products)
        if same(self.rows.take(np.flatnonzero(is_theirs)), current.rows):
            return self
        untouched = self.rows.take(np.flatnonzero(~is_theirs))
        return type(self)(merged(untouched, current.rows))


@dataclass(frozen=True)
class SnapshotGallery(Overlaid):
    """A Gallery of one snapshot in this process's memory."""

    snapshot: LoadedSnapshot
    overlay: Overlay[IndexedRows]
    by_product: Ints  # the snapshot's rows, sorted by product id

    @classmethod
    def of(cls, snapshot: LoadedSnapshot) -> Self:
        """Return the snapshot alone; `refreshed` brings it up to date."""
        n = len(snapshot.rows)
        no_rows = IndexedRows(snapshot.rows.take(np.empty(0, np.int64)))
        overlay = Overlay.empty(n, Position(snapshot.position), no_rows)
        by_product = np.argsort(snapshot.rows.product_id, kind="stable")
        return cls(snapshot, overlay, by_product.astype(np.min_scalar_type(-n)))

    def __len__(self) -> int:
        """Return how many pictures can be found."""
        return self.overlay.n_live + len(self.overlay.table)

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
    def curves(self) -> Curves | None:
        return self.snapshot.curves

    def refreshed(self) -> Self:
        """Return the gallery with every change committed before this call."""
        overlay = self.overlay.refreshed(self._base_rows, self._read)
        return replace(self, overlay=overlay)

    def changed(self, products: Sequence[int], current: Rows) -> Self:
        """Return the gallery with these products' rows as they are in `current`."""
        overlay = self.overlay.changed(self._base_rows, products, IndexedRows(current))
        return replace(self, overlay=overlay)

    def with_curves(self, curves: Curves | None) -> Self:
        return replace(self, snapshot=replace(self.snapshot, curves=curves))

    def search(
        self, query: EncodedQuery, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist:
        """Return the k nearest pictures that the filters allow: exact (see Gallery).

        Without filters, a snapshot with an index of kind `ivf` has the recall it was
        built with.
        """
        if query.encoder != self.snapshot.encoder:
            raise ForeignEncoder(query.encoder)
        base, overlay, codes = self.snapshot, self.overlay, query.codes
        (base_hits,) = base.index.search_rows(
            codes,
            k,
            allowed=filters.allowed(base.rows),
            live=overlay.live if overlay.is_masking else None,
        )
        changed = overlay.table
        (changed_hits,) = changed.index.search_rows(
            codes, k, allowed=filters.allowed(changed.rows)
        )
        return Shortlist.of([(base.rows, base_hits), (changed.rows, changed_hits)], k)

    def held(self, *, after: int, last: int | None) -> Rows:
        """Return the rows of the images from `after` (exclusive) up to `last`."""

        def within(rows: Rows) -> np.ndarray:
            upto = np.iinfo(np.int64).max if last is None else last
            return (rows.image_id > after) & (rows.image_id <= upto)

        base, changed = self.snapshot.rows, self.overlay.table.rows
        return merged(
            base.take(np.flatnonzero(within(base) & self.overlay.live)),
            changed.take(np.flatnonzero(within(changed))),
        )

    def _base_rows(self, products: Int64s) -> Int64s:
        return rows_of_products(
            self.snapshot.rows.product_id, self.by_product, products
        )

    def _read(self, products: Sequence[int]) -> IndexedRows:
        rows = self.snapshot.rows
        by = CodeShape(self.encoder, rows.codes.shape[1] * 8, rows.embeddings.shape[1])
        return IndexedRows(read_products(by, products))
