"""Two people in admin at once, each in a browser of their own."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from catalogue.forms import MAX_PICTURES
from catalogue.models import Product
from tests.browser.conftest import LAPTOP, PHONE
from tests.builders import new_category, new_product
from tests.catalogue.admin_forms import LIST, change_url

pytestmark = pytest.mark.slow

WORDS = {"en-GB": "Berta changed this meanwhile. Which one counts?",
         "zh-CN": "Berta 在此期间更改了此处。以哪一个为准？"}  # fmt: skip


@pytest.fixture
def mug(transactional_db: None) -> Product:
    new_category("Bowls")
    return new_product("mug", name="Mug", stock=5, category="Cups", images=[1, 2])


@pytest.fixture
def staff_page(mug: Product, open_page: Any, live_server: Any) -> Any:
    """Return a page of somebody of staff: `staff_page("Anna", locale="zh-CN")`."""

    def staff_page(name: str, **options: Any) -> Page:
        client = Client()
        client.force_login(User.objects.create_superuser(name))
        page: Page = open_page(**{"viewport": LAPTOP, **options})
        session = client.cookies["sessionid"].value
        page.context.add_cookies(
            [{"name": "sessionid", "value": session, "url": live_server.url}]
        )
        return page

    return staff_page


def save(page: Page) -> None:
    page.locator("[name=_save]").last.click()


@pytest.mark.parametrize("locale", WORDS)
@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_who_saves_later_is_shown_both_values_and_chooses(
    staff_page: Any, mug: Product, locale: str, viewport: Any, tmp_path: Any
) -> None:
    anna = staff_page("Anna", locale=locale, viewport=viewport)
    berta = staff_page("Berta")
    for page in (anna, berta):
        page.goto(change_url(mug))
    berta.fill("#id_stock", "9")
    berta.fill("#id_brand", "Alba")
    save(berta)
    expect(berta.locator(".messagelist .success")).to_be_visible()
    anna.fill("#id_stock", "4")
    anna.fill("#id_name", "Large mug")
    save(anna)
    question = anna.locator("fieldset.conflict")
    expect(question).to_contain_text(WORDS[locale])
    assert anna.input_value("#id_brand") == "Alba"
    assert anna.evaluate("document.body.scrollWidth <= innerWidth")
    question.scroll_into_view_if_needed()
    anna.screenshot(path=tmp_path / f"conflict-{locale}-{viewport['width']}.png")
    question.locator("label").filter(has_text="9").click()
    save(anna)
    expect(anna.locator(".messagelist .success")).to_be_visible()
    mug.refresh_from_db()
    assert (mug.name, mug.stock, mug.brand) == ("Large mug", 9, "Alba")


def test_the_list_asks_in_the_cell_that_both_changed(
    staff_page: Any, mug: Product, tmp_path: Any
) -> None:
    anna, berta = staff_page("Anna"), staff_page("Berta")
    for page in (anna, berta):
        page.goto(LIST)
    berta.fill("[name=form-0-stock]", "9")
    save(berta)
    expect(berta.locator(".messagelist .success")).to_be_visible()
    anna.fill("[name=form-0-stock]", "4")
    save(anna)
    question = anna.locator("td.field-stock fieldset.conflict")
    anna.screenshot(path=tmp_path / "conflict-list.png")
    question.locator("label").filter(has_text="4").click()
    save(anna)
    expect(anna.locator(".messagelist .success")).to_be_visible()
    mug.refresh_from_db()
    assert mug.stock == 4


def test_a_double_click_sends_a_form_once(staff_page: Any, mug: Product) -> None:
    anna = staff_page("Anna")
    anna.goto(change_url(mug))
    anna.fill("#id_stock", "7")
    sent: list[str] = []
    anna.on("request", lambda each: each.method == "POST" and sent.append(each.url))
    anna.locator("[name=_save]").last.dblclick()
    expect(anna.locator(".messagelist .success")).to_be_visible()
    assert len(sent) == 1
    expect(anna.locator(".messagelist .info")).to_have_count(0)


def test_more_pictures_than_a_form_takes_are_told_before_they_are_sent(
    staff_page: Any, mug: Product
) -> None:
    anna = staff_page("Anna")
    anna.goto(change_url(mug))
    pictures = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": b"x"}
        for number in range(MAX_PICTURES + 1)
    ]
    field = anna.locator("#id_new_pictures")
    field.set_input_files(pictures)
    said = field.evaluate("input => input.validationMessage")
    assert said == f"At most {MAX_PICTURES} files and 200 MB at once. Choose fewer."
    sent: list[str] = []
    anna.on("request", lambda each: each.method == "POST" and sent.append(each.url))
    save(anna)
    assert sent == []
    field.set_input_files(pictures[1:])
    save(anna)
    expect(anna.locator(".messagelist .error")).to_be_visible()  # none is a picture
    assert len(sent) == 1
