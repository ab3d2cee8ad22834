"""Search by photo in admin, and the photos that staff keep to watch over it."""

import base64
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from catalogue.models import Product
from search.encoders import filling, registry
from search.golden import report
from search.models import ImageCode
from search.models.golden import GoldenQuery
from search.rollout import switching
from tests.builders import draw_picture, make_image
from tests.search import variants
from tests.search.shops import open_shop, photo

pytestmark = pytest.mark.django_db

SEARCH = reverse("admin:search_goldenquery_photo")
SAVE = reverse("admin:search_goldenquery_save")
LIST = reverse("admin:search_goldenquery_changelist")


@pytest.fixture
def shop(db: None) -> list[Product]:
    return open_shop()


def find(client: Client, content: bytes) -> Any:
    return client.post(SEARCH, {"photo": photo(content)})


def keep(product: Product, seed: int) -> GoldenQuery:
    return report.keep(draw_picture(seed), product)


def test_staff_searches_by_photo_in_admin(
    admin_client: Client, shop: list[Product]
) -> None:
    shown = find(admin_client, make_image(3))
    assert shown.context["answer"].results[0].product.pk == shop[3].pk
    assert reverse("admin:catalogue_product_change", args=[shop[3].pk]) in (
        shown.content.decode()
    )
    assert not GoldenQuery.objects.exists()


def test_what_is_no_picture_is_said(admin_client: Client, shop: list[Product]) -> None:
    assert "not a picture" in find(admin_client, b"Dear shop,").content.decode()


def test_without_a_gallery_it_is_said(admin_client: Client) -> None:
    shown = find(admin_client, make_image(3))
    assert shown.status_code == 200
    assert shown.context["form"].errors["photo"]


def test_a_photo_is_saved_with_its_product(
    admin_client: Client, shop: list[Product]
) -> None:
    picture = find(admin_client, make_image(3)).context["picture"]
    fields = {"picture": picture, "product": shop[3].pk, "note": "from above"}
    listed = admin_client.post(SAVE, fields, follow=True)
    query = GoldenQuery.objects.get()
    assert (query.product, query.note, query.rank) == (shop[3], "from above", 1)
    assert query.photo.url in listed.content.decode()


@pytest.mark.parametrize("picture", ["", "no base64", base64.b64encode(b"x").decode()])
def test_what_is_no_photo_is_not_saved(
    admin_client: Client, shop: list[Product], picture: str
) -> None:
    admin_client.post(SAVE, {"picture": picture, "product": shop[3].pk})
    assert not GoldenQuery.objects.exists()


def test_the_photo_goes_with_its_query(
    shop: list[Product], django_capture_on_commit_callbacks: Any
) -> None:
    query = keep(shop[3], 3)
    storage, name = query.photo.storage, query.photo.name
    assert storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        shop[3].delete()
    assert not storage.exists(name)


def test_every_build_reports_them(shop: list[Product], capsys: Any) -> None:
    found, lost = keep(shop[3], 3), keep(shop[4], 77)
    shop[4].images.all().delete()
    call_command("build_snapshot")
    told = capsys.readouterr().out
    assert "1 of 2 find their product" in told
    assert shop[4].name in told.partition("Lost:")[2]
    found.refresh_from_db()
    lost.refresh_from_db()
    assert (found.rank, lost.rank) == (1, None)


def test_the_list_says_which_are_lost(
    admin_client: Client, shop: list[Product]
) -> None:
    keep(shop[3], 3)
    GoldenQuery.objects.update(rank=None, ranked="2026-01-01T00:00:00Z")
    assert "lost" in admin_client.get(LIST).content.decode()


def blinded(folder: Path, product: Product) -> str:
    """Return a ready encoder that does not find this product."""
    row = switching.add(variants.another_network(folder))
    filling.fill(row)
    code = ImageCode.objects.by(row.fingerprint).get(image__product=product)
    opposite = -np.frombuffer(code.embedding, np.int8)
    code.embedding = opposite.tobytes()
    code.code = registry.load(row).layer.codes(opposite[np.newaxis])[0].tobytes()
    code.save()
    return row.name


def test_a_switch_that_loses_one_says_so_before_and_needs_a_word_more(
    tmp_path: Path,
) -> None:
    shop = open_shop(8)
    keep(shop[3], 3)
    keep(shop[5], 5)
    name = blinded(tmp_path / "blind", shop[3])
    before = registry.encoder().fingerprint
    with patch.object(filling, "verify"):
        with pytest.raises(CommandError, match="loses 1 golden quer.*Thing 3") as said:
            call_command("switch_encoder", name)
        assert "--accept-lost" in str(said.value)
        assert registry.encoder().fingerprint == before
        out = StringIO()
        call_command("switch_encoder", name, accept_lost=True, stdout=out)
    assert registry.encoder().fingerprint != before
    assert "1 of 2 find their product. Lost: Thing 3" in out.getvalue()


def test_a_switch_that_loses_none_asks_nothing(tmp_path: Path) -> None:
    shop = open_shop(8)
    keep(shop[3], 3)
    row = switching.add(variants.another_network(tmp_path / "foreign"))
    filling.fill(row)
    switching.switch(row.name)
    assert registry.encoder().fingerprint == row.fingerprint
