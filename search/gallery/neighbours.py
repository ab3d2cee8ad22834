"""Pictures near a query, as columns: of most, a search needs but few numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from hashing import Found
from search.gallery.rows import Int64s, Rows

Weights = npt.NDArray[np.float32]  # (dim,)
Floats = npt.NDArray[np.float32]  # (n,)
Embedding = npt.NDArray[np.int8]  # (dim,)


class Columns(Protocol):
    """Some products, of which each column can be asked for."""

    def column(self, name: str) -> list[Any]:
        """Of each: `category_id`, `price` (hundredths), `in_stock`."""
        ...

    def words(self, name: str) -> list[str]:
        """Return of each the word in this column of WORD_COLUMNS."""
        ...


class Neighbour(NamedTuple):
    """One picture, with the columns of its product that filters read."""

    image_id: int
    product_id: int
    distance: int
    cosine: float
    score: float
    category_id: int
    price: int  # hundredths of the shop's currency
    in_stock: bool
    words: Mapping[str, str]  # by the names of WORD_COLUMNS


class Listed(list[Neighbour]):
    """Neighbours one by one, where they were found so."""

    def column(self, name: str) -> list[Any]:
        return [getattr(near, name) for near in self]

    def words(self, name: str) -> list[str]:
        return [near.words[name] for near in self]


@dataclass(frozen=True)
class Shortlist:
    """Pictures by their codes alone: n of them, nearest first, equal ones by image id.

    distance: bits that differ from the query's; tables, table, row: where the columns
    of their products are.
    """

    image_id: Int64s
    product_id: Int64s
    distance: npt.NDArray[np.int32]
    tables: tuple[Rows, ...]
    table: npt.NDArray[np.int32]
    row: Int64s

    @staticmethod
    def of(found: Sequence[tuple[Rows, Found]], k: int) -> "Shortlist":
        """The first k of what was found in some tables."""
        table = np.repeat(
            np.arange(len(found), dtype=np.int32), [len(each.rows) for _, each in found]
        )
        distance = np.concatenate([each.distances for _, each in found])
        image_id = np.concatenate([rows.image_id.take(at.rows) for rows, at in found])
        product_id = np.concatenate(
            [rows.product_id.take(at.rows) for rows, at in found]
        )
        row = np.concatenate([each.rows for _, each in found])
        order = np.lexsort((image_id, distance))[:k]
        return Shortlist(
            *(image_id[order], product_id[order], distance[order]),
            *(tuple(rows for rows, _ in found), table[order], row[order]),
        )

    def __len__(self) -> int:
        return len(self.image_id)

    def hits(self) -> list[tuple[int, int]]:
        """Image id and distance of each."""
        columns = (self.image_id.tolist(), self.distance.tolist())
        return list(zip(*columns, strict=True))

    def compared(self, query: Embedding, weights: Weights | None) -> "Neighbours":
        """With the cosines of their embeddings and the query's (dim,)."""
        vectors = np.empty((len(self), len(query)), np.float32)
        for number, rows in enumerate(self.tables):
            at = np.flatnonzero(self.table == number)
            vectors[at] = rows.embeddings.take(self.row[at], axis=0)
        cosine = score = _cosines(query.astype(np.float32), vectors)
        if weights is not None:
            score = _cosines(query * weights, vectors * weights)
        return Neighbours(**vars(self), cosine=cosine, score=score)


@dataclass(frozen=True)
class Neighbours(Shortlist):
    """n pictures of a shortlist and how alike each is, in any order.

    cosine: of the embeddings; score: what ranks them, a cosine of weighted embeddings.
    """

    cosine: Floats
    score: Floats

    @classmethod
    def merged(cls, first: Self, second: Self) -> Self:
        """The neighbours of both."""
        columns = {
            name: np.concatenate([getattr(first, name), getattr(second, name)])
            for name in COLUMNS
        }
        columns["table"][len(first) :] += len(first.tables)
        return cls(**columns, tables=(*first.tables, *second.tables))

    def __getitem__(self, page: slice) -> Self:
        return self.take(np.arange(len(self))[page])

    def take(self, numbers: npt.NDArray[np.intp]) -> Self:
        """Only these, in this order."""
        columns = {name: getattr(self, name).take(numbers) for name in COLUMNS}
        return replace(self, **columns)

    def best_of_products(self) -> Self:
        """The nearest picture of each product, the most like first.

        By score, then distance, then image id, so that paging is stable.
        """
        ranked = np.lexsort((self.image_id, self.distance, -self.score))
        _, first = np.unique(self.product_id[ranked], return_index=True)
        return self.take(ranked[np.sort(first)])

    def listed(self) -> Iterator[tuple[int, int, int]]:
        """Of each: product id, image id, distance."""
        columns = (self.product_id, self.image_id, self.distance)
        return zip(*(column.tolist() for column in columns), strict=True)

    def column(self, name: str) -> list[Any]:
        """Of each one's product: `category_id`, `price`, `in_stock`."""
        return self._of_each(lambda rows, at: getattr(rows, name).take(at).tolist())

    def words(self, name: str) -> list[str]:
        """Return of each one's product the word in this column of WORD_COLUMNS."""
        return self._of_each(lambda rows, at: rows.words[name].words(at))

    def _of_each(self, read: Callable[[Rows, Int64s], list[Any]]) -> list[Any]:
        """What is read of each table's rows, in the order of these."""
        found: list[Any] = [None] * len(self)
        for number, rows in enumerate(self.tables):
            places = np.flatnonzero(self.table == number)
            values = read(rows, self.row[places])
            for place, value in zip(places.tolist(), values, strict=True):
                found[place] = value
        return found


COLUMNS = ("image_id", "product_id", "distance", "cosine", "score", "table", "row")


def _cosines(
    query: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32]
) -> Floats:
    """Between one (dim,) and n (n, dim): (n,). A zero vector is near none."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors)) * np.linalg.norm(query)
    cosines: Floats = (vectors @ query) / np.maximum(lengths, 1e-9)
    return cosines
