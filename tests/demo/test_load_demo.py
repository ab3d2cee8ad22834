"""The demo shop, loaded into a catalogue."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

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
