"""The Content-Security-Policy stops nothing that the shop itself does."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from catalogue.models import Product
from tests.builders import make_image

pytestmark = pytest.mark.slow

WIDE = {"width": 1280, "height": 900}
STAFF = (
    *("", "catalogue/product/", "catalogue/product/add/", "catalogue/category/"),
    *("catalogue/catalogueimport/add/", "search/snapshot/"),
)


@pytest.fixture
def violations() -> list[str]:
    return []


@pytest.fixture
def page(open_page: Any, street: list[Product], violations: list[str]) -> Page:
    def note(message: Any) -> None:
        if "Content Security Policy" in message.text:
            violations.append(message.text)

    opened: Page = open_page(viewport=WIDE)
    opened.on("console", note)
    return opened


def test_a_violation_would_be_seen(page: Page, violations: list[str]) -> None:
    page.goto("/search/")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.inline = true";
        document.body.append(script);
    }""")
    assert page.evaluate("window.inline") is None
    assert len(violations) == 1


def test_the_shops_pages_keep_to_the_policy(
    page: Page, street: list[Product], violations: list[str], tmp_path: Path
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(make_image(3, size=(1200, 1600)))
    for address in ("/", "/category/home/", street[0].get_absolute_url(), "/privacy/"):
        page.goto(address, wait_until="networkidle")
    page.goto("/nothing-here/")
    page.goto("/search/")
    page.set_input_files("input[name=photo]", photo)
    expect(page.locator("#your-photo")).to_be_visible()
    page.locator("#box").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".crop")).not_to_have_attribute("data-box", "")
    page.get_by_role("link", name="More like Thing").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("More like Thing")
    assert violations == []


def test_admin_keeps_to_the_policy(
    page: Page, street: list[Product], violations: list[str]
) -> None:
    get_user_model().objects.create_superuser("staff", password="secret")
    page.goto("/admin/")
    page.fill("input[name=username]", "staff")
    page.fill("input[name=password]", "secret")
    page.click("input[type=submit]")
    for address in (*STAFF, f"catalogue/product/{street[0].pk}/change/"):
        answer = page.goto(f"/admin/{address}", wait_until="networkidle")
        assert answer is not None and answer.ok, address
    assert violations == []


def test_the_apis_docs_work_under_the_policy(page: Page, violations: list[str]) -> None:
    page.goto("/api/v1/docs/")
    expect(page.get_by_text("/api/v1/search/photo/").first).to_be_visible()
    assert violations == []
