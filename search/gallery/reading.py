"""Rows of a gallery as the database has them now: all of them, or some."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from django.db.models import Value
from django.db.models.functions import Coalesce, NullIf

import hashing
from catalogue.models import Category, Product
from search.gallery.rows import (
    Bools,
    Int64s,
    Ints,
    Rows,
    narrow,
    numbered,
    price_in_hundredths,
)
from search.models import ImageCode

# A variable number of ids in one statement is bounded by every database.
IDS_A_QUERY = 5000
ROWS_A_READ = 20_000


def _shown_colour(product: str = "") -> Coalesce:
    """Return staff's colour, else the main picture's (search.words.picture_colours)."""
    said = NullIf(f"{product}colour", Value(""))
    return Coalesce(said, f"{product}text__seen", Value(""))


PRODUCT = ("pk", "category_id", "price", "stock", "brand", _shown_colour())
PICTURE = ("image_id", "image__product_id", "code", "embedding")
PICTURE_AND_PRODUCT = (
    *PICTURE,
    *(f"image__product__{name}" for name in PRODUCT[1:-1]),
    _shown_colour("image__product__"),
)
# Image ids, product ids, codes (n, bytes) and embeddings (n, dim).
Pictures = tuple[Int64s, Int64s, npt.NDArray[np.uint8], npt.NDArray[np.int8]]


@dataclass(frozen=True)
class By:
    """Whose codes are read: an encoder's fingerprint, and what it makes of a picture.

    Codes of other encoders are not looked at.
    """

    encoder: str
    n_bits: int
    dim: int

    @classmethod
    def of(cls, made_by: hashing.Encoder) -> Self:
        return cls(made_by.fingerprint, made_by.n_bits, made_by.card.dim)


def read_all(by: By) -> Rows:
    """All that can be found now: every active product's pictures with a current code.

    Products, categories and pictures are read one after the other, and ordered here:
    a join that the database sorts takes twice as long. What is committed meanwhile may
    be seen in part; it is among the changes since this call.
    """
    products = _Products.read()
    images, owners, codes, embeddings = _all_pictures(by)
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
        brand=products.brand[at],
        colour=products.colour[at],
        codes=codes.take(order, axis=0),
        embeddings=embeddings.take(order, axis=0),
        brands=products.brands,
        colours=products.colours,
    )


def read_products(by: By, product_ids: Sequence[int]) -> Rows:
    """The same of these products alone."""
    return _rows(_some(by, "image__product__in", product_ids), by)


def read_of_images(by: By, image_ids: Sequence[int]) -> Rows:
    """The same of these images alone."""
    return _rows(_some(by, "image__in", image_ids), by)


def read_images(by: By, *, after: int, limit: int) -> Rows:
    """The same of the next images by their ids."""
    found = _findable(by).filter(image__gt=after).order_by("image_id")
    return _rows(found.values_list(*PICTURE_AND_PRODUCT)[:limit], by)


def count(by: By) -> int:
    """How many pictures can be found now."""
    return int(_findable(by).count())


@dataclass(frozen=True)
class _Products:
    """Columns of all products on sale, by ascending id."""

    product_id: Int64s
    category_id: Int64s
    rank: Int64s  # where the category stands in the tree
    price: Ints
    in_stock: Bools
    brand: Ints
    colour: Ints
    brands: tuple[str, ...]
    colours: tuple[str, ...]

    @classmethod
    def read(cls) -> Self:
        on_sale = Product.objects.on_sale().order_by("pk").values_list(*PRODUCT)
        table = _columns(on_sale.iterator(chunk_size=ROWS_A_READ), len(PRODUCT))
        ids, category_id, price, stock, brand, colour = table
        ordered = Category.objects.order_by("path").values_list("pk", flat=True)
        rank = {pk: number for number, pk in enumerate(ordered)}
        return cls(
            product_id=np.array(ids, np.int64),
            rank=np.array([rank.get(pk, len(rank)) for pk in category_id], np.int64),
            **_facts(category_id, price, stock, brand, colour),
        )

    def places(self, product_ids: Int64s) -> tuple[Int64s, Bools]:
        """Where each of these is, and whether it is there at all."""
        if not len(self.product_id):
            nowhere = np.zeros(len(product_ids), np.int64)
            return nowhere, np.zeros(len(product_ids), np.bool_)
        at = np.searchsorted(self.product_id, product_ids)
        at = np.minimum(at, len(self.product_id) - 1)
        return at, self.product_id[at] == product_ids


def _all_pictures(by: By) -> Pictures:
    found = _current(by).values_list(*PICTURE).iterator(chunk_size=ROWS_A_READ)
    parts = [_pictures([], by)]
    while some := list(islice(found, ROWS_A_READ)):
        parts.append(_pictures(_columns(some, len(PICTURE)), by))
    images, owners, codes, embeddings = zip(*parts, strict=True)
    return (
        np.concatenate(images),
        np.concatenate(owners),
        np.concatenate(codes),
        np.concatenate(embeddings),
    )


def _pictures(columns: Sequence[Sequence[Any]], by: By) -> Pictures:
    images, owners, codes, embeddings = columns or [()] * len(PICTURE)
    return (
        np.array(images, np.int64),
        np.array(owners, np.int64),
        np.frombuffer(b"".join(codes), np.uint8).reshape(-1, by.n_bits // 8),
        np.frombuffer(b"".join(embeddings), np.int8).reshape(-1, by.dim),
    )


def _rows(found: Iterable[tuple[Any, ...]], by: By) -> Rows:
    table = _columns(found, len(PICTURE_AND_PRODUCT))
    images, owners, codes, embeddings = _pictures(table[: len(PICTURE)], by)
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
    brand: Sequence[str],
    colour: Sequence[str],
) -> dict[str, Any]:
    """The columns that filters need, of products as the database has them."""
    brands, colours = tuple(sorted(set(brand))), tuple(sorted(set(colour)))
    return {
        "category_id": np.array(category_id, np.int64),
        "price": narrow([price_in_hundredths(each) for each in price]),
        "in_stock": np.array(stock, np.int64) > 0,
        "brand": numbered(brand, brands),
        "colour": numbered(colour, colours),
        "brands": brands,
        "colours": colours,
    }


def _columns(found: Iterable[tuple[Any, ...]], n: int) -> list[tuple[Any, ...]]:
    """Of rows of n fields each."""
    return list(zip(*found, strict=True)) or [()] * n


def _some(by: By, which: str, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), IDS_A_QUERY):
        some = {which: ids[start : start + IDS_A_QUERY]}
        yield from _findable(by).filter(**some).values_list(*PICTURE_AND_PRODUCT)


def _current(by: By) -> Any:
    """Codes of the pictures that there are now."""
    return ImageCode.objects.by(by.encoder).current().filter(code__isnull=False)


def _findable(by: By) -> Any:
    """Those of products on sale, in the order of the gallery."""
    on_sale = _current(by).filter(image__product__active=True)
    return on_sale.order_by("image__product__category__path", "image_id")
