"""Files damaged at random: none loses a good row, none gives a traceback.

DAMAGED_FILES says how many the slow test tries, 2,000 otherwise.
"""

import os
import random
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction

from catalogue.importing.errors import ImportFileError
from catalogue.importing.importer import Options, Outcome, Result, import_catalogue
from catalogue.importing.pictures import NoPictures, PictureZip
from catalogue.importing.reading.tables import Table
from catalogue.models import Product
from tests.catalogue.importing.damage import KINDS, Damaged

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]

MANY = int(os.environ.get("DAMAGED_FILES", "2000"))


def try_files(folder: Path, seeds: range) -> Counter[str]:
    """Import damaged files, each in a transaction of its own that is rolled back."""
    outcomes: Counter[str] = Counter()
    for seed in seeds:
        kind = list(KINDS)[seed % len(KINDS)]
        damaged = KINDS[kind](random.Random(seed))
        with transaction.atomic():
            outcomes[f"{kind} {import_damaged(folder, damaged, f'seed {seed}')}"] += 1
            transaction.set_rollback(True)
    return outcomes


def import_damaged(folder: Path, damaged: Damaged, name: str) -> str:
    """Import one file; fail where a whole row was lost or changed."""
    results: dict[str, Result] = {}
    (folder / "shop").write_bytes(damaged.content)
    (folder / "pictures").write_bytes(damaged.pictures or b"")
    try:
        pictures = PictureZip(folder / "pictures") if damaged.pictures else NoPictures()
        table = Table(folder / "shop")
    except ImportFileError as error:
        assert str(error), name
        return "refused"
    # Pictures are read and checked, and not stored: that would outlast the rollback.
    options = Options(dry_run=bool(damaged.pictures))
    import_catalogue(
        table, pictures, options, lambda result: results.setdefault(result.sku, result)
    )
    pictures.close()
    for sku, values in damaged.whole.items():
        told = f"{name}, {damaged.done}: {values}: {results.get(sku)}"
        assert sku in results and results[sku].outcome == Outcome.CREATED, told
        if not damaged.pictures:
            assert stored(sku) == values, told
    return "read"


def stored(sku: str) -> tuple[str, ...]:
    product = Product.objects.select_related("category").get(sku=sku)
    price, stock = f"{Decimal(product.price):.2f}", str(product.stock)
    category = f"Kitchen > {product.category.name}"
    return (sku, product.name, category, price, stock, product.description)


def test_damaged_files_lose_no_good_row(tmp_path: Path) -> None:
    assert sum(try_files(tmp_path, range(90)).values()) == 90


@pytest.mark.slow
def test_many_damaged_files_lose_no_good_row(tmp_path: Path) -> None:
    outcomes = try_files(tmp_path, range(MANY))
    sys.stdout.write(f"{dict(sorted(outcomes.items()))}\n")
    assert not outcomes["csv refused"]
