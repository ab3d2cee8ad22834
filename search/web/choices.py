"""Links and choices on a page of results: boxes, filters, words and orders."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from search.answers.facets import WordCount
from search.answers.matching import MatchOn
from search.gallery.columns import WORD_COLUMNS
from search.words.language.colours import translate_for_reader

# How the words of a column are shown, if not as the shop writes them.
TRANSLATIONS: dict[str, Callable[[str], str]] = {"colour": translate_for_reader}

SORT_LABELS = {
    "": _("Best match"),
    "price": _("Lowest price"),
    "-price": _("Highest price"),
    "newest": _("Newest"),
}
MATCH_ON_LABELS = {
    "": _("Same item"),
    MatchOn.KIND: _("Same kind"),
    MatchOn.LOOK: _("Same look"),
}


class FilterLink(NamedTuple):
    """A filter, and the page with it put on or taken off."""

    label: str
    url: str


class BoxLink(NamedTuple):
    """A part of the photo, `x,y,w,h`, and the page that searches for it alone."""

    box: str
    url: str


class MatchOnLink(NamedTuple):
    """What products are compared by, and the page that compares by it."""

    label: str
    url: str
    is_chosen: bool


class SortChoice(NamedTuple):
    """An order of the results; value: as a form sends it."""

    value: str
    label: str
    is_chosen: bool


class WordChoice(NamedTuple):
    """A word to filter by, and how many products have it."""

    value: str
    label: str
    n_products: int
    is_chosen: bool


class WordFilter(NamedTuple):
    """A column of words to filter by; name: of the form's field."""

    name: str
    label: str
    choices: list[WordChoice]


def word_choices(
    column: str, counts: Sequence[WordCount], chosen: Sequence[str]
) -> list[WordChoice]:
    """Return the words of a column that were counted, the chosen ones first.

    A chosen word is returned even if no product has it.
    """
    translate = TRANSLATIONS.get(column, str)
    uncounted = {word.casefold(): word for word in chosen}
    choices = [
        WordChoice(
            word.value,
            translate(word.value),
            word.count,
            uncounted.pop(word.value.casefold(), None) is not None,
        )
        for word in counts
    ]
    choices += [
        WordChoice(word, translate(word), 0, True) for word in uncounted.values()
    ]
    return sorted(choices, key=lambda choice: not choice.is_chosen)


def active_filters(chosen: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the value and the label of each filter in a form's cleaned data.

    The value is empty where a field has but one.
    """
    if category := chosen["category"]:
        yield "category", category.slug, category.name
    if (low := chosen["min_price"]) is not None:
        yield "min_price", "", _("from %(price)s") % {"price": low}
    if (high := chosen["max_price"]) is not None:
        yield "max_price", "", _("up to %(price)s") % {"price": high}
    for column in WORD_COLUMNS:
        translate = TRANSLATIONS.get(column, str)
        for word in chosen[column]:
            yield column, word, translate(word)
    if chosen["in_stock"]:
        yield "in_stock", "", str(_("In stock"))
