"""What stands out on a photo, to be searched alone, and why a picture is an answer."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from catalogue.models import Product
from search.encoders import registry
from tests.search.answers.test_boxes import photo_of_two

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _regions() -> None:
    if not registry.encoder().has_regions:
        pytest.skip("the encoder that is shipped tells no regions apart")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """`Thing 2` on the left, `Thing 9` on the right, far apart."""
    path = tmp_path / "two.png"
    path.write_bytes(photo_of_two())
    return path


def choose(page: Page, photo: Path) -> None:
    page.set_input_files("input[name=photo]", photo)
    expect(page.locator(".found .card").first).to_be_visible()


def dots(page: Page) -> Locator:
    return page.locator(".thing:visible")


def sent(page: Page) -> list[str]:
    """Return the methods of all that the page asks for from now on."""
    methods: list[str] = []
    page.on("request", lambda request: methods.append(request.method))
    return methods


# Dots


def test_a_dot_searches_for_one_thing_without_sending_the_photo(
    laptop: Page, two: Path
) -> None:
    choose(laptop, two)
    dot = dots(laptop).first
    expect(dot).to_be_visible()
    box = dot.get_attribute("data-box")
    assert box
    methods = sent(laptop)
    dot.click()
    crop = laptop.locator(".crop")
    expect(crop).to_have_attribute("data-box", box)
    expect(laptop.locator("#your-photo")).to_be_visible()
    assert set(methods) == {"GET"}
    laptop.get_by_role("button", name="Whole photo").click()
    expect(crop).to_have_attribute("data-box", "")


def test_the_other_dots_stay_when_one_is_chosen(laptop: Page, two: Path) -> None:
    choose(laptop, two)
    count = dots(laptop).count()
    dots(laptop).first.click()
    expect(laptop.locator(".crop")).not_to_have_attribute("data-box", "")
    expect(laptop.locator(".thing")).to_have_count(count)
    expect(dots(laptop)).to_have_count(count - 1)


def test_a_dot_is_a_link_for_the_keyboard_and_has_a_name(
    laptop: Page, two: Path
) -> None:
    choose(laptop, two)
    dot = laptop.get_by_role("link", name="Search for thing 1 in the photo alone")
    box = dot.get_attribute("data-box")
    assert box
    dot.focus()
    laptop.keyboard.press("Enter")
    expect(laptop.locator(".crop")).to_have_attribute("data-box", box)


def test_a_finger_taps_a_dot(phone: Page, shop: list[Product], two: Path) -> None:
    phone.goto("/search/")
    choose(phone, two)
    dot = dots(phone).first
    box = dot.get_attribute("data-box")
    place = dot.bounding_box()
    assert box and place and min(place["width"], place["height"]) >= 44
    dot.tap()
    expect(phone.locator(".crop")).to_have_attribute("data-box", box)


# Why


def test_why_lights_both_pictures_and_leads_back(laptop: Page, photo: Path) -> None:
    choose(laptop, photo)
    address = laptop.url
    laptop.get_by_role("link", name="Why Thing 3?").click()
    expect(laptop.get_by_role("heading", level=1)).to_have_text("Why this one?")
    lit = laptop.locator(".lit img")
    expect(lit).to_have_count(2)
    for picture in lit.all():
        assert picture.evaluate("image => image.decode().then(() => true)")
    expect(laptop.locator(".reasons li").first).to_contain_text("% by")
    laptop.get_by_role("link", name="Back to the results").click()
    expect(laptop.locator(".found .card").first).to_contain_text("Thing 3")
    expect(laptop.locator("#your-photo")).to_be_visible()
    assert "query=" in address


def test_why_can_be_reloaded_and_then_goes_by_numbers(
    laptop: Page, photo: Path
) -> None:
    choose(laptop, photo)
    laptop.get_by_role("link", name="Why Thing 3?").click()
    expect(laptop.locator(".lit img")).to_have_count(2)
    laptop.reload()
    expect(laptop.locator(".lit img")).to_have_count(1)
    expect(laptop.get_by_text("Your photo was not kept")).to_be_visible()


def test_why_of_a_sample_shows_the_sample(phone: Page, street: list[Product]) -> None:
    phone.goto("/search/?sample=street-3")
    phone.locator("a.why").first.tap()
    expect(phone.locator(".lit img")).to_have_count(2)


def test_why_is_told_without_javascript(
    open_page: Any, shop: list[Product], photo: Path
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/search/")
    page.set_input_files("input[name=photo]", photo)
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Why Thing 3?").click()
    expect(page.locator(".lit img")).to_have_count(1)
    page.get_by_role("link", name="Back to the results").click()
    expect(page.locator(".found .card").first).to_contain_text("Thing 3")
