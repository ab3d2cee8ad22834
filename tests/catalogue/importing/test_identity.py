"""One product, category or file for all the spellings of its name."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.identity import folded, normal_form
from catalogue.models import Category, Product
from tests.builders import new_product
from tests.catalogue.import_files import report_of, run_import, write_csv

HEAD = "sku,name,category,price"


@given(st.text())
def test_a_normal_form_is_its_own(name: str) -> None:
    assert normal_form(normal_form(name)) == normal_form(name)
    assert folded(folded(name)) == folded(name)


@given(st.text())
def test_a_normal_form_is_the_same_for_every_unicode_form(name: str) -> None:
    assert normal_form(unicodedata.normalize("NFD", name)) == normal_form(name)


SPELLINGS = [
    "TR-010\u200b",
    "\ufeffTR-010",
    " TR-010 ",
    "\u00a0TR-010\u3000",
    "TR-\u00ad010",
    "\u202aTR-010\u202c",
    "TR\u2060-010",
]


@pytest.mark.django_db
@pytest.mark.parametrize("written", SPELLINGS)
def test_invisible_characters_make_no_other_product(
    tmp_path: Path, written: str
) -> None:
    rows = ["TR-010,Cup,Kitchen,3", f"{written},Again,Kitchen,4"]
    first, second = report_of(write_csv(tmp_path / "shop.csv", HEAD, *rows))[:2]
    assert first[3] == "created"
    assert second[1:4] == ("TR-010", "sku", "failed") and "line 2" in second[4]
    assert Product.objects.get().sku == "TR-010"


@pytest.mark.django_db
@pytest.mark.parametrize("written", SPELLINGS)
def test_a_product_is_found_by_every_spelling_of_its_sku(
    tmp_path: Path, written: str
) -> None:
    new_product("TR-010", stock=1)
    run_import(write_csv(tmp_path / "shop.csv", "sku,stock", f"{written},7"))
    assert Product.objects.get(sku=written).stock == 7
    assert Product.objects.get().sku == "TR-010"


@pytest.mark.django_db
def test_what_was_changed_in_a_sku_is_reported(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "shop.csv", HEAD, "A\u200b  1,Cup,Kitchen,3")
    notes = [(row[1:4], row[4]) for row in report_of(file)]
    assert notes == [
        (("A 1", "sku", "created"), "Invisible characters were removed."),
        (("A 1", "sku", "created"), "Repeated white space became one space."),
    ]


@pytest.mark.django_db
def test_upper_and_lower_case_of_a_sku_are_two_products(tmp_path: Path) -> None:
    run_import(write_csv(tmp_path / "shop.csv", HEAD, "a,C,K,1", "A,C,K,1"))
    assert Product.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "written",
    [
        "Küche > Töpfe",
        "Ku\u0308che > To\u0308pfe",
        "KÜCHE>töpfe",
        "Küche\u200b >  Töpfe",
    ]
    + [" Küche ＞ Töpfe", "\ufeffKüche > Töpfe"],
)
def test_a_category_is_one_for_all_its_spellings(tmp_path: Path, written: str) -> None:
    rows = ["m1,Topf,Küche > Töpfe,3", f"m2,Topf,{written},4"]
    run_import(write_csv(tmp_path / "shop.csv", HEAD, *rows))
    assert sorted(Category.objects.values_list("name", flat=True)) == ["Küche", "Töpfe"]
    assert Product.objects.filter(category__name="Töpfe").count() == 2


@pytest.mark.django_db
def test_a_new_category_goes_below_the_one_that_is_meant(tmp_path: Path) -> None:
    rows = ["m1,Topf,Küche > Töpfe,3", "m2,Pfanne,küche > Pfannen,4"]
    *_first, note = report_of(write_csv(tmp_path / "shop.csv", HEAD, *rows))
    assert note[2:] == ("category", "created", "It was taken for “Küche > Pfannen”.")
    assert Category.objects.filter(depth=1).count() == 1


@pytest.mark.django_db
def test_case_tells_categories_apart_where_both_are_there(tmp_path: Path) -> None:
    Category.objects.at_path(["LED"])
    Category.objects.add_root(instance=Category(name="Led", slug="other"))
    rows = ["m1,Lamp,led,3", "m2,Lamp,Led,4", "m3,Lamp,LED,4"]
    run_import(write_csv(tmp_path / "shop.csv", HEAD, *rows))
    names = Product.objects.order_by("sku").values_list("category__name", flat=True)
    assert list(names) == ["led", "Led", "LED"]


@pytest.mark.django_db
@pytest.mark.database
def test_a_long_category_path_has_a_slug_that_fits(tmp_path: Path) -> None:
    long = (
        "Clothing accessories and replacement parts for household appliances or gardens"
    )
    names = [long, f"{long}, large", f"{long}, small"]
    rows = [f'm{n},One,"{" > ".join(names[: n + 1])}",1' for n in range(3)]
    rows += [f'n{n},One,"{names[0]} > {names[0]} > {name}",1' for n, name in
             enumerate(names)]  # fmt: skip
    run_import(write_csv(tmp_path / "shop.csv", HEAD, *rows))
    slugs = list(Category.objects.values_list("slug", flat=True))
    assert Product.objects.count() == 6
    assert len(set(slugs)) == len(slugs) == 7
    assert max(map(len, slugs)) <= 200
    for category in Category.objects.all():
        category.full_clean()


@pytest.mark.django_db
def test_the_same_file_twice_is_as_once(tmp_path: Path) -> None:
    rows = ["A\u200b1,Cu\u0308p\ufeff,KU\u0308CHE,3", "a2,Cup,Küche,12,50"]
    rows[1] = 'a2,Cup,Küche,"12,50"'
    file = write_csv(tmp_path / "shop.csv", HEAD, *rows)
    assert run_import(file)["created"] == 2
    assert run_import(file)["unchanged"] == 2
