"""One page of an answer, as the shopper sees it: results, filters, links."""

from dataclasses import dataclass, replace
from typing import Self

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalogue.models import Product
from search.answers.answer import Answer, Result
from search.answers.facets import CategoryCount
from search.answers.matching import MatchOn
from search.answers.query import WHOLE, Box
from search.answers.request import RELEVANCE
from search.gallery.calibration import Match
from search.web.choices import (
    Chip,
    Choice,
    Thing,
    Way,
    filters_that_are_on,
    words_to_choose,
)
from search.web.forms import FILTERS, FilterForm
from search.web.samples import Sample
from search.words import words_gallery
from search.words.parsing import parse_words
from search.words.words_query import WordsQuery

KEPT = (*FILTERS, "sort", "match_on", "limit")
# Less sure than this, a predicted category is not offered.
SURE = 0.5
SORT_WORDS = (
    ("", _("Best match")),
    ("price", _("Lowest price")),
    ("-price", _("Highest price")),
    ("newest", _("Newest")),
)
MATCH_ON_WORDS = (
    ("", _("Same item")),
    (MatchOn.KIND, _("Same kind")),
    (MatchOn.LOOK, _("Same look")),
)


@dataclass(frozen=True)
class ResultsPage:
    answer: Answer
    form: FilterForm
    shown: Sample | Product | None
    params: QueryDict

    @classmethod
    def of(
        cls, answer: Answer, form: FilterForm, shown: Sample | Product | None
    ) -> Self:
        """`shown`: what was searched with, where that was no photo of the shopper's."""
        params = QueryDict(mutable=True)
        params["query"] = answer.query
        if isinstance(shown, Sample):
            params["sample"] = shown.name
        if isinstance(shown, Product):
            params["like"] = str(shown.pk)
        for name in KEPT:
            value = form[name].value() or []
            words = value if isinstance(value, list) else [value]
            params.setlist(name, [word for word in words if word])
        return cls(_without(answer, shown), form, shown, params)

    @property
    def sample(self) -> Sample | None:
        return self.shown if isinstance(self.shown, Sample) else None

    @property
    def like(self) -> Product | None:
        return self.shown if isinstance(self.shown, Product) else None

    @property
    def words(self) -> WordsQuery | None:
        """What was asked in words, alone or beside a photo."""
        return self.answer.words

    @property
    def is_words_alone(self) -> bool:
        return WordsQuery.is_token(self.answer.query)

    @property
    def url(self) -> str:
        """These results again, to share; the first page where there are more."""
        return self._url(self.params)

    @property
    def here(self) -> str:
        """This very page again."""
        number = self.form.cleaned_data["page"]
        return self._page_url(number if number > 1 else None) or self.url

    @property
    def box(self) -> str:
        """The part of the photo, as a form sends it; empty for all of it."""
        box = self.answer.box
        return "" if box == WHOLE else _written(box)

    @property
    def why_url(self) -> str:
        """Where it says why a picture is here, but for the picture's id; empty where it
        cannot be told.
        """
        if self.is_words_alone or not self.answer.has_reasons:
            return ""
        params = QueryDict(mutable=True)
        for name in ("query", "sample", "like"):
            if value := self.params.get(name):
                params[name] = value
        return f"{reverse('why')}?{params.urlencode()}&image="

    @property
    def things(self) -> list[Thing]:
        """What stands out on the photo, to search for alone."""
        found = []
        for each in self.answer.boxes:
            params = self.params.copy()
            params["query"] = each.query
            found.append(Thing(_written(each.box), self._url(params)))
        return found

    @property
    def kept_fields(self) -> list[tuple[str, str]]:
        """What stays when another part of the photo is searched."""
        return [(name, value) for name in KEPT for value in self.params.getlist(name)]

    @property
    def kept_beside_words(self) -> list[tuple[str, str]]:
        """What stays when other words take the place of these: all but the filters
        that these named.
        """
        named = self._fields_of_words
        return [
            (name, value)
            for name, value in self.kept_fields
            if value not in named.get(name, [])
        ]

    @property
    def _fields_of_words(self) -> dict[str, list[str]]:
        """The filters in the words, as the form has them."""
        if self.form.parsed_words:
            return self.form.parsed_words.fields
        if self.words is None:
            return {}
        gallery = words_gallery.current(self.words.typed)
        return parse_words(self.words.typed, gallery).fields

    @property
    def count_words(self) -> str:
        count = self.answer.count
        words = ngettext("%(count)s product", "%(count)s products", count)
        return words % {"count": count}

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
            for name, value, label in filters_that_are_on(self.form.cleaned_data)
        ]

    @property
    def ways(self) -> list[Way]:
        """What "alike" may mean."""
        chosen = self.form.cleaned_data["match_on"]
        return [
            Way(str(words), self._with("match_on", name), (name or "item") == chosen)
            for name, words in MATCH_ON_WORDS
        ]

    @property
    def guess(self) -> Chip | None:
        """The category that the photo seems to be of, to narrow the results to."""
        found = self.answer.category
        chosen = self.form.cleaned_data["category"]
        if found is None or chosen or self.none_close or found.confidence < SURE:
            return None
        return Chip(found.name, self._with("category", found.slug))

    @property
    def categories(self) -> list[CategoryCount]:
        """To choose from, the chosen one among them even if it leaves nothing."""
        counted = self.answer.facets.category
        chosen = self.form.cleaned_data["category"]
        if chosen is None or any(each.slug == chosen.slug for each in counted):
            return counted
        return [CategoryCount(chosen.slug, chosen.name, 1, 0), *counted]

    @property
    def word_choices(self) -> list[tuple[str, str, list[Choice]]]:
        """Name, label and choices of each filter of words."""
        return [
            (
                name,
                str(self.form.fields[name].label),
                words_to_choose(name, counted, self.form.cleaned_data[name]),
            )
            for name, counted in self.answer.facets.words.items()
        ]

    def _is_far(self, found: Result) -> bool:
        in_order = self.form.cleaned_data["sort"] == RELEVANCE
        return in_order and found.match == Match.NONE

    def _with(self, name: str, value: str) -> str:
        params = self.params.copy()
        params.setlist(name, [value] if value else [])
        return self._url(params)

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


def _without(answer: Answer, shown: Sample | Product | None) -> Answer:
    """More like a product is not the product itself."""
    own = shown.pk if isinstance(shown, Product) else None
    others = [found for found in answer.results if found.product.pk != own]
    fewer = len(answer.results) - len(others)
    return replace(answer, results=others, count=answer.count - fewer)


def _written(box: Box) -> str:
    return ",".join(f"{share:.4f}" for share in box)
