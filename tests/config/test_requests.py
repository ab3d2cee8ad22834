"""Every request has a word that finds it in the log."""

import json
import logging
import re
from typing import Any

import pytest
import structlog
from django.test import Client
from rest_framework.test import APIClient

MADE = re.compile(r"[0-9a-f]{32}")


def ask(path: str = "/api/v1/categories/", **headers: str) -> Any:
    return APIClient().get(path, headers=headers)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/api/v1/categories/", "/api/v1/nothing/"])
def test_every_answer_has_an_id_of_its_own(path: str) -> None:
    first, second = Client().get(path), Client().get(path)
    assert MADE.fullmatch(first["X-Request-ID"])
    assert first["X-Request-ID"] != second["X-Request-ID"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given", ["a", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "x" * 64]
)
def test_a_sane_id_of_the_sender_is_kept(given: str) -> None:
    assert ask(**{"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "x" * 65,
        "a b",
        "a\nb: c",
        "a\r\nSet-Cookie: x=1",
        "é",
        "a,b",
        "<b>",
        '"',
    ],
)
def test_any_other_id_is_replaced(given: str) -> None:
    assert MADE.fullmatch(ask(**{"X-Request-ID": given})["X-Request-ID"])


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/products/?limit=x", "/api/v1/nothing/"])
def test_a_problem_names_its_request(path: str) -> None:
    answer = ask(path, **{"X-Request-ID": "mine"})
    assert answer.json()["request_id"] == "mine"


@pytest.mark.django_db
def test_the_log_names_the_request(caplog: pytest.LogCaptureFixture) -> None:
    formatter = logging.getLogger().handlers[0].formatter
    assert isinstance(formatter, structlog.stdlib.ProcessorFormatter)
    written = []

    class Written(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Written()
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    try:
        ask("/api/v1/products/?limit=x", **{"X-Request-ID": "mine"})
    finally:
        logging.getLogger().removeHandler(handler)
    assert any("request_id=mine" in line for line in written), json.dumps(written)
    assert structlog.contextvars.get_contextvars() == {}
