"""Read the rows of a gallery from the database: all of them, or some."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Self

import numpy as np
import numpy.typing as npt

import hashing
from catalogue.models import Category, Product
from search.gallery.columns import WORD_COLUMNS, Ints, WordColumn, narrow
from search.gallery.rows import Bools, Int64s, Rows, price_in_hundredths
from search.models import ImageCode

# A variable number of ids in one statement is bounded by every database.
IDS_A_QUERY = 5000
ROWS_A_READ = 20_000


FIXED = ("category_id", "price", "stock")
PRODUCT = ("pk", *FIXED, *(read("") for read in WORD_COLUMNS.values()))
PICTURE = ("image_id", "image__product_id", "code", "embedding")
PICTURE_AND_PRODUCT = (
    *PICTURE,
    *(f"image__product__{name}" for name in FIXED),
    *(read("image__product__") for read in WORD_COLUMNS.values()),
)
# Image ids, product ids, codes (n, bytes) and embeddings (n, dim).
Pictures = tuple[Int64s, Int64s, npt.NDArray[np.uint8], npt.NDArray[np.int8]]


@dataclass(frozen=True)
class CodeShape:
    """Whose codes are read: an encoder's fingerprint, and the size of what it makes.

    Codes of other encoders are not read.
    """

    encoder: str
    n_bits: int
    dim: int

    @classmethod
    def of(cls, made_by: hashing.Encoder) -> Self:
        return cls(made_by.fingerprint, made_by.n_bits, made_by.card.dim)


def read_all(shape: CodeShape) -> Rows:
    """Read all that can be found: every active product's pictures with a current code.

    Products, categories and pictures are read one after the other, and ordered here:
    a join that the database sorts takes twice as long. What is committed meanwhile may
    be seen in part; it is among the changes since this call.
    """
    products = _Products.read()
    images, owners, codes, embeddings = _all_pictures(shape)
    at, is_sold = products.places(owners)
    order = np.lexsort((images, products.rank.take(at, mode="clip")))
    order = order[is_sold[order]]
    at = at[order]
    return Rows(
        image_id=images[order],
        product_id=owners[order],
        category_id=products.category_id[at],
        price=products.price[at],
        in_stock=products.in_stock[at],
        codes=codes.take(order, axis=0),
        embeddings=embeddings.take(order, axis=0),
        words={name: column.take(at) for name, column in products.words.items()},
    )


def read_products(shape: CodeShape, product_ids: Sequence[int]) -> Rows:
    """Read the rows of these products alone."""
    return _rows(_some(shape, "image__product__in", product_ids), shape)


def read_of_images(shape: CodeShape, image_ids: Sequence[int]) -> Rows:
    """Read the rows of these images alone."""
    return _rows(_some(shape, "image__in", image_ids), shape)


def read_images(shape: CodeShape, *, after: int, limit: int) -> Rows:
    """Read the rows of the next images, in the order of their ids."""
    found = _findable(shape).filter(image__gt=after).order_by("image_id")
    return _rows(found.values_list(*PICTURE_AND_PRODUCT)[:limit], shape)


def count(shape: CodeShape) -> int:
    """Count the pictures that can be found."""
    return int(_findable(shape).count())


@dataclass(frozen=True)
class _Products:
    """The columns of all products on sale, by ascending id."""

    product_id: Int64s
    category_id: Int64s
    rank: Int64s  # the place of the category in the tree
    price: Ints
    in_stock: Bools
    words: dict[str, WordColumn]

    @classmethod
    def read(cls) -> Self:
        on_sale = Product.objects.on_sale().order_by("pk").values_list(*PRODUCT)
        table = _columns(on_sale.iterator(chunk_size=ROWS_A_READ), len(PRODUCT))
        ids, category_id, *facts = table
        ordered = Category.objects.order_by("path").values_list("pk", flat=True)
        rank = {pk: number for number, pk in enumerate(ordered)}
        return cls(
            product_id=np.array(ids, np.int64),
            rank=np.array([rank.get(pk, len(rank)) for pk in category_id], np.int64),
            **_facts(category_id, *facts),
        )

    def places(self, product_ids: Int64s) -> tuple[Int64s, Bools]:
        """Return the place of each of these products, and whether it is on sale."""
        if not len(self.product_id):
            nowhere = np.zeros(len(product_ids), np.int64)
            return nowhere, np.zeros(len(product_ids), np.bool_)
        at = np.searchsorted(self.product_id, product_ids)
        at = np.minimum(at, len(self.product_id) - 1)
        return at, self.product_id[at] == product_ids


def _all_pictures(shape: CodeShape) -> Pictures:
    found = _current(shape).values_list(*PICTURE).iterator(chunk_size=ROWS_A_READ)
    parts = [_pictures([], shape)]
    while some := list(islice(found, ROWS_A_READ)):
        parts.append(_pictures(_columns(some, len(PICTURE)), shape))
    images, owners, codes, embeddings = zip(*parts, strict=True)
    return (
        np.concatenate(images),
        np.concatenate(owners),
        np.concatenate(codes),
        np.concatenate(embeddings),
    )


def _pictures(columns: Sequence[Sequence[Any]], shape: CodeShape) -> Pictures:
    images, owners, codes, embeddings = columns or [()] * len(PICTURE)
    return (
        np.array(images, np.int64),
        np.array(owners, np.int64),
        np.frombuffer(b"".join(codes), np.uint8).reshape(-1, shape.n_bits // 8),
        np.frombuffer(b"".join(embeddings), np.int8).reshape(-1, shape.dim),
    )


def _rows(found: Iterable[tuple[Any, ...]], shape: CodeShape) -> Rows:
    table = _columns(found, len(PICTURE_AND_PRODUCT))
    images, owners, codes, embeddings = _pictures(table[: len(PICTURE)], shape)
    return Rows(
        image_id=images,
        product_id=owners,
        codes=codes,
        embeddings=embeddings,
        **_facts(*table[len(PICTURE) :]),
    )


def _facts(
    category_id: Sequence[int],
    price: Sequence[Decimal],
    stock: Sequence[int],
    *words: Sequence[str],
) -> dict[str, Any]:
    """Return the columns that filters need, of products as the database has them."""
    return {
        "category_id": np.array(category_id, np.int64),
        "price": narrow([price_in_hundredths(each) for each in price]),
        "in_stock": np.array(stock, np.int64) > 0,
        "words": {
            name: WordColumn.of(column)
            for name, column in zip(WORD_COLUMNS, words, strict=True)
        },
    }


def _columns(found: Iterable[tuple[Any, ...]], n: int) -> list[tuple[Any, ...]]:
    """Turn rows of n fields each into n columns."""
    return list(zip(*found, strict=True)) or [()] * n


def _some(
    shape: CodeShape, which: str, ids: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), IDS_A_QUERY):
        some = {which: ids[start : start + IDS_A_QUERY]}
        yield from _findable(shape).filter(**some).values_list(*PICTURE_AND_PRODUCT)


def _current(shape: CodeShape) -> Any:
    """Return the codes of pictures as their files are now."""
    return ImageCode.objects.by(shape.encoder).current().filter(code__isnull=False)


def _findable(shape: CodeShape) -> Any:
    """Return the codes of products on sale, in the order of the gallery."""
    on_sale = _current(shape).filter(image__product__active=True)
    return on_sale.order_by("image__product__category__path", "image_id")
