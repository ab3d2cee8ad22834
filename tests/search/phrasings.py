"""The demo shop without its pictures, and what shoppers ask it (phrasings.toml)."""

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

from catalogue.models import Category, Product
from demo import PICTURES

FILE = Path(__file__).with_name("phrasings.toml")
# The first ten of each, as every database and every machine must give them.
ANSWERS = FILE.with_name("phrasings_answers.json")
FIRST = 10

Row = dict[str, str]


@dataclass(frozen=True)
class Phrasing:
    """A query, and which products are right."""

    q: str
    category: str | list[str] = field(default_factory=list)
    colour: list[str] = field(default_factory=list)
    brand: str = ""
    min: int = 0
    max: int = 10**6
    in_stock: bool = False
    pattern: str = ""
    first: bool = False  # only the first is looked at
    none: bool = False

    def fits(self, row: Row) -> bool:
        above = row["category"].split(" > ")
        kinds = [self.category] if isinstance(self.category, str) else self.category
        return (
            (not kinds or any(kind in above for kind in kinds))
            and (not self.colour or row["colour"] in self.colour)
            and self.brand in ("", row["brand"])
            and self.min <= Decimal(row["price"]) <= self.max
            and (row["stock"] != "0" or not self.in_stock)
            and re.search(self.pattern, f"{row['name']}. {row['description']}")
            is not None
        )

    def is_right(self, match: str, skus: list[str]) -> bool:
        """Of an answer: how close its best is, and its products in order."""
        if self.none:
            return match == "none"
        fitting = {row["sku"] for row in catalogue() if self.fits(row)}
        looked_at = 1 if self.first else min(FIRST, len(fitting))
        if not fitting:
            raise ValueError(f"nothing in the demo shop fits {self.q}")
        return len(skus) >= looked_at and fitting >= set(skus[:looked_at])


@cache
def catalogue() -> list[Row]:
    """Return the demo shop, as its file has it."""
    with (PICTURES / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def phrasings() -> Iterator[Phrasing]:
    for values in tomllib.loads(FILE.read_text(encoding="utf-8"))["phrasing"]:
        yield Phrasing(**values)


def open_demo_shop() -> None:
    """Its products, without pictures: words need none."""
    places: dict[str, Category] = {
        path: Category.objects.at_path(path.split(" > "))
        for path in dict.fromkeys(row["category"] for row in catalogue())
    }
    Product.objects.bulk_create(_product(row, places) for row in catalogue())


def _product(row: Row, places: dict[str, Category]) -> Product:
    return Product(
        **{name: row[name] for name in ("sku", "name", "brand", "colour")},
        slug="demo",
        category=places[row["category"]],
        price=Decimal(row["price"]),
        stock=int(row["stock"]),
        description=row["description"],
    )
