"""The ways through the code that docs/architecture.md lists are those that are gone.

    WRITE_WAYS=1 pytest tests/test_ways.py

writes the lists anew.
"""

import ast
import os
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from benchmarks.house_trace import Trace
from catalogue.models import Product
from search.engines.engine import current_gallery
from search.gallery.on_disk import snapshots
from tests.builders import new_product
from tests.search.asking import post_photo

PAGE = Path(settings.BASE_DIR) / "docs" / "architecture.md"
BEGIN = "<!-- The ways: written by tests/test_ways.py -->\n"
END = "<!-- The end of the ways -->\n"


@pytest.fixture
def shop(db: None, django_capture_on_commit_callbacks: Any) -> Iterator[None]:
    """Three products, found; the ways are gone once before they are traced."""
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(3):
            new_product(f"p{number}", name=f"Mug {number}", images=[number])
    snapshots.build()
    yield


def by_photo() -> None:
    status, _ = post_photo(APIClient(), 1)
    assert status == 200


def by_words() -> None:
    answer = APIClient().get("/api/v1/search/words/", {"q": "mug under 50"})
    assert answer.status_code == 200


def test_the_page_lists_the_files_in_the_order_in_which_they_are_called(
    shop: None, django_capture_on_commit_callbacks: Any
) -> None:
    numbers = iter(range(10, 20))

    def upload() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            new_product(f"new{next(numbers)}", images=[7])

    def change() -> None:
        product = Product.objects.get(sku="p1")
        product.price += Decimal(1)
        product.save()
        current_gallery()

    ways = {
        "A photo becomes products": by_photo,
        "An uploaded image becomes findable": upload,
        "Words become products": by_words,
        "A change is seen by the next search": change,
    }
    text = "\n".join(_listed(title, way) for title, way in ways.items())
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    written, after = rest.split(END)
    if os.environ.get("WRITE_WAYS"):
        PAGE.write_text(f"{before}{BEGIN}{text}{END}{after}", encoding="utf-8")
    else:
        assert written == text, "run WRITE_WAYS=1 pytest tests/test_ways.py"


def _listed(title: str, way: Callable[[], None]) -> str:
    """Return the files that the way passes through, each with what it says it is."""
    way()
    trace = Trace()
    sys.setprofile(trace)
    try:
        way()
    finally:
        sys.setprofile(None)
    files = [name for name in trace.files if not name.startswith("tests/")]
    rows = [
        f"{number}. `{name}`: {_summary(name)}"
        for number, name in enumerate(files, start=1)
    ]
    return f"### {title}\n\n" + "\n".join(rows) + "\n"


def _summary(name: str) -> str:
    """Return the first line of a file's docstring."""
    tree = ast.parse((Path(settings.BASE_DIR) / name).read_text(encoding="utf-8"))
    first, *_ = (ast.get_docstring(tree) or "").splitlines() or [""]
    return first.rstrip(".")
