"""The rows of a gallery: for each findable picture its code and what filters need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from django.db.models import Value
from django.db.models.functions import Coalesce, NullIf

from search.models import ImageCode

Int64s = npt.NDArray[np.int64]  # (n,)
Ints = npt.NDArray[np.signedinteger[Any]]  # (n,), as narrow as what they hold
Bools = npt.NDArray[np.bool_]  # (n,)

# A variable number of ids in one statement is bounded by every database.
IDS_A_QUERY = 5000

SOURCE = (
    "image_id",
    "image__product_id",
    "image__product__category_id",
    "image__product__price",
    "image__product__stock",
    "image__product__brand",
    "shown_colour",
    "code",
    "embedding",
)


@dataclass(frozen=True)
class Rows:
    """Columns of n pictures. All arrays are read only.

    Pictures of a category lie together, and so do those of its subtree, as the tree
    was when they were read: a filter by category is a few stretches of rows.
    `brand` and `colour` are numbers into the sorted words beside them.
    """

    image_id: Int64s
    product_id: Int64s
    category_id: Int64s
    price: Ints  # hundredths of the shop's currency
    in_stock: Bools
    brand: Ints
    colour: Ints
    codes: npt.NDArray[np.uint8]  # (n, n_bits // 8)
    embeddings: npt.NDArray[np.int8]  # (n, dim)
    brands: tuple[str, ...]
    colours: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.image_id)

    @cached_property
    def stretches(self) -> dict[int, list[tuple[int, int]]]:
        """Where each category's rows are: from, up to but without."""
        edges = np.flatnonzero(np.diff(self.category_id)) + 1
        bounds = [0, *edges.tolist(), len(self)] if len(self) else []
        found: dict[int, list[tuple[int, int]]] = {}
        for start, stop in pairwise(bounds):
            found.setdefault(int(self.category_id[start]), []).append((start, stop))
        return found

    def take(self, numbers: Int64s) -> Self:
        """Only these rows, by their numbers."""
        columns = {name: getattr(self, name).take(numbers, axis=0) for name in COLUMNS}
        return replace(self, **columns)


COLUMNS = tuple(field.name for field in fields(Rows))[:-2]


def read(encoder: str, *, n_bits: int, dim: int) -> Rows:
    """All that can be found now: every active product's pictures with a current code.

    `encoder` is a fingerprint; codes of others are not looked at.
    """
    return _rows(_findable(encoder).iterator(chunk_size=IDS_A_QUERY), n_bits, dim)


def read_products(
    encoder: str, product_ids: Sequence[int], *, n_bits: int, dim: int
) -> Rows:
    """The same of these products alone."""
    return _rows(_some(encoder, "image__product__in", product_ids), n_bits, dim)


def count(encoder: str) -> int:
    """How many pictures can be found now."""
    return int(_findable(encoder).count())


def read_of_images(
    encoder: str, image_ids: Sequence[int], *, n_bits: int, dim: int
) -> Rows:
    """The same of these images alone."""
    return _rows(_some(encoder, "image__in", image_ids), n_bits, dim)


def read_images(encoder: str, *, after: int, limit: int, n_bits: int, dim: int) -> Rows:
    """The same of the next images by their ids."""
    found = _findable(encoder).filter(image__gt=after).order_by("image_id")
    return _rows(found[:limit], n_bits, dim)


def merged(first: Rows, second: Rows) -> Rows:
    """Both, one after the other. An image may not be in both."""
    brands, colours = _words(first, second)
    one, other = (_reworded(rows, brands, colours) for rows in (first, second))
    columns = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in COLUMNS
    }
    return Rows(**columns, brands=brands, colours=colours)


def same(first: Rows, second: Rows) -> bool:
    """Whether both are the same pictures with the same columns, in any order."""
    if len(first) != len(second):
        return False
    one, other = (each.take(np.argsort(each.image_id)) for each in (first, second))
    both = [_reworded(each, *_words(one, other)) for each in (one, other)]
    return all(
        np.array_equal(getattr(both[0], name), getattr(both[1], name))
        for name in COLUMNS
    )


def narrow(numbers: Iterable[int]) -> Ints:
    """In the narrowest type that holds them: a filter reads the whole column."""
    wide = np.array(list(numbers), np.int64)
    largest = int(np.abs(wide).max(initial=0))
    types = (np.int8, np.int16, np.int32, np.int64)
    return wide.astype(next(t for t in types if largest <= np.iinfo(t).max))


def price_in_hundredths(price: Decimal) -> int:
    return int((price * 100).to_integral_value())


def _some(encoder: str, which: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(ids), IDS_A_QUERY):
        found += _findable(encoder).filter(**{which: ids[start : start + IDS_A_QUERY]})
    return found


def _findable(encoder: str) -> Any:
    return (
        ImageCode.objects.by(encoder)
        .current()
        .filter(code__isnull=False, image__product__active=True)
        .annotate(shown_colour=_COLOUR)
        .order_by("image__product__category__path", "image_id")
        .values_list(*SOURCE)
    )


# As staff says; else as it was seen on the main picture (search.words.seen).
_COLOUR = Coalesce(
    NullIf("image__product__colour", Value("")),
    "image__product__text__seen",
    Value(""),
)


def _rows(found: Iterable[tuple[Any, ...]], n_bits: int, dim: int) -> Rows:
    table = list(zip(*found, strict=True)) or [()] * len(SOURCE)
    images, products, categories, prices, stocks, brand, colour, code, embedding = table
    brands, colours = tuple(sorted(set(brand))), tuple(sorted(set(colour)))
    return Rows(
        image_id=np.array(images, np.int64),
        product_id=np.array(products, np.int64),
        category_id=np.array(categories, np.int64),
        price=narrow([price_in_hundredths(price) for price in prices]),
        in_stock=np.array(stocks, np.int64) > 0,
        brand=numbered(brand, brands),
        colour=numbered(colour, colours),
        codes=np.frombuffer(b"".join(code), np.uint8).reshape(-1, n_bits // 8),
        embeddings=np.frombuffer(b"".join(embedding), np.int8).reshape(-1, dim),
        brands=brands,
        colours=colours,
    )


def numbered(words: Iterable[str], vocabulary: tuple[str, ...]) -> Ints:
    number = {word: position for position, word in enumerate(vocabulary)}
    return narrow([number[word] for word in words])


def _words(first: Rows, second: Rows) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (
        tuple(sorted({*first.brands, *second.brands})),
        tuple(sorted({*first.colours, *second.colours})),
    )


def _reworded(rows: Rows, brands: tuple[str, ...], colours: tuple[str, ...]) -> Rows:
    brand_numbers = numbered(rows.brands, brands)
    colour_numbers = numbered(rows.colours, colours)
    return replace(
        rows,
        brand=brand_numbers[rows.brand],
        colour=colour_numbers[rows.colour],
        brands=brands,
        colours=colours,
    )
