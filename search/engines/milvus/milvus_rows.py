"""Rows and filters as Milvus takes them: all numbers.

Words (brands, colours) are kept as numbers, so that no word of a shop or a shopper
becomes part of an expression.
"""

import hashlib
from collections.abc import Set
from typing import Any

from search.gallery.columns import WORD_COLUMNS
from search.gallery.filters import Filters
from search.gallery.rows import Rows, price_in_hundredths

NUMBERS = ("id", "product_id", "category_id", "price", *WORD_COLUMNS, "state")


def as_entities(rows: Rows) -> list[dict[str, Any]]:
    """Return the rows as Milvus stores them: numbers, code, and a `state` each."""
    return [
        {**_facts(rows, at), "state": state} for at, state in enumerate(states_of(rows))
    ]


def states_of(rows: Rows) -> list[int]:
    """Return a digest of each row, of the fields that Milvus stores."""
    return [_number(repr(_facts(rows, at)).encode()) for at in range(len(rows))]


def expression(filters: Filters, without: Set[int]) -> str:
    """Return the filters as a Milvus expression, made of numbers alone.

    without: ids of products that are left out.
    """
    parts = []
    if filters.categories:
        parts.append(f"category_id in {sorted(filters.categories)}")
    if filters.min_price is not None:
        parts.append(f"price >= {price_in_hundredths(filters.min_price)}")
    if filters.max_price is not None:
        parts.append(f"price <= {price_in_hundredths(filters.max_price)}")
    for name, words in filters.chosen_words.items():
        parts.append(f"{name} in {sorted(map(_word, words))}")
    if filters.in_stock:
        parts.append("in_stock == true")
    if without:
        parts.append(f"product_id not in {sorted(without)}")
    return all_of(*parts)


def all_of(*parts: str) -> str:
    return " and ".join(part for part in parts if part)


def _facts(rows: Rows, at: int) -> dict[str, Any]:
    """Return the fields of a row that Milvus stores."""
    return {
        "id": int(rows.image_id[at]),
        "product_id": int(rows.product_id[at]),
        "category_id": int(rows.category_id[at]),
        "price": int(rows.price[at]),
        **{
            name: _word(column.vocabulary[column.numbers[at]])
            for name, column in rows.words.items()
        },
        "in_stock": bool(rows.in_stock[at]),
        "code": rows.codes[at].tobytes(),
    }


def _word(word: str) -> int:
    """Return the number of a word; words that differ in case alone share one."""
    return _number(word.casefold().encode())


def _number(content: bytes) -> int:
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
