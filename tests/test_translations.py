"""Simplified Chinese is complete, and what is compiled is what is written.

No gettext needed: a fresh machine has none.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation.template import templatize

MESSAGES = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES"
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


def strings_of_code(code: str) -> Iterator[str]:
    """Return the first argument of every call that translates."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = node.args[0] if node.args else None
            is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
            if node.func.id in CALLS and is_text:
                yield first.value


def strings_of_template(path: Path) -> Iterator[str]:
    # Django writes a template for gettext as calls of Python, with Xs between.
    for line in templatize(path.read_text(encoding="utf-8")).splitlines():
        for call in re.findall(r"n?gettext\(u?(?:'.*?'|\".*?\")[,)]", line):
            text = call.partition("(")[2].rstrip(",)").lstrip("u")
            yield ast.literal_eval(text)
        for text in re.findall(r"(?<!n)_\((?:'.*?'|\".*?\")\)", line):
            yield ast.literal_eval(text[2:-1])


def strings_of_the_site() -> Iterator[tuple[str, str]]:
    for folder in ("access", "catalogue", "search", "staff", "config", "pictures"):
        for path in sorted((settings.BASE_DIR / folder).rglob("*.py")):
            for text in strings_of_code(path.read_text(encoding="utf-8")):
                yield text, path.name
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        for text in strings_of_template(path):
            yield text, path.name


@pytest.fixture(scope="module")
def written() -> polib.POFile:
    return polib.pofile(str(MESSAGES / "django.po"))


def test_what_is_compiled_is_what_is_written(written: polib.POFile) -> None:
    compiled = polib.mofile(str(MESSAGES / "django.mo"))
    assert {entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in compiled} == {
        entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in written
    }


def test_every_string_of_the_site_is_translated(written: polib.POFile) -> None:
    done = {entry.msgid for entry in written if entry.translated() and not entry.fuzzy}
    lacking = {
        f"{place}: {text}" for text, place in strings_of_the_site() if text not in done
    }
    assert lacking == set()


def test_the_strings_are_seen_where_they_are_written() -> None:
    seen = dict(strings_of_the_site())
    assert seen["Looks similar"] == "_similar.html"
    assert "%(count)s product" in seen
    assert "The file is empty." in seen


def test_translations_keep_the_placeholders(written: polib.POFile) -> None:
    for entry in written:
        for text in entry.msgstr_plural.values() or [entry.msgstr]:
            expected = sorted(PLACEHOLDER.findall(entry.msgid))
            assert sorted(PLACEHOLDER.findall(text)) == expected, entry.msgid
