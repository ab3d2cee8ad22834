from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from catalogue.models import Product
from search.web import samples
from tests.builders import make_image
from tests.search.shops import lay_out_street, open_shop

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 800}


@pytest.fixture
def shop(transactional_db: None) -> list[Product]:
    """Two pages of results: 20 and 4."""
    return open_shop(24)


@pytest.fixture
def street(
    shop: list[Product], tmp_path: Path, settings: Any
) -> Iterator[list[Product]]:
    lay_out_street(tmp_path, [product.sku for product in shop[:14]])
    settings.SAMPLE_PHOTOS = tmp_path
    samples._samples_by_name.cache_clear()
    yield shop
    samples._samples_by_name.cache_clear()


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Any]:
    """Return a function that opens a page: `open_page(locale="zh-CN")`.

    Its options are those of Playwright's `new_context`. An error in a script fails the
    test.
    """
    contexts, errors = [], []

    def open_page(**options: Any) -> Page:
        options = {"viewport": PHONE, "locale": "en-GB", **options}
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def phone(open_page: Any) -> Page:
    return open_page(has_touch=True, is_mobile=True)


@pytest.fixture
def laptop(open_page: Any, shop: list[Product]) -> Page:
    page: Page = open_page(viewport=LAPTOP)
    page.goto("/search/")
    return page


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Of `Thing 3`."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(make_image(3, size=(1200, 1600)))
    return path
