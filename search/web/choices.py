"""What a page of results offers to choose from: things, ways, words and filters."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from search.answers.facets import WordCount
from search.gallery.columns import WORD_COLUMNS
from search.words.language.colours import translate_for_reader

# How the words of a filter are shown, where not as the shop writes them.
SHOWN: dict[str, Callable[[str], str]] = {"colour": translate_for_reader}


class Chip(NamedTuple):
    """A filter that is on and the page without it, or one to put on and the page so."""

    label: str
    url: str


class Thing(NamedTuple):
    """A part of the photo, `x,y,w,h`, and the page that searches for it alone."""

    box: str
    url: str


class Way(NamedTuple):
    """A way to compare, and the page that does."""

    label: str
    url: str
    chosen: bool


class Choice(NamedTuple):
    """A word to filter by, how it is shown, and how many products it leaves."""

    value: str
    label: str
    leaves: int
    chosen: bool


def words_to_choose(
    name: str, counted: Sequence[WordCount], chosen: Sequence[str]
) -> list[Choice]:
    """Return the counted words of a filter, the chosen first, even if they leave none.

    name: of the filter in WORD_COLUMNS.
    """
    shown = SHOWN.get(name, str)
    left = {word.casefold(): word for word in chosen}
    choices = [
        Choice(
            word.value,
            shown(word.value),
            word.count,
            left.pop(word.value.casefold(), "") != "",
        )
        for word in counted
    ]
    choices += [Choice(word, shown(word), 0, True) for word in left.values()]
    return sorted(choices, key=lambda choice: not choice.chosen)


def filters_that_are_on(chosen: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Of a form's cleaned data: each one's name, its value, and what to call it."""
    if category := chosen["category"]:
        yield "category", category.slug, category.name
    if (low := chosen["min_price"]) is not None:
        yield "min_price", "", _("from %(price)s") % {"price": low}
    if (high := chosen["max_price"]) is not None:
        yield "max_price", "", _("up to %(price)s") % {"price": high}
    for name in WORD_COLUMNS:
        for word in chosen[name]:
            yield name, word, SHOWN.get(name, str)(word)
    if chosen["in_stock"]:
        yield "in_stock", "", str(_("In stock"))
