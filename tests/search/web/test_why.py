"""Why a picture is in an answer: told with the photo, or by its numbers alone."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from catalogue.models import Product
from search.encoders import registry
from tests.builders import make_image
from tests.search.shops import open_shop, photo, send, words

pytestmark = pytest.mark.django_db

WHY = "/search/why/"


@pytest.fixture
def shop(db: None) -> list[Product]:
    if not registry.encoder().has_regions:
        pytest.skip("the encoder that is shipped tells no regions apart")
    return open_shop()


def first(client: Client) -> dict[str, Any]:
    """Return the fields that ask why the first answer is there."""
    page = send(client, make_image(3)).context["page"]
    answer = page.answer
    return {"query": answer.query, "image": answer.results[0].image_id}


def test_both_pictures_are_lit_where_they_agree(
    client: Client, shop: list[Product]
) -> None:
    fields = first(client)
    shown = client.post(WHY, {**fields, "photo": photo(make_image(3))})
    why = shown.context["why"]
    assert why.query.startswith("data:image/webp") and why.answer.startswith("data:")
    assert why.agreement > 90
    assert sum(reason.percent for reason in why.reasons) > 80
    assert "In your photo most of it is" in words(shown)
    assert shop[3].name in words(shown)


def test_without_the_photo_it_is_told_by_its_numbers(
    client: Client, shop: list[Product]
) -> None:
    shown = client.get(WHY, first(client))
    assert shown.context["why"].query == ""
    assert shown.context["why"].agreement > 90
    assert "was not kept" in words(shown)


def test_a_product_is_explained_by_its_own_picture(
    client: Client, shop: list[Product]
) -> None:
    page = client.get("/search/", {"like": shop[3].pk}).context["page"]
    url = f"{page.why_url}{page.answer.results[0].image_id}"
    assert client.get(url).context["why"].query.startswith("data:")


def test_every_result_leads_to_its_reason(client: Client, shop: list[Product]) -> None:
    shown = send(client, make_image(3)).content.decode()
    assert shown.count('class="like why"') == len(shop)


def test_nothing_is_written_for_it(client: Client, shop: list[Product]) -> None:
    fields = first(client)

    def files() -> set[Path]:
        return {path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file()}

    before = files()
    client.post(WHY, {**fields, "photo": photo(make_image(3))})
    new = {path for path in files() - before if "sqlite" not in path.name}
    assert new == set()


@pytest.mark.parametrize(
    "broken", [{"query": "x"}, {"image": "x"}, {"image": "-1"}, {"image": "9" * 30}]
)
def test_nonsense_leads_back_to_the_search(
    client: Client, shop: list[Product], broken: dict[str, str]
) -> None:
    shown = client.get(WHY, {**first(client), **broken})
    assert (shown.status_code, shown["Location"]) == (302, "/search/")


def test_what_is_no_photo_is_said(client: Client, shop: list[Product]) -> None:
    shown = client.post(WHY, {**first(client), "photo": photo(b"Dear shop,")})
    assert shown.status_code == 200
    assert "cannot be told" in words(shown)


def test_a_picture_that_is_hidden_is_not_explained(
    client: Client, shop: list[Product]
) -> None:
    fields = first(client)
    Product.objects.filter(images=fields["image"]).update(active=False)
    assert client.get(WHY, fields).status_code == 404


def test_an_encoder_without_regions_offers_no_reasons(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(registry.encoder()), "has_regions", False)
    open_shop()
    shown = send(client, make_image(3))
    assert 'class="like why"' not in shown.content.decode()
    assert "cannot be told" in words(client.get(WHY, first(client)))
