"""Prices and stocks as people and programs write them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalogue.models import Product
from tests.catalogue.import_files import report_of, write_csv

pytestmark = pytest.mark.django_db

HEAD = "sku;name;category;price;stock"


def price_of(folder: Path, text: str, *others: str) -> Decimal:
    """Return the price that is read, in a file whose other rows have these."""
    reasons = reasons_of(folder, text, *others)
    assert not reasons, reasons
    return Product.objects.get(sku="m0").price


def reasons_of(folder: Path, *prices: str) -> list[str]:
    rows = [f'm{n};Mug;Kitchen;"{price}";1' for n, price in enumerate(prices)]
    report = report_of(write_csv(folder / "shop.csv", HEAD, *rows))
    return [row[4] for row in report if row[1] == "m0" and row[3] == "failed"]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12", "12"), ("12.5", "12.5"), ("12,5", "12.5"), ("12,50", "12.50"),
        ("1.299,00 €", "1299"), ("1,299.00", "1299"), ("€5", "5"), ("EUR 5", "5"),
        ("5 eur", "5"), ("1 299,00", "1299"), ("1\u00a0299,00\u00a0€", "1299"),
        ("1\u202f299,00", "1299"), ("1'299.00", "1299"), ("1’299.50", "1299.5"),
        ("1.299.000", "1299000"), ("1,299,000.50", "1299000.5"), ("12,-", "12"),
        ("12,– €", "12"), (".50", "0.5"), ("0,99", "0.99"), ("12.5000", "12.5"),
    ],
)  # fmt: skip
def test_a_price_with_one_meaning_is_read(
    tmp_path: Path, text: str, price: str
) -> None:
    assert price_of(tmp_path, text) == Decimal(price)


@pytest.mark.parametrize("text", ["1,299", "1.299", "12.500", "999,999"])
def test_a_price_with_two_meanings_is_refused_with_both(
    tmp_path: Path, text: str
) -> None:
    (reason,) = reasons_of(tmp_path, text)
    whole, fraction = text.replace(",", ".").split(".")
    assert f"{whole}{fraction} or {whole}.{fraction}" in reason


@pytest.mark.parametrize(
    ("text", "other", "price"),
    [
        ("1.299", "12,50", "1299"),
        ("1,299", "12.50", "1299"),
        ("1,299", "2,499.00", "1299"),
        ("1,299", "2,499,000", "1299"),
        ("12.500", "3.10", "12.5"),
    ],
)
def test_the_other_rows_tell_which_meaning_a_price_has(
    tmp_path: Path, text: str, other: str, price: str
) -> None:
    assert price_of(tmp_path, text, other) == Decimal(price)


def test_rows_that_contradict_each_other_tell_nothing(tmp_path: Path) -> None:
    assert reasons_of(tmp_path, "1.299", "12,50", "12.50")


@pytest.mark.parametrize(
    "text",
    ["-5", "5-", "(5)", "12.345", "1e3", "NaN", "1,2,3", "12 34", "1.29,50", "٣", "²"]
    + ["$5", "5 £", "USD 5", "kr. 5", "from 5", "5 each", "1,299,00", "5..0"],
)
def test_a_price_without_meaning_is_refused(tmp_path: Path, text: str) -> None:
    assert reasons_of(tmp_path, text)
    assert not Product.objects.filter(sku="m0").exists()


def test_another_currency_is_refused_by_name(tmp_path: Path, settings: Any) -> None:
    settings.CURRENCY = "USD"
    assert "Prices here are in USD" in reasons_of(tmp_path, "5 €")[0]
    assert not reasons_of(tmp_path, "$5")


@pytest.mark.parametrize(
    ("text", "stock"), [("40", 40), ("40.0", 40), ("40,00", 40), ("1 000", 1000)]
)
def test_a_whole_stock_is_read(tmp_path: Path, text: str, stock: int) -> None:
    report_of(write_csv(tmp_path / "shop.csv", HEAD, f"m0;Mug;Kitchen;1;{text}"))
    assert Product.objects.get().stock == stock


@pytest.mark.parametrize("text", ["1.000", "2,500", "-1", "1.5", "many", "3 pcs", "²"])
def test_another_stock_is_refused(tmp_path: Path, text: str) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, f"m0;Mug;Kitchen;1;{text}")
    assert report_of(file)[0][2:4] == ("stock", "failed")


@pytest.mark.parametrize("text", ["yes", "TRUE", "WAHR", "oui", "是", "Ja", "1"])
def test_yes_is_read_in_the_languages_of_spreadsheets(
    tmp_path: Path, text: str
) -> None:
    head = "sku,name,category,price,active"
    report_of(write_csv(tmp_path / "shop.csv", head, f"m0,Mug,Kitchen,1,{text}"))
    assert Product.objects.get().active
