"""Shops to search in."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from catalogue.models import Product
from tests.conftest import clean_process
from tests.search.asking import open_varied_shop


@pytest.fixture(scope="module")
def varied_shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Open a shop once for a module, and remove it after the last test."""
    with django_db_blocker.unblock():
        open_varied_shop()
    yield
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)
    clean_process()


@pytest.fixture
def standing_shop(varied_shop: None, db: None) -> list[Product]:
    """For tests that only ask: what one writes all the same is rolled back after it.

    Committed, since of a running transaction PostgreSQL cannot say that all was seen.
    Not for a module with tests that open a shop of their own.
    """
    return list(Product.objects.order_by("pk"))
