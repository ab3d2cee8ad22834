"""A shopper's ways through the shop, in a real browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from catalogue.models import Product
from search.models import Feedback
from tests.builders import make_image

pytestmark = pytest.mark.slow


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Of `Thing 3`, as large as a phone's."""
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(make_image(3, size=(3000, 4000)))
    return path


def choose(page: Page, photo: Path) -> None:
    page.set_input_files("input[name=photo]", photo)


def cards(page: Page) -> Any:
    return page.locator(".found .card")


def no_wider_than_the_screen(page: Page) -> bool:
    # Not innerWidth: a phone zooms out until all fits.
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")


def test_a_photo_chosen_on_a_phone_is_answered(
    phone: Page, shop: list[Product], photo: Path
) -> None:
    phone.goto("/")
    assert no_wider_than_the_screen(phone)
    with phone.expect_request(lambda request: request.method == "POST") as sent:
        choose(phone, photo)
    expect(cards(phone).first).to_contain_text("Thing 3")
    assert int(sent.value.all_headers()["content-length"]) < 200_000
    expect(phone.locator("#your-photo")).to_be_visible()
    assert no_wider_than_the_screen(phone)


def test_results_can_be_reloaded_and_shared(
    phone: Page, open_page: Any, shop: list[Product], photo: Path
) -> None:
    phone.goto("/search/")
    choose(phone, photo)
    expect(cards(phone).first).to_be_visible()
    phone.reload()
    expect(cards(phone).first).to_contain_text("Thing 3")
    expect(phone.locator("#your-photo")).to_be_visible()

    friend = open_page()
    friend.goto(phone.url)
    expect(cards(friend).first).to_contain_text("Thing 3")
    expect(friend.locator("#your-photo")).to_be_hidden()


def test_a_photo_can_be_pasted(
    open_page: Any, shop: list[Product], photo: Path
) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.goto("/search/")
    page.evaluate(
        """async (url) => {
            const blob = await (await fetch(url)).blob();
            const data = new DataTransfer();
            data.items.add(new File([blob], "photo.webp", { type: "image/webp" }));
            const paste = new ClipboardEvent("paste", { clipboardData: data });
            document.dispatchEvent(paste);
        }""",
        shop[5].main_image.card.url,
    )
    expect(cards(page).first).to_be_visible()


def test_a_sample_is_answered(phone: Page, street: list[Product]) -> None:
    phone.goto("/search/")
    expect(phone.locator(".samples img")).to_have_count(12)
    phone.get_by_role("link", name="Sample photo 3").click()
    expect(cards(phone).first).to_be_visible()
    expect(phone.locator(".yours img")).to_be_visible()
    phone.go_back()
    phone.get_by_role("link", name="More samples").click()
    expect(phone.locator(".samples img")).to_have_count(14)


def test_without_javascript_the_form_works(
    open_page: Any, shop: list[Product], photo: Path
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/search/")
    expect(page.locator(".shoot")).to_be_hidden()  # a script would hand its photo on
    choose(page, photo)
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(cards(page).first).to_contain_text("Thing 3")
    page.get_by_role("link", name="More results").click()
    expect(cards(page)).to_have_count(4)
    page.get_by_role("link", name="Link to these results").click()
    expect(cards(page).first).to_contain_text("Thing 3")


def test_a_result_alone_has_its_words_beside_its_picture(
    phone: Page, shop: list[Product]
) -> None:
    Product.objects.filter(pk=shop[4].pk).update(
        name="A tall and slender thing with a lid, three feet and a handle of brass"
    )
    phone.goto(f"/search/?q={shop[4].sku}")
    expect(cards(phone)).to_have_count(1)
    picture = cards(phone).locator(".picture").bounding_box()
    name = cards(phone).locator(".name").bounding_box()
    last = cards(phone).locator(".like").last.bounding_box()
    below = phone.locator(".share").bounding_box()
    assert picture and name and last and below
    assert name["x"] >= picture["x"] + picture["width"]
    assert below["y"] >= last["y"] + last["height"]
    assert below["y"] >= picture["y"] + picture["height"]


def test_no_picture_is_refused_at_the_form(
    phone: Page, shop: list[Product], tmp_path: Path
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear shop,")
    phone.goto("/search/")
    choose(phone, letter)
    expect(phone.get_by_role("alert")).to_contain_text("not a picture")
    expect(phone.locator("input[name=photo]")).to_be_attached()


def test_filters_narrow_the_results_and_come_off(
    phone: Page, shop: list[Product], photo: Path
) -> None:
    phone.goto("/search/")
    choose(phone, photo)
    phone.locator(".filters summary").click()
    phone.get_by_label("Borea").check()
    phone.get_by_label("To", exact=True).fill("100")
    phone.get_by_label("Category").select_option("kind-1")
    phone.get_by_role("button", name="Show").click()
    # Things 1, 3, 5, 7 and 9.
    expect(cards(phone)).to_have_count(5)
    expect(cards(phone).first).to_contain_text("Thing 3")
    expect(phone.locator("#your-photo")).to_be_visible()
    phone.get_by_role("link", name="Remove filter: up to 100").click()
    expect(cards(phone)).to_have_count(12)
    phone.get_by_role("link", name="Clear all").click()
    expect(cards(phone)).to_have_count(20)


def test_there_is_a_next_page_and_a_way_back(
    phone: Page, shop: list[Product], photo: Path
) -> None:
    phone.goto("/search/")
    choose(phone, photo)
    first = cards(phone).first.inner_text()
    phone.get_by_role("link", name="More results").click()
    expect(cards(phone)).to_have_count(4)
    expect(phone.get_by_role("link", name="More results")).to_have_count(0)
    phone.get_by_role("link", name="Previous").click()
    expect(cards(phone).first).to_have_text(first, use_inner_text=True)


def test_a_result_is_judged_without_a_reload(
    phone: Page, shop: list[Product], photo: Path
) -> None:
    phone.goto("/search/")
    choose(phone, photo)
    phone.get_by_role("button", name="Right: Thing 3").tap()
    thanks = cards(phone).first.locator(".verdict")
    expect(thanks).to_have_text("Thank you. That helps.")
    expect(thanks).to_be_focused()
    expect(phone.locator("#said")).to_have_text("Thank you. That helps.")
    expect(phone.locator("#your-photo")).to_be_visible()
    assert Feedback.objects.get().product == shop[3]


def test_a_result_is_judged_without_javascript(
    open_page: Any, shop: list[Product], photo: Path
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/search/")
    choose(page, photo)
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Not what I meant: Thing 3").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert Feedback.objects.get().verdict == "wrong"
    page.get_by_role("link", name="Back to the results").click()
    expect(cards(page).first).to_contain_text("Thing 3")


def test_the_first_result_is_seen_at_once_on_a_phone(
    phone: Page, shop: list[Product], photo: Path
) -> None:
    phone.goto("/search/")
    choose(phone, photo)
    expect(phone.locator("#your-photo")).to_be_visible()
    place = cards(phone).first.bounding_box()
    assert place is not None
    assert place["y"] < 0.6 * 844


def test_more_like_one_of_the_results(
    phone: Page, shop: list[Product], photo: Path
) -> None:
    phone.goto("/search/")
    choose(phone, photo)
    phone.get_by_role("link", name="More like Thing 3").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("More like Thing 3")
    expect(phone.locator(".model img")).to_be_visible()
    expect(cards(phone).first).to_be_visible()
    phone.go_back()
    expect(phone.locator("#your-photo")).to_be_visible()


def test_the_shop_speaks_chinese(
    open_page: Any, shop: list[Product], photo: Path
) -> None:
    page = open_page(locale="zh-CN")
    page.goto("/search/")
    expect(page.get_by_role("heading", level=1)).to_have_text("用照片搜索")
    choose(page, photo)
    expect(cards(page).first).to_contain_text("Thing 3")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Another photo")).to_be_visible()
    expect(cards(page).first).to_contain_text("Thing 3")


def test_from_the_shop_to_a_product_and_to_what_is_like_it(
    phone: Page, shop: list[Product]
) -> None:
    phone.goto("/")
    phone.locator(".tiles").get_by_role("link", name="Home").click()
    phone.get_by_role("link", name="Kind 1").click()
    phone.get_by_role("link", name="Thing 3", exact=False).last.click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Thing 3")
    phone.get_by_role("region", name="Looks similar").get_by_role("link").first.click()
    expect(phone.get_by_role("heading", level=1)).not_to_have_text("Thing 3")


def test_pages_fit_a_phone_and_load_all_that_they_name(
    phone: Page, street: list[Product]
) -> None:
    failed: list[str] = []
    phone.on("requestfailed", lambda request: failed.append(request.url))
    phone.on(
        "response",
        lambda answer: failed.append(answer.url) if answer.status >= 400 else None,
    )
    for address in ("/", "/category/home/", shop_page(street), "/search/"):
        phone.goto(address, wait_until="networkidle")
        assert no_wider_than_the_screen(phone), address
    assert failed == []


def shop_page(products: list[Product]) -> str:
    return products[0].get_absolute_url()


def test_the_photo_form_is_reached_by_keyboard(
    open_page: Any, shop: list[Product]
) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.goto("/search/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("input[name=photo]")).to_be_focused()
