"""axe finds nothing serious or critical, on any page, in either language."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect

from catalogue.models import Product
from search.duplicates import finding
from search.encoders import encoding, registry
from tests.builders import make_image, new_product
from tests.search.answers.test_boxes import photo_of_two

pytestmark = pytest.mark.slow

GRAVE = {"serious", "critical"}


def grave(page: Page) -> list[str]:
    """Return axe's findings on this page: rule and place."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url[:80]}: {each['id']} at {each['nodes'][0]['target']}"
        for each in found
        if each["impact"] in GRAVE
    ]


@pytest.fixture(params=["en-GB", "zh-CN"])
def visit(
    request: pytest.FixtureRequest,
    open_page: Callable[..., Page],
    street: list[Product],
) -> Iterator[Callable[[str], Page]]:
    # A moving picture is judged where it happens to be.
    page = open_page(locale=request.param, reduced_motion="reduce")

    def visit(address: str) -> Page:
        page.goto(address)
        return page

    yield visit


def test_axe_would_find_a_flaw(visit: Callable[[str], Page]) -> None:
    page = visit("/search/")
    page.evaluate("document.querySelector('input[type=file]').parentElement.remove()")
    page.evaluate("document.body.append(new Image())")
    assert any("image-alt" in each for each in grave(page))


def test_every_page_is_accessible(
    visit: Callable[[str], Page], street: list[Product], tmp_path: Path
) -> None:
    sold_out, product = street[0], street[3]
    flaws: list[str] = []
    for address in (
        *("/", "/category/home/", "/search/", "/search/?all", "/privacy/"),
        *(product.get_absolute_url(), sold_out.get_absolute_url()),
        *("/nothing-here/", f"/search/?like={product.pk}", "/search/?sample=street-3"),
        *("/search/?q=thing", "/search/?q=qqqqqq", "/search/?query=x"),
    ):
        flaws += grave(visit(address))
    photo, letter = tmp_path / "photo.jpg", tmp_path / "letter.jpg"
    photo.write_bytes(make_image(3, size=(1200, 1600)))
    letter.write_text("Dear shop,")
    page = visit("/search/")
    page.set_input_files("input[name=photo]", letter)
    expect(page.get_by_role("alert")).to_be_visible()
    flaws += grave(page)
    page = visit("/search/")
    page.set_input_files("input[name=photo]", photo)
    expect(page.locator("#your-photo")).to_be_visible()
    page.locator(".filters summary").click()
    flaws += grave(page)
    page.locator("button[name=right]").first.click()
    expect(page.locator("p.verdict")).to_be_visible()
    flaws += grave(page)
    if registry.encoder().has_regions:
        page.locator("a.why").first.click()
        expect(page.locator(".why-page")).to_be_visible()
        flaws += grave(page)
        photo.write_bytes(photo_of_two())
        page = visit("/search/")
        page.set_input_files("input[name=photo]", photo)
        expect(page.locator(".thing").first).to_be_visible()
        flaws += grave(page)
    # As without JavaScript: what is said to a verdict is a page of its own.
    page.locator("#verdicts").evaluate("form => form.submit()")
    expect(page.locator("h1.verdict")).to_be_visible()
    flaws += grave(page)
    assert flaws == []


def test_every_page_of_staff_is_accessible_and_fits_a_phone(
    visit: Callable[[str], Page], street: list[Product], admin_client: Client
) -> None:
    twin = new_product("twin", images=[3])
    encoding.encode_missing()
    for image in twin.images.all():
        finding.compare(image)
    flaws: list[str] = []
    # All but the list of categories: treebeard makes its links, without names.
    page = visit("/admin/login/")
    flaws += grave(page)
    session = {"name": "sessionid", "value": admin_client.cookies["sessionid"].value}
    page.context.add_cookies(
        [{**session, "url": page.url.removesuffix("admin/login/")}]
    )
    for address in (
        *("", "search/resemblance/", "search/goldenquery/", "search/missed/"),
        *("search/goldenquery/photo/", "search/snapshot/", "search/encoder/"),
        *("search/feedback/", "catalogue/product/", "catalogue/category/add/"),
        *("catalogue/product/add/", f"catalogue/product/{twin.pk}/change/"),
        *("catalogue/catalogueimport/", "catalogue/catalogueimport/add/"),
        *("access/appkey/", "access/appkey/add/"),
    ):
        flaws += grave(visit(f"/admin/{address}"))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            flaws.append(f"{address} is wider than a phone")
    queue = visit("/admin/search/resemblance/").locator(".results")
    assert "twin" in queue.inner_text()
    assert queue.evaluate("list => list.scrollWidth <= list.clientWidth")
    assert flaws == []


def test_nothing_moves_while_the_search_page_and_its_results_come(
    visit: Callable[[str], Any], tmp_path: Path
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(make_image(3, size=(1200, 1600)))
    page = visit("/search/")
    moved = """() => new Promise((done) => new PerformanceObserver((list) => done(
        list.getEntries().filter((each) => !each.hadRecentInput)
            .reduce((sum, each) => sum + each.value, 0)
    )).observe({ type: "layout-shift", buffered: true }) || setTimeout(done, 300, 0))"""
    # A page painted before all of it came may move by a hair: .1 is "good".
    assert page.evaluate(moved) == pytest.approx(0, abs=0.01)
    page.set_input_files("input[name=photo]", photo)
    expect(page.locator("#your-photo")).to_be_visible()
    assert page.evaluate(moved) == pytest.approx(0, abs=0.01)
