"""What can be found now: the snapshot that serves, overlaid by what changed since.

A change is a product that was touched. Its rows in the snapshot are masked, and its
rows as they are now are held beside. Every search first asks the database for new
changes, so that an answer is as fresh as the last commit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Self

import numpy as np
import numpy.typing as npt
import structlog
from django.core.signals import setting_changed
from django.dispatch import receiver

from hashing import Allowed, CodeIndex, Codes, IndexFileError
from search import changes, snapshots
from search.encoders import serving
from search.errors import ForeignEncoder, SearchUnavailable
from search.filters import NO_FILTERS, Filters
from search.models import Snapshot
from search.query import Query
from search.rows import Bools, Int64s, Rows, merged, read_products
from search.snapshots import LoadedSnapshot

log = structlog.get_logger()

Weights = npt.NDArray[np.float32]  # (dim,)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A picture near the query: bits that differ, the cosine of the embeddings, its
    rank's score, and the columns of its product that filters read.
    """

    image_id: int
    product_id: int
    distance: int
    cosine: float
    score: float
    category_id: int
    price: int  # hundredths of the shop's currency
    in_stock: bool
    brand: str
    colour: str


@dataclass(frozen=True)
class Overlay:
    """What changed since the snapshot, up to a position in the changes."""

    position: int
    seen: frozenset[int]
    products: frozenset[int]
    live: Bools  # which rows of the snapshot still hold
    rows: Rows
    index: CodeIndex


@dataclass(frozen=True)
class Gallery:
    """Immutable: a search that has begun is not disturbed by the next change."""

    snapshot: LoadedSnapshot
    overlay: Overlay
    by_product: Int64s  # the snapshot's rows, ordered by product id

    @classmethod
    def of(cls, snapshot: LoadedSnapshot) -> Self:
        """The snapshot alone; `refreshed` brings it up to now."""
        nothing = snapshot.rows.take(np.zeros(len(snapshot.rows), np.bool_))
        overlay = Overlay(
            position=snapshot.position,
            seen=frozenset(),
            products=frozenset(),
            live=np.ones(len(snapshot.rows), np.bool_),
            rows=nothing,
            index=CodeIndex.build(nothing.image_id, nothing.codes),
        )
        by_product = np.argsort(snapshot.rows.product_id, kind="stable")
        return cls(snapshot, overlay, by_product)

    def __len__(self) -> int:
        """How many pictures can be found."""
        return int(self.overlay.live.sum()) + len(self.overlay.rows)

    @property
    def pending(self) -> int:
        """How many products changed since the snapshot."""
        return len(self.overlay.products)

    def refreshed(self) -> "Gallery":
        """With every change committed before this call."""
        seen = changes.since(self.overlay.position)
        new = {product for pk, product in seen.rows if pk not in self.overlay.seen}
        ids = frozenset(pk for pk, _ in seen.rows)
        if not new:
            overlay = replace(self.overlay, position=seen.position, seen=ids)
            return replace(self, overlay=overlay)
        now = read_products(
            self.snapshot.encoder,
            sorted(new),
            n_bits=self.snapshot.rows.codes.shape[1] * 8,
            dim=self.snapshot.rows.embeddings.shape[1],
        )
        untouched = ~np.isin(self.overlay.rows.product_id, list(new))
        beside = merged(self.overlay.rows.take(untouched), now)
        overlay = Overlay(
            position=seen.position,
            seen=ids,
            products=self.overlay.products | new,
            live=self._without(new),
            rows=beside,
            index=CodeIndex.build(beside.image_id, beside.codes),
        )
        return replace(self, overlay=overlay)

    def search(
        self,
        query: Query,
        k: int,
        *,
        filters: Filters = NO_FILTERS,
        weights: Weights | None = None,
    ) -> list[Neighbour]:
        """The k nearest pictures among the allowed: exact, whatever is allowed.

        By distance, then image id; fewer than k only where fewer are allowed. Scores
        are cosines with the embedding's numbers weighted (dim,), where that is asked.
        Raises ForeignEncoder for a query of another encoder.
        """
        if query.encoder != self.snapshot.encoder:
            raise ForeignEncoder(query.encoder)
        allowed = _live(self.overlay.live, filters.allowed(self.snapshot.rows))
        beside = filters.allowed(self.overlay.rows)
        near = partial(_nearest, query.embedding, query.codes, k, weights)
        found = [
            *near(self.snapshot.index, self.snapshot.rows, allowed),
            *near(self.overlay.index, self.overlay.rows, beside),
        ]
        found.sort(key=lambda neighbour: (neighbour.distance, neighbour.image_id))
        return found[:k]

    def _without(self, products: Iterable[int]) -> Bools:
        """`live`, with the rows of these products masked."""
        wanted = np.fromiter(products, np.int64)
        ordered = self.snapshot.rows.product_id[self.by_product]
        starts = np.searchsorted(ordered, wanted, side="left")
        ends = np.searchsorted(ordered, wanted, side="right")
        live = self.overlay.live.copy()
        for start, end in zip(starts, ends, strict=True):
            live[self.by_product[start:end]] = False
        return live


_lock = Lock()
_current: dict[str, Gallery] = {}  # by encoder, the last asked for at the end
_failed: set[str] = set()


def current(of: str | None = None) -> Gallery:
    """The gallery as of the last commit, for this process.

    Of the encoder with this fingerprint, which may have served until a moment ago;
    without, of the one that serves. Raises SearchUnavailable if no snapshot can be
    served.
    """
    fingerprint = of or serving().fingerprint
    newest = list(Snapshot.objects.serving(fingerprint)[: snapshots.KEPT])
    with _lock:
        found = _loaded(_current.get(fingerprint), newest).refreshed()
        _current.pop(fingerprint, None)
        _current[fingerprint] = found
        if len(_current) > 2:
            del _current[next(iter(_current))]
        return found


@receiver(setting_changed)
def reset(**kwargs: object) -> None:
    """Forget what is loaded."""
    _current.clear()
    _failed.clear()


def _loaded(loaded: Gallery | None, newest: list[Snapshot]) -> Gallery:
    """The newest that can be read; the one in memory if it is that."""
    for snapshot in newest:
        if loaded is not None and loaded.snapshot.name == snapshot.name:
            return loaded
        if snapshot.name in _failed:
            continue
        try:
            return Gallery.of(snapshots.load(snapshot))
        except IndexFileError as error:
            log.error("snapshot is damaged", snapshot=snapshot.name, reason=str(error))
            _failed.add(snapshot.name)
            # Says so to the builder; no row is left to update if it was pruned.
            Snapshot.objects.filter(pk=snapshot.pk).update(damaged=True)
    raise SearchUnavailable("no snapshot can be served; one will be built")


def _live(live: Bools, allowed: Allowed | None) -> Allowed:
    if allowed is None:
        return live
    return live & allowed if allowed.dtype == np.bool_ else allowed[live[allowed]]


def _nearest(  # noqa: PLR0913
    embedding: npt.NDArray[np.int8],
    codes: Codes,
    k: int,
    weights: Weights | None,
    index: CodeIndex,
    rows: Rows,
    allowed: Allowed | None,
) -> list[Neighbour]:
    (found,) = index.search_rows(codes, k, allowed=allowed)
    at = found.rows
    cosines = _cosines(embedding, rows.embeddings[at])
    columns = (
        rows.image_id[at],
        rows.product_id[at],
        found.distances,
        cosines,
        cosines
        if weights is None
        else _cosines(embedding, rows.embeddings[at], weights),
        rows.category_id[at],
        rows.price[at],
        rows.in_stock[at],
    )
    brands = [rows.brands[number] for number in rows.brand[at]]
    colours = [rows.colours[number] for number in rows.colour[at]]
    lists = [column.tolist() for column in columns]
    return [Neighbour(*row) for row in zip(*lists, brands, colours, strict=True)]


def _cosines(
    query: npt.NDArray[np.int8],
    embeddings: npt.NDArray[np.int8],
    weights: Weights | float = 1.0,
) -> npt.NDArray[np.float32]:
    """Between one embedding (dim,) and n (n, dim): (n,). A zero vector is near none."""
    vectors = embeddings.astype(np.float32) * weights
    one = query.astype(np.float32) * weights
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(one)
    cosines: npt.NDArray[np.float32] = (vectors @ one) / np.maximum(lengths, 1e-9)
    return cosines
