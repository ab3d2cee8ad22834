"""One page of an answer, as the shopper sees it: results, filters, links."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalogue.models import Category, Product
from search.calibration import Match
from search.forms import FilterForm
from search.samples import Sample
from search.similar import RELEVANCE, Answer, Result

FILTERS = ("category", "min_price", "max_price", "brand", "colour", "in_stock")
MAX_CHOICES = 100
SORT_WORDS = (
    ("", _("Best match")),
    ("price", _("Lowest price")),
    ("-price", _("Highest price")),
    ("newest", _("Newest")),
)


class Chip(NamedTuple):
    """A filter that is on, and the page without it."""

    label: str
    url: str


@dataclass(frozen=True)
class ResultsPage:
    answer: Answer
    form: FilterForm
    sample: Sample | None
    params: QueryDict

    @classmethod
    def of(cls, answer: Answer, form: FilterForm, sample: Sample | None) -> Self:
        params = QueryDict(mutable=True)
        params["query"] = answer.query
        if sample is not None:
            params["sample"] = sample.name
        for name in (*FILTERS, "sort", "limit"):
            value = form[name].value() or []
            words = value if isinstance(value, list) else [value]
            params.setlist(name, [word for word in words if word])
        return cls(answer, form, sample, params)

    @property
    def url(self) -> str:
        """This page again, to share and to reload; the first where there are more."""
        return self._url(self.params)

    @property
    def next_url(self) -> str:
        return self._page_url(self.answer.next_page)

    @property
    def previous_url(self) -> str:
        number = self.form.cleaned_data["page"]
        return self._page_url(number - 1 if number > 1 else None)

    @property
    def unfiltered_url(self) -> str:
        params = self.params.copy()
        for name in FILTERS:
            params.pop(name, None)
        return self._url(params)

    @property
    def none_close(self) -> bool:
        return self.answer.match == Match.NONE

    @property
    def close(self) -> list[Result]:
        return [found for found in self.answer.results if not self._is_far(found)]

    @property
    def far(self) -> list[Result]:
        """What is shown apart, as less alike; nothing in another order."""
        return [found for found in self.answer.results if self._is_far(found)]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        chosen = self.params.get("sort", "")
        return [(name, str(words), name == chosen) for name, words in SORT_WORDS]

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(label, self._without(name, value))
            for name, value, label in self._chosen()
        ]

    @property
    def categories(self) -> list[Category]:
        """To choose from; `depth` says how far below the top each is."""
        return list(Category.objects.get_tree())

    @property
    def brands(self) -> list[str]:
        return _words_on_sale("brand")

    @property
    def colours(self) -> list[str]:
        return _words_on_sale("colour")

    def _is_far(self, found: Result) -> bool:
        in_order = self.form.cleaned_data["sort"] == RELEVANCE
        return in_order and found.match == Match.NONE

    def _chosen(self) -> Iterator[tuple[str, str, str]]:
        """Each filter that is on: its name, its value, and what to call it."""
        chosen = self.form.cleaned_data
        if category := chosen["category"]:
            yield "category", category.slug, category.name
        if (low := chosen["min_price"]) is not None:
            yield "min_price", "", _("from %(price)s") % {"price": low}
        if (high := chosen["max_price"]) is not None:
            yield "max_price", "", _("up to %(price)s") % {"price": high}
        for name in ("brand", "colour"):
            for word in chosen[name]:
                yield name, word, word
        if chosen["in_stock"]:
            yield "in_stock", "", str(_("In stock"))

    def _without(self, name: str, value: str) -> str:
        params = self.params.copy()
        rest = [other for other in params.getlist(name) if value and other != value]
        params.setlist(name, rest)
        return self._url(params)

    def _page_url(self, number: int | None) -> str:
        if number is None:
            return ""
        params = self.params.copy()
        params["page"] = str(number)
        return self._url(params)

    def _url(self, params: QueryDict) -> str:
        return f"{reverse('search')}?{params.urlencode()}"


def _words_on_sale(field: str) -> list[str]:
    words = Product.objects.on_sale().exclude(**{field: ""}).order_by(field)
    return list(words.values_list(field, flat=True).distinct()[:MAX_CHOICES])
