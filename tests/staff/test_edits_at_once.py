"""Two people save at the same moment: one of them is asked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import close_old_connections, connection, transaction
from django.test import Client

from catalogue.models import Product
from tests.builders import new_category, new_product
from tests.catalogue.admin_forms import ADD, LIST, change_url
from tests.staff.pages import OpenPage
from tests.wait import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def save_beside(product: Product, send: Callable[[], OpenPage]) -> OpenPage:
    """Send a form while another transaction has changed the stock to 9."""
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            Product.objects.filter(pk=product.pk).update(stock=9)
            sending = thread.submit(in_thread, send)
            wait_until(lambda: waits_for_us() or sending.done())
        return sending.result()


def in_thread(send: Callable[[], OpenPage]) -> OpenPage:
    try:
        return send()
    finally:
        close_old_connections()
        connection.close()


def waits_for_us() -> bool:
    """PostgreSQL tells; SQLite lets one writer begin at a time anyhow."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_a_form_saved_during_another_change_waits_and_asks(
    admin_client: Client,
) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, change_url(product))
    asked = save_beside(product, lambda: page.send(stock="4"))
    assert "Which one counts?" in asked.html
    product.refresh_from_db()
    assert product.stock == 9


def test_a_list_saved_during_another_change_waits_and_asks(
    admin_client: Client,
) -> None:
    product = new_product(stock=5)
    page = OpenPage(admin_client, LIST)
    asked = save_beside(product, lambda: page.send(**{"form-0-stock": "4"}))
    assert "Which one counts?" in asked.html
    product.refresh_from_db()
    assert product.stock == 9


def test_a_form_sent_twice_at_the_same_moment_counts_once(
    admin_client: Client,
) -> None:
    category = new_category("Mugs")
    page = OpenPage(admin_client, ADD)
    page.fill_in(name="Mug", sku="m1", category=str(category.pk), price="3")
    with ThreadPoolExecutor(4) as threads:
        presses = [threads.submit(in_thread, page.send) for _ in range(4)]
    shown = [press.result() for press in presses]
    assert all(each.is_left for each in shown)
    assert Product.objects.get().name == "Mug"
