import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.slow


def test_the_browser_reaches_the_shop(page: Page) -> None:
    answer = page.goto("/admin/login/")
    assert answer is not None and answer.ok
    assert page.locator("input[name=username]").is_visible()


def test_the_database_works_beside_the_browser(page: Page, django_user_model) -> None:
    django_user_model.objects.create_superuser("staff", password="secret")
    page.goto("/admin/")
    page.fill("input[name=username]", "staff")
    page.fill("input[name=password]", "secret")
    page.click("input[type=submit]")
    assert page.locator("#user-tools").is_visible()
