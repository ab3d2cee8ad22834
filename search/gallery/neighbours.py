"""The pictures nearest to a query, as columns of numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from hashing import RowHits
from search.gallery.rows import Int64s, Rows

Weights = npt.NDArray[np.float32]  # (dim,)
Floats = npt.NDArray[np.float32]  # (n,)
Embedding = npt.NDArray[np.int8]  # (dim,)


class Columns(Protocol):
    """Products with columns to count facets over."""

    def column(self, name: str) -> list[Any]:
        """Return of each `category_id`, `price` (hundredths) or `in_stock`."""
        ...

    def words(self, name: str) -> list[str]:
        """Return of each the word in this column of WORD_COLUMNS."""
        ...


class Neighbour(NamedTuple):
    """One picture, with the filter columns of its product."""

    image_id: int
    product_id: int
    distance: int
    cosine: float
    score: float
    category_id: int
    price: int  # hundredths of the shop's currency
    in_stock: bool
    words: Mapping[str, str]  # by the names of WORD_COLUMNS


class NeighbourList(list[Neighbour]):
    """Neighbours as a list, where they were found one by one."""

    def column(self, name: str) -> list[Any]:
        return [getattr(near, name) for near in self]

    def words(self, name: str) -> list[str]:
        return [near.words[name] for near in self]


@dataclass(frozen=True)
class Shortlist:
    """n pictures ranked by their codes alone, nearest first, then by image id.

    distance: bits that differ from the query's. The columns of picture i are in
    tables[table[i]], at row[i].
    """

    image_id: Int64s
    product_id: Int64s
    distance: npt.NDArray[np.int32]
    tables: tuple[Rows, ...]
    table: npt.NDArray[np.int32]
    row: Int64s

    @staticmethod
    def of(found: Sequence[tuple[Rows, RowHits]], k: int) -> "Shortlist":
        """Return the k nearest of the pictures found in some tables."""
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
        """Return image id and distance of each."""
        columns = (self.image_id.tolist(), self.distance.tolist())
        return list(zip(*columns, strict=True))

    def with_cosines(self, query: Embedding, weights: Weights | None) -> "Neighbours":
        """Return the pictures with the cosine of each embedding and the query (dim,).

        weights: (dim,) of the embedding's numbers, for the score that ranks.
        """
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
    """n pictures of a shortlist with how similar each is, in any order.

    cosine: of the embeddings; score: what ranks them, a cosine of weighted embeddings.
    """

    cosine: Floats
    score: Floats

    @classmethod
    def merged(cls, first: Self, second: Self) -> Self:
        """Return the neighbours of both."""
        columns = {
            name: np.concatenate([getattr(first, name), getattr(second, name)])
            for name in COLUMNS
        }
        columns["table"][len(first) :] += len(first.tables)
        return cls(**columns, tables=(*first.tables, *second.tables))

    def __getitem__(self, page: slice) -> Self:
        return self.take(np.arange(len(self))[page])

    def take(self, numbers: npt.NDArray[np.intp]) -> Self:
        """Return only these, in this order."""
        columns = {name: getattr(self, name).take(numbers) for name in COLUMNS}
        return replace(self, **columns)

    def best_of_products(self) -> Self:
        """Return the most similar picture of each product, the most similar first.

        Ordered by score, then distance, then image id, so that paging is stable.
        """
        ranked = np.lexsort((self.image_id, self.distance, -self.score))
        _, first = np.unique(self.product_id[ranked], return_index=True)
        return self.take(ranked[np.sort(first)])

    def ids_and_distances(self) -> Iterator[tuple[int, int, int]]:
        """Iterate over product id, image id and distance of each."""
        columns = (self.product_id, self.image_id, self.distance)
        return zip(*(column.tolist() for column in columns), strict=True)

    def column(self, name: str) -> list[Any]:
        """Return of each product `category_id`, `price` or `in_stock`."""
        return self._of_each(lambda rows, at: getattr(rows, name).take(at).tolist())

    def words(self, name: str) -> list[str]:
        """Return of each product the word in this column of WORD_COLUMNS."""
        return self._of_each(lambda rows, at: rows.words[name].words(at))

    def _of_each(self, read: Callable[[Rows, Int64s], list[Any]]) -> list[Any]:
        """Read values from each table, and return them in the order of these rows."""
        values: list[Any] = [None] * len(self)
        for number, rows in enumerate(self.tables):
            places = np.flatnonzero(self.table == number)
            of_table = read(rows, self.row[places])
            for place, value in zip(places.tolist(), of_table, strict=True):
                values[place] = value
        return values


COLUMNS = ("image_id", "product_id", "distance", "cosine", "score", "table", "row")


def _cosines(
    query: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32]
) -> Floats:
    """Return the cosines (n,) of a vector (dim,) and n others (n, dim).

    A zero vector has cosine 0 with every other.
    """
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors)) * np.linalg.norm(query)
    cosines: Floats = (vectors @ query) / np.maximum(lengths, 1e-9)
    return cosines
