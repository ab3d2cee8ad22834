"""The gallery whose codes are in Milvus, overlaid by what changed since.

As with a snapshot, so with a collection: it is right up to a position in the changes,
and what changed since is masked there and held here. So the one rule holds for both,
and a search never waits for Milvus to have heard of a change.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Self

import numpy as np
from django.core.signals import setting_changed
from django.dispatch import receiver

import hashing
from hashing import CodeIndex
from search import changes
from search.answers.query import Query
from search.changes import Position
from search.encoders import registry
from search.engines.milvus import milvus_client
from search.errors import ForeignEncoder, SearchUnavailable
from search.gallery.calibration import Curves
from search.gallery.filters import NO_FILTERS, Filters
from search.gallery.neighbours import Shortlist
from search.gallery.overlay import Gallery
from search.gallery.reading import By, read_of_images, read_products
from search.gallery.rows import Rows, merged
from search.gallery.snapshots import LoadedSnapshot, curves_of
from search.models import Collection


@dataclass(frozen=True)
class DistributedGallery:
    """Immutable, as the other one. rows: of the products that changed, as they are."""

    collection: Collection
    made_by: hashing.Encoder
    position: Position
    changed_products: frozenset[int]
    rows: Rows

    @classmethod
    def of(cls, collection: Collection) -> Self:
        """The collection alone; `refreshed` brings it up to now."""
        made_by = registry.by_fingerprint(collection.encoder)
        nothing = read_products(By.of(made_by), [])
        position = Position(collection.position)
        return cls(collection, made_by, position, frozenset(), nothing)

    @property
    def encoder(self) -> str:
        return self.collection.encoder

    @property
    def name(self) -> str:
        return self.collection.name

    @property
    def as_of(self) -> datetime:
        return self.collection.as_of

    @property
    def curves(self) -> Curves | None:
        return curves_of(self.collection)

    @property
    def pending(self) -> int:
        """How many products changed since Milvus was brought up to date."""
        return len(self.changed_products)

    def __len__(self) -> int:
        """How many pictures could be found then."""
        return self.collection.images

    def refreshed(self) -> Self:
        """With every change committed before this call."""
        seen = changes.since(self.position)
        now = replace(self, position=seen.position)
        if not seen.products:
            return now
        wanted = np.fromiter(seen.products, np.int64)
        untouched = np.flatnonzero(~np.isin(self.rows.product_id, wanted))
        read = read_products(By.of(self.made_by), sorted(seen.products))
        return replace(
            now,
            changed_products=self.changed_products | seen.products,
            rows=merged(self.rows.take(untouched), read),
        )

    def search(
        self, query: Query, k: int, *, filters: Filters = NO_FILTERS
    ) -> Shortlist:
        """As Gallery.search; raises SearchUnavailable too.

        Milvus says which pictures to look at, the database what they are: one that it
        does not hold any more, or holds otherwise, is not answered as it was.
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
        proposed = read_of_images(By.of(self.made_by), image_ids)
        changed = np.fromiter(self.changed_products, np.int64)
        unchanged = np.flatnonzero(~np.isin(proposed.product_id, changed))
        looked_at = merged(proposed.take(unchanged), self.rows)
        return self._alone(looked_at).search(query, k, filters=filters)

    def _alone(self, looked_at: Rows) -> Gallery:
        """A gallery of these rows, which knows how to rank them."""
        index = CodeIndex.build(looked_at.image_id, looked_at.codes)
        base = LoadedSnapshot(
            self.name, self.encoder, self.position.upto, self.as_of, looked_at, index
        )
        return Gallery.of(base)


# Held for the moment that changes are read and put in place.
_lock = Lock()
_current: dict[str, DistributedGallery] = {}


def current(fingerprint: str) -> DistributedGallery:
    """As gallery.current, of the encoder with this fingerprint."""
    with _lock:
        while True:
            collection = _collection(fingerprint)
            held = _current.get(fingerprint)
            if held is None or held.collection.position != collection.position:
                held = DistributedGallery.of(collection)
            held = replace(held, collection=collection).refreshed()
            # Changes are forgotten once a collection has them: was it that one still?
            if _collection(fingerprint).position == collection.position:
                break
        _current.pop(fingerprint, None)
        _current[fingerprint] = held
        if len(_current) > 2:
            del _current[next(iter(_current))]
        return held


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget what is held."""
    _current.clear()


def _collection(fingerprint: str) -> Collection:
    found = Collection.objects.filter(encoder=fingerprint).first()
    if found is None:
        raise SearchUnavailable("Milvus does not hold this shop yet: sync_engine")
    return found
