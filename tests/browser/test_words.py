"""Words in a real browser: the box, its suggestions, and words beside a photo."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from catalogue.models import Product
from tests.builders import make_image, new_product

pytestmark = pytest.mark.slow

DESK = {"width": 1280, "height": 800}


@pytest.fixture
def goods(shop: list[Product]) -> list[Product]:
    for number, product in enumerate(shop):
        product.colour = ("red", "blue")[number % 2]
        product.save()
    return [*shop, new_product(name="Model X", category="Electronics > Phones")]


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search the shop")


def cards(page: Page) -> Locator:
    return page.locator(".found .card")


def test_words_are_answered_and_their_filters_come_off(
    phone: Page, goods: list[Product]
) -> None:
    phone.goto("/")
    box(phone).fill("red thing up to 40")
    box(phone).press("Enter")
    expect(cards(phone)).to_have_count(3)  # 0, 2 and 4
    expect(phone.get_by_role("heading", level=1)).to_contain_text("red thing")
    phone.get_by_role("link", name="Remove filter: red").click()
    expect(cards(phone)).to_have_count(5)
    expect(box(phone)).to_have_value("red thing up to 40")
    phone.reload()
    expect(cards(phone)).to_have_count(5)


def test_suggestions_are_chosen_by_keyboard(
    open_page: Any, goods: list[Product]
) -> None:
    page = open_page(viewport=DESK)
    page.goto("/")
    box(page).press_sequentially("pho")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#said")).to_have_text("2 suggestions")
    box(page).press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", "suggestion-1")
    box(page).press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    box(page).press("ArrowDown")
    box(page).press("Enter")
    expect(box(page)).to_have_value("Phones")
    expect(cards(page)).to_have_count(1)
    expect(page.locator("#suggestions")).to_be_hidden()


def test_a_suggested_product_is_opened_by_a_click(
    phone: Page, goods: list[Product]
) -> None:
    phone.goto("/search/")
    box(phone).press_sequentially("model")
    phone.get_by_role("option", name="Model X").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Model X")


def test_words_join_a_photo(phone: Page, goods: list[Product], tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(make_image(3))
    phone.goto("/search/")
    phone.locator("input[name=photo]").set_input_files(photo)
    expect(cards(phone)).to_have_count(20)
    phone.get_by_role("textbox", name="Words to add").fill("红色")
    phone.get_by_role("button", name="Add", exact=True).click()
    expect(phone.get_by_role("link", name="Remove filter: red")).to_be_visible()
    expect(phone.locator("#your-photo")).to_be_visible()
    expect(cards(phone)).to_have_count(12)  # of even numbers


def test_filters_chosen_by_hand_stay_when_words_are_added(
    open_page: Any, goods: list[Product], tmp_path: Path
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(make_image(3))
    page = open_page(viewport=DESK)
    page.goto("/search/")
    page.locator("input[name=photo]").set_input_files(photo)
    look = page.get_by_role("link", name="Same look")
    look.click()
    expect(look).to_have_attribute("aria-current", "true")
    page.get_by_label("Borea").check()
    expect(cards(page)).to_have_count(12)
    words = page.get_by_role("textbox", name="Words to add")
    words.fill("up to 100")
    words.press("Enter")
    expect(cards(page)).to_have_count(5)
    expect(page.get_by_role("link", name="Remove filter: Borea")).to_be_visible()
    words.fill("up to 50")  # in the place of the words before
    words.press("Enter")
    expect(cards(page)).to_have_count(3)
    expect(page.get_by_role("link", name="Remove filter: up to 100")).to_have_count(0)
    expect(look).to_have_attribute("aria-current", "true")


def test_words_go_without_javascript(open_page: Any, goods: list[Product]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/")
    page.locator("#q").fill("blue thing")
    page.get_by_role("button", name="Search").first.click()
    expect(cards(page)).to_have_count(12)


def test_the_box_speaks_chinese(open_page: Any, goods: list[Product]) -> None:
    page = open_page(locale="zh-CN")
    page.goto("/")
    page.get_by_role("combobox", name="搜索商品").fill("手机")
    expect(page.get_by_role("option").first).to_contain_text("Phones")
    page.get_by_role("combobox", name="搜索商品").press("Enter")
    expect(cards(page)).to_have_count(1)


def test_the_box_fits_a_phone(phone: Page, goods: list[Product]) -> None:
    for address in ("/", "/search/", "/search/?q=red thing", "/search/?q=bicycle"):
        phone.goto(address)
        wide = phone.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, address
