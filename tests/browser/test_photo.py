"""How a photo gets in, and which part of it is searched, in a real browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from catalogue.models import Product
from tests.browser.conftest import LAPTOP
from tests.builders import draw_picture

pytestmark = pytest.mark.slow


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """`Thing 2` on the left, `Thing 9` on the right."""
    picture = Image.new("RGB", (800, 400))
    picture.paste(draw_picture(2, (400, 400)), (0, 0))
    picture.paste(draw_picture(9, (400, 400)), (400, 0))
    path = tmp_path / "both.png"
    picture.save(path)
    return path


def choose(page: Page, photo: Path) -> None:
    page.set_input_files("input[name=photo]", photo)
    expect(first_card(page)).to_be_visible()


def first_card(page: Page) -> Any:
    return page.locator(".found .card").first


def wide_as(photo: Any) -> float:
    box = photo.bounding_box()
    return float(box["width"] / box["height"])


def tap(page: Page, across: float) -> None:
    """On the photo: so far from its left, half-way down."""
    photo = page.locator("#your-photo").bounding_box()
    assert photo is not None
    x, y = photo["x"] + photo["width"] * across, photo["y"] + photo["height"] / 2
    page.touchscreen.tap(x, y)


def box_of(page: Page) -> list[float]:
    written = page.locator(".crop").get_attribute("data-box")
    assert written
    return [float(share) for share in written.split(",")]


def drop(page: Page, url: str, target: str) -> None:
    page.evaluate(
        """async ([url, target]) => {
            const blob = await (await fetch(url)).blob();
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([blob], "photo.webp", { type: blob.type }));
            for (const type of ["dragenter", "dragover", "drop"]) {
                const event = new DragEvent(type, { dataTransfer, bubbles: true });
                document.querySelector(target).dispatchEvent(event);
            }
        }""",
        [url, target],
    )


# In


def test_results_come_without_a_reload(laptop: Page, photo: Path) -> None:
    laptop.evaluate("window.same = true")
    choose(laptop, photo)
    expect(first_card(laptop)).to_contain_text("Thing 3")
    assert laptop.evaluate("window.same")
    assert "query=" in laptop.url
    expect(laptop).to_have_title("What looks like your photo · Semblance")


@pytest.mark.parametrize("target", [".drop", "h1"])
def test_a_photo_can_be_dropped_anywhere(
    laptop: Page, shop: list[Product], target: str
) -> None:
    image = shop[5].main_image
    assert image is not None
    drop(laptop, image.file.url, target)
    expect(first_card(laptop)).to_contain_text("Thing 5")


def test_a_phone_offers_its_camera(
    phone: Page, open_page: Any, shop: list[Product], photo: Path
) -> None:
    phone.goto("/search/")
    camera = phone.locator("input[capture]")
    expect(phone.locator(".shoot")).to_be_visible()
    camera.set_input_files(photo)
    expect(first_card(phone)).to_contain_text("Thing 3")
    laptop = open_page(viewport=LAPTOP)
    laptop.goto("/search/")
    expect(laptop.locator(".shoot")).to_be_hidden()


@pytest.mark.parametrize(("held", "turned"), [(1, 0), (6, 90), (3, 180), (8, 270)])
def test_a_photo_is_turned_as_it_was_held(
    laptop: Page, tmp_path: Path, held: int, turned: int
) -> None:
    picture = draw_picture(3).resize((900, 1200)).rotate(turned, expand=True)
    exif = Image.Exif()
    exif[0x0112] = held
    path = tmp_path / "held.jpg"
    picture.save(path, exif=exif, quality=95)
    choose(laptop, path)
    expect(first_card(laptop)).to_contain_text("Thing 3")
    assert wide_as(laptop.locator("#your-photo")) == pytest.approx(0.75, abs=0.02)


def test_the_focus_goes_to_the_answer_and_its_size_is_said(
    laptop: Page, photo: Path
) -> None:
    choose(laptop, photo)
    expect(laptop.get_by_role("heading", level=1)).to_be_focused()
    expect(laptop.locator("#said")).to_have_text("24 products")


def test_what_is_wrong_with_a_photo_is_said_and_focused(
    laptop: Page, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear shop,")
    laptop.set_input_files("input[name=photo]", letter)
    expect(laptop.get_by_role("alert")).to_be_focused()
    assert "query=" not in laptop.url


def test_a_shop_out_of_reach_is_said(laptop: Page, photo: Path) -> None:
    laptop.context.set_offline(True)
    laptop.set_input_files("input[name=photo]", photo)
    expect(laptop.locator("#said")).to_contain_text("cannot be reached")
    expect(laptop.locator(".preview")).to_have_count(0)
    laptop.context.set_offline(False)
    choose(laptop, photo)
    expect(first_card(laptop)).to_contain_text("Thing 3")


def test_back_goes_to_the_form_and_forward_to_the_results(
    laptop: Page, photo: Path
) -> None:
    choose(laptop, photo)
    laptop.go_back()
    expect(laptop.locator(".photo-form")).to_be_visible()
    expect(laptop.locator(".preview")).to_have_count(0)
    laptop.go_forward()
    expect(first_card(laptop)).to_contain_text("Thing 3")
    expect(laptop.locator("#your-photo")).to_be_visible()


def test_no_copy_of_a_page_stays_in_the_browser(laptop: Page, photo: Path) -> None:
    choose(laptop, photo)
    laptop.get_by_role("link", name="More results").click()
    expect(laptop.get_by_role("link", name="Previous")).to_be_visible()
    for storage in ("sessionStorage", "localStorage"):
        assert "Thing 3" not in laptop.evaluate(f"JSON.stringify({storage})")


# A part of it


def test_a_part_is_drawn_with_the_mouse_and_cleared(laptop: Page, both: Path) -> None:
    choose(laptop, both)
    photo = laptop.locator("#your-photo").bounding_box()
    assert photo is not None
    left, top, width, height = (photo[key] for key in ("x", "y", "width", "height"))
    laptop.mouse.move(left + width * 0.51, top + 2)
    laptop.mouse.down()
    laptop.mouse.move(left + width * 0.8, top + height * 0.6)
    laptop.mouse.move(left + width + 20, top + height + 20)
    laptop.mouse.up()
    expect(laptop.locator(".crop")).to_have_attribute(
        "data-box", re.compile(r"^0\.51\d\d,0\.01\d\d,0\.4")
    )
    expect(first_card(laptop)).to_contain_text("Thing 9")
    laptop.get_by_role("button", name="Whole photo").click()
    expect(laptop.locator(".crop")).to_have_attribute("data-box", "")
    expect(laptop.get_by_role("button", name="Whole photo")).to_be_hidden()


def test_a_part_is_chosen_by_keyboard(laptop: Page, both: Path) -> None:
    choose(laptop, both)
    box = laptop.get_by_role("group", name="The part of the photo that is searched")
    box.focus()
    for _ in range(13):
        laptop.keyboard.press("Shift+ArrowLeft")
    laptop.keyboard.press("Enter")
    expect(laptop.locator(".crop")).to_have_attribute(
        "data-box", "0.0000,0.0000,0.4800,1.0000"
    )
    expect(first_card(laptop)).to_contain_text("Thing 2")
    expect(box).to_be_focused()
    for _ in range(13):
        laptop.keyboard.press("ArrowRight")
    laptop.keyboard.press("Enter")
    expect(first_card(laptop)).to_contain_text("Thing 9")


def test_escape_takes_a_change_of_the_box_back(laptop: Page, both: Path) -> None:
    choose(laptop, both)
    laptop.locator("#box").focus()
    laptop.keyboard.press("Shift+ArrowLeft")
    expect(laptop.get_by_role("button", name="Whole photo")).to_be_visible()
    laptop.keyboard.press("Escape")
    expect(laptop.get_by_role("button", name="Whole photo")).to_be_hidden()


def test_a_part_is_kept_through_reload_and_back(laptop: Page, both: Path) -> None:
    choose(laptop, both)
    whole = laptop.url
    laptop.locator("#box").focus()
    for _ in range(13):
        laptop.keyboard.press("Shift+ArrowLeft")
    laptop.keyboard.press("Enter")
    expect(laptop.locator(".crop")).not_to_have_attribute("data-box", "")
    laptop.reload()
    expect(laptop.get_by_role("button", name="Whole photo")).to_be_visible()
    expect(laptop.locator("#your-photo")).to_be_visible()
    laptop.go_back()
    expect(laptop.locator(".crop")).to_have_attribute("data-box", "")
    assert laptop.url == whole
    expect(laptop.locator("#your-photo")).to_be_visible()


def test_a_finger_drags_a_corner(phone: Page, shop: list[Product], both: Path) -> None:
    phone.goto("/search/")
    choose(phone, both)
    touch = phone.context.new_cdp_session(phone)
    corner = phone.locator("[data-corner=se]").bounding_box()
    photo = phone.locator("#your-photo").bounding_box()
    assert corner is not None and photo is not None
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    for kind, away in (("touchStart", 0), ("touchMove", 0.25), ("touchMove", 0.5)):
        point = [{"x": x - photo["width"] * away, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": point})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(first_card(phone)).to_contain_text("Thing 2")


@pytest.mark.parametrize(("across", "found"), [(0.2, "Thing 2"), (0.8, "Thing 9")])
def test_a_finger_taps_a_thing(
    phone: Page, shop: list[Product], both: Path, across: float, found: str
) -> None:
    phone.goto("/search/")
    choose(phone, both)
    tap(phone, across)
    expect(phone.locator(".crop")).not_to_have_attribute("data-box", "")
    expect(first_card(phone)).to_contain_text(found)
    left, top, width, height = box_of(phone)
    assert left <= across <= left + width
    assert top <= 0.5 <= top + height
    tap(phone, left + width / 2)  # within the part
    expect(phone.locator("#main.htmx-request")).to_have_count(0)
    assert box_of(phone) == [left, top, width, height]


def test_a_click_on_the_photo_searches_there(laptop: Page, both: Path) -> None:
    choose(laptop, both)
    photo = laptop.locator("#your-photo").bounding_box()
    assert photo is not None
    laptop.mouse.click(photo["x"] + photo["width"] * 0.8, photo["y"] + 60)
    expect(laptop.locator(".crop")).not_to_have_attribute("data-box", "")
    expect(first_card(laptop)).to_contain_text("Thing 9")


def test_a_part_of_a_sample_can_be_searched(
    open_page: Any, street: list[Product]
) -> None:
    page = open_page(viewport=LAPTOP)
    page.goto("/search/?sample=street-3")
    page.locator("#box").focus()
    for _ in range(8):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".crop")).to_have_attribute(
        "data-box", "0.0000,0.0000,0.6800,1.0000"
    )
    assert "query=" in page.url
    page.reload()
    expect(page.get_by_role("button", name="Whole photo")).to_be_visible()
