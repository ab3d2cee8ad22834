"""The demo shop, loaded into a catalogue."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalogue.importing import importer
from catalogue.importing.plans import write
from catalogue.models import Product, ProductImage
from demo.management.commands import load_demo
from tests.builders import make_image
from tests.catalogue.import_files import HEAD, MUG, put, write_csv

pytestmark = pytest.mark.django_db


def test_the_demo_fills_only_an_empty_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_demo, "PICTURES", tmp_path)
    (tmp_path / "images").mkdir()
    put(tmp_path / "images", a=make_image(1))
    write_csv(tmp_path / "catalogue.csv", HEAD, MUG + "a.jpg")
    for _ in range(2):
        call_command("load_demo", stdout=io.StringIO())
    assert ProductImage.objects.count() == 1
    write_csv(tmp_path / "catalogue.csv", HEAD, MUG, "m2,Cup,Kitchen,1,")
    call_command("load_demo", force=True, stdout=io.StringIO())
    assert Product.objects.count() == 2


def test_a_missing_demo_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_demo, "PICTURES", tmp_path)
    with pytest.raises(CommandError, match=r"catalogue\.csv is missing"):
        call_command("load_demo")


def test_a_load_that_was_killed_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_demo, "PICTURES", tmp_path)
    (tmp_path / "images").mkdir()
    write_csv(tmp_path / "catalogue.csv", HEAD, MUG, "m2,Cup,Kitchen,1,")
    written = []

    def write_once(plan: Any) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(plan)
        write(plan)

    with monkeypatch.context() as patch:
        patch.setattr(importer, "write", write_once)
        with pytest.raises(KeyboardInterrupt):
            call_command("load_demo", stdout=io.StringIO())
    assert Product.objects.count() == 1
    call_command("load_demo", stdout=io.StringIO())
    assert Product.objects.count() == 2


def test_a_demo_product_that_was_deleted_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_demo, "PICTURES", tmp_path)
    (tmp_path / "images").mkdir()
    write_csv(tmp_path / "catalogue.csv", HEAD, MUG, "m2,Cup,Kitchen,1,")
    call_command("load_demo", stdout=io.StringIO())
    Product.objects.get(sku="m2").delete()
    call_command("load_demo", stdout=io.StringIO())
    assert Product.objects.count() == 1
