"""What a card shows is what the models say, in one query."""

from decimal import Decimal
from typing import Any

import pytest

from catalogue.cards import cards
from catalogue.media import thumbnails
from catalogue.models import Product
from tests.builders import new_product

pytestmark = [pytest.mark.database, pytest.mark.django_db]

FIELDS = (
    *("pk", "id", "sku", "name", "slug", "brand", "colour", "price", "stock"),
    *("currency", "in_stock"),
)


def test_a_card_says_what_the_models_say(django_assert_num_queries: Any) -> None:
    some = [
        new_product("A", images=[1, 2], brand="Alba", price=Decimal("12.30"), stock=2),
        new_product("B", category="Home > Mugs", price=Decimal("0.07"), stock=0),
    ]
    first, second = some[0].images.all()
    first.position, second.position = 2, 1
    first.save(), second.save()  # noqa: B018
    with django_assert_num_queries(1):
        found = cards([each.pk for each in some])
    for product in Product.objects.for_list():
        card = found[product.pk]
        for name in FIELDS:
            assert getattr(card, name) == getattr(product, name)
        assert card.get_absolute_url() == product.get_absolute_url()
        assert (card.category.slug, card.category.name) == (
            *(product.category.slug, product.category.name),
        )
    picture = found[some[0].pk].main_image
    assert picture is not None
    assert (picture.pk, picture.file) == (second.pk, str(second.file))
    assert (picture.width, picture.height) == (second.width, second.height)
    assert thumbnails.card_url(picture.file) == second.card.url
    assert found[some[1].pk].main_image is None


def test_what_is_hidden_or_gone_has_no_card() -> None:
    hidden = new_product("A", active=False)
    assert cards([hidden.pk, hidden.pk + 1]) == {}
    assert cards([]) == {}


def test_where_a_thumbnail_is_stays_known(monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(new_product("A", images=[1]).images.get().file)
    url = thumbnails.card_url(file)
    asked: list[Any] = []
    monkeypatch.setattr(thumbnails, "url_of", asked.append)
    assert thumbnails.card_url(file) == url
    assert asked == []
    thumbnails.forget()
    thumbnails.card_url(file)
    assert len(asked) == 1
