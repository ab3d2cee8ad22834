"""A gallery whose codes are in Milvus, overlaid by what changed since.

A collection is right up to a position in the changes, as a snapshot is. What changed
since is masked there and held here, so that a search never waits for Milvus to have
heard of a change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import numpy as np

import hashing
from search.changes import Position
from search.encoders import registry
from search.encoders.encoded_query import EncodedQuery
from search.engines.milvus import milvus_client
from search.errors import ForeignEncoder
from search.gallery.calibration import Curves
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.neighbours import Shortlist
from search.gallery.on_disk.snapshots import LoadedSnapshot, curves_of
from search.gallery.overlay import Overlaid, Overlay
from search.gallery.reading import CodeShape, read_of_images, read_products
from search.gallery.rows import Int64s, Rows, merged
from search.gallery.snapshot_gallery import IndexedRows, SnapshotGallery
from search.models import Collection


@dataclass(frozen=True)
class MilvusGallery(Overlaid):
    """A Gallery of one collection in Milvus."""

    collection: Collection
    made_by: hashing.Encoder
    overlay: Overlay[IndexedRows]

    @classmethod
    def of(cls, collection: Collection) -> Self:
        """Return the collection alone; `refreshed` brings it up to date."""
        made_by = registry.by_fingerprint(collection.encoder)
        no_rows = IndexedRows(read_products(CodeShape.of(made_by), []))
        position = Position(collection.position)
        return cls(collection, made_by, Overlay.empty(0, position, no_rows))

    def __len__(self) -> int:
        """Return how many pictures there were when Milvus was brought up to date."""
        return self.collection.images

    @property
    def name(self) -> str:
        return self.collection.name

    @property
    def encoder(self) -> str:
        return self.collection.encoder

    @property
    def as_of(self) -> datetime:
        return self.collection.as_of

    @property
    def curves(self) -> Curves | None:
        return curves_of(self.collection)

    def with_collection(self, collection: Collection) -> Self:
        """Return the gallery with another row of the same collection and position."""
        return replace(self, collection=collection)

    def refreshed(self) -> Self:
        """Return the gallery with every change committed before this call."""
        return replace(self, overlay=self.overlay.refreshed(_no_base_rows, self._read))

    def search(
        self, query: EncodedQuery, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist:
        """Return the k nearest pictures that the filters allow (see Gallery).

        Milvus says which pictures to look at, the database what they are: one that it
        no longer holds, or holds otherwise, is not answered as it was. Raises
        ForeignEncoder, SearchUnavailable.
        """
        if query.encoder != self.encoder:
            raise ForeignEncoder(query.encoder)
        image_ids = milvus_client.nearest(
            self.name,
            query.codes,
            k,
            filters=filters,
            without=self.changed_products,
            moment=self.collection.moment,
        )
        nearest = read_of_images(CodeShape.of(self.made_by), image_ids)
        changed = np.fromiter(self.changed_products, np.int64)
        unchanged = np.flatnonzero(~np.isin(nearest.product_id, changed))
        candidates = merged(nearest.take(unchanged), self.overlay.table.rows)
        return self._ranked_by_hand(candidates).search(query, k, filters=filters)

    def _ranked_by_hand(self, candidates: Rows) -> SnapshotGallery:
        """Return a gallery of these rows alone, which ranks and filters them."""
        indexed = IndexedRows(candidates)
        base = LoadedSnapshot(
            self.name,
            self.encoder,
            self.position.upto,
            self.as_of,
            indexed.rows,
            indexed.index,
        )
        return SnapshotGallery.of(base)

    def _read(self, products: Sequence[int]) -> IndexedRows:
        return IndexedRows(read_products(CodeShape.of(self.made_by), products))


def _no_base_rows(products: Int64s) -> Int64s:
    """Return no rows: those of the base are masked in Milvus."""
    return np.empty(0, np.int64)
