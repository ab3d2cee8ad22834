"""Names of categories in answers: as of a second ago at most."""

import pytest

from catalogue.models import Category
from search.words import categories
from search.words.categories import CategoryNode, recent_tree
from tests.builders import new_category

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def path_of(category: Category) -> list[str]:
    tree = recent_tree([category.pk])
    return [node.name for node in tree.ancestors(category.pk)]


def test_a_category_is_named_with_those_above_it() -> None:
    desk = new_category("Home > Lamps > Desk")
    assert path_of(desk) == ["Home", "Lamps", "Desk"]
    assert [node.depth for node in recent_tree([]).ancestors(desk.pk)] == [1, 2, 3]


def test_what_is_new_or_changed_here_is_known_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(categories, "CACHE_SECONDS", 3600.0)
    home = new_category("Home")
    assert path_of(home) == ["Home"]
    garden = new_category("Garden")
    assert path_of(garden) == ["Garden"]
    garden.name = "Yard"
    garden.save()
    assert path_of(garden) == ["Yard"]


def test_what_another_process_changed_is_seen_after_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = new_category("Home")
    assert path_of(home) == ["Home"]
    Category.objects.filter(pk=home.pk).update(name="House")  # sends no signal
    monkeypatch.setattr(categories, "CACHE_SECONDS", 0.0)
    assert path_of(home) == ["House"]


def test_categories_are_not_asked_for_again_at_each_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(categories, "CACHE_SECONDS", 3600.0)
    home = new_category("Home")
    first = recent_tree([home.pk])
    assert recent_tree([home.pk]) is first
    assert isinstance(first.by_id[home.pk], CategoryNode)
