"""One page of an answer, as the shopper sees it: results, filters, links."""

from dataclasses import dataclass, replace
from typing import Self

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import ngettext

from catalogue.models import Product
from search.answers.answer import Answer, Result
from search.answers.facets import CategoryCount
from search.answers.query import WHOLE, Box
from search.answers.request import RELEVANCE
from search.gallery.calibration import Match
from search.web.choices import (
    MATCH_ON_LABELS,
    SORT_LABELS,
    BoxLink,
    FilterLink,
    MatchOnLink,
    SortChoice,
    WordFilter,
    active_filters,
    word_choices,
)
from search.web.forms import FILTER_FIELDS, FilterForm
from search.web.samples import Sample
from search.words import words_gallery
from search.words.parsing import parse_words
from search.words.words_query import WordsQuery

# Fields that every link on the page keeps.
KEPT_FIELDS = (*FILTER_FIELDS, "sort", "match_on", "limit")
# A predicted category of a lower confidence is not offered as a filter.
MIN_GUESS_CONFIDENCE = 0.5


@dataclass(frozen=True)
class ResultsPage:
    """An answer with the form that asked for it, for templates.

    params: what every link to these results carries.
    """

    answer: Answer
    form: FilterForm
    sample: Sample | None
    like: Product | None
    params: QueryDict

    @classmethod
    def of(
        cls,
        answer: Answer,
        form: FilterForm,
        *,
        sample: Sample | None = None,
        like: Product | None = None,
    ) -> Self:
        """Present an answer to a photo or to words.

        sample: the photo, if it was none of the shopper's; like: the product to find
        more like, if that was asked for.
        """
        params = QueryDict(mutable=True)
        params["query"] = answer.query
        if sample:
            params["sample"] = sample.name
        if like:
            params["like"] = str(like.pk)
        for name in KEPT_FIELDS:
            value = form[name].value() or []
            values = value if isinstance(value, list) else [value]
            params.setlist(name, [each for each in values if each])
        answer = _without_product(answer, like) if like else answer
        return cls(answer, form, sample, like, params)

    # What was searched with

    @property
    def words(self) -> WordsQuery | None:
        """The words, alone or beside a photo."""
        return self.answer.words

    @property
    def is_words_alone(self) -> bool:
        return WordsQuery.is_token(self.answer.query)

    @property
    def box(self) -> str:
        """The part of the photo as a form sends it; empty for the whole photo."""
        box = self.answer.box
        return "" if box == WHOLE else _box_text(box)

    @property
    def suggested_boxes(self) -> list[BoxLink]:
        """Things that stand out on the photo, to search for alone."""
        links = []
        for suggested in self.answer.boxes:
            params = self.params.copy()
            params["query"] = suggested.query
            links.append(BoxLink(_box_text(suggested.box), _search_url(params)))
        return links

    @property
    def match_on_links(self) -> list[MatchOnLink]:
        chosen = self.form.cleaned_data["match_on"]
        return [
            MatchOnLink(
                str(label),
                self._url_with("match_on", value),
                (value or "item") == chosen,
            )
            for value, label in MATCH_ON_LABELS.items()
        ]

    # Results

    @property
    def has_match(self) -> bool:
        """Whether anything comes close to what was searched with."""
        return self.answer.match != Match.NONE

    @property
    def matching(self) -> list[Result]:
        return [each for each in self.answer.results if not self._is_apart(each)]

    @property
    def less_alike(self) -> list[Result]:
        """Results that are shown apart; none in another order than by relevance."""
        return [each for each in self.answer.results if self._is_apart(each)]

    @property
    def count_text(self) -> str:
        count = self.answer.count
        text = ngettext("%(count)s product", "%(count)s products", count)
        return text % {"count": count}

    @property
    def why_url(self) -> str:
        """The page that explains a result, up to the image's id that ends it.

        Empty where results cannot be explained.
        """
        if self.is_words_alone or not self.answer.has_reasons:
            return ""
        params = QueryDict(mutable=True)
        for name in ("query", "sample", "like"):
            if value := self.params.get(name):
                params[name] = value
        return f"{reverse('why')}?{params.urlencode()}&image="

    # Filters and order

    @property
    def active_filters(self) -> list[FilterLink]:
        """Each filter that is on, with the page without it."""
        return [
            FilterLink(label, self._url_without(name, value))
            for name, value, label in active_filters(self.form.cleaned_data)
        ]

    @property
    def unfiltered_url(self) -> str:
        params = self.params.copy()
        for name in FILTER_FIELDS:
            params.pop(name, None)
        return _search_url(params)

    @property
    def category_guess(self) -> FilterLink | None:
        """The category that the photo seems to be of, to narrow the results to."""
        guess = self.answer.category
        if guess is None or not self.has_match or self.form.cleaned_data["category"]:
            return None
        if guess.confidence < MIN_GUESS_CONFIDENCE:
            return None
        return FilterLink(guess.name, self._url_with("category", guess.slug))

    @property
    def categories(self) -> list[CategoryCount]:
        """Categories to choose from; the chosen one even if it leaves nothing."""
        counts = self.answer.facets.category
        chosen = self.form.cleaned_data["category"]
        if chosen is None or any(each.slug == chosen.slug for each in counts):
            return counts
        return [CategoryCount(chosen.slug, chosen.name, 1, 0), *counts]

    @property
    def word_filters(self) -> list[WordFilter]:
        return [
            WordFilter(
                column,
                str(self.form.fields[column].label),
                word_choices(column, counts, self.form.cleaned_data[column]),
            )
            for column, counts in self.answer.facets.words.items()
        ]

    @property
    def sort_choices(self) -> list[SortChoice]:
        chosen = self.params.get("sort", "")
        return [
            SortChoice(value, str(label), value == chosen)
            for value, label in SORT_LABELS.items()
        ]

    # Hidden fields of forms on the page

    @property
    def kept_fields(self) -> list[tuple[str, str]]:
        """Names and values to send along when another part is searched."""
        return [
            (name, value) for name in KEPT_FIELDS for value in self.params.getlist(name)
        ]

    @property
    def fields_kept_with_other_words(self) -> list[tuple[str, str]]:
        """Names and values to send along with other words.

        The filters that were recognised in the present words are not kept.
        """
        recognised = self._fields_in_words()
        return [
            (name, value)
            for name, value in self.kept_fields
            if value not in recognised.get(name, [])
        ]

    def _fields_in_words(self) -> dict[str, list[str]]:
        if self.form.parsed_words:
            return self.form.parsed_words.fields
        if self.words is None:
            return {}
        gallery = words_gallery.current(self.words.typed)
        return parse_words(self.words.typed, gallery).fields

    # Pages

    @property
    def first_url(self) -> str:
        """The address of the first page of these results, to share."""
        return _search_url(self.params)

    @property
    def url(self) -> str:
        """The address of this very page."""
        number = self.form.cleaned_data["page"]
        return self._url_of_page(number if number > 1 else None) or self.first_url

    @property
    def next_url(self) -> str:
        return self._url_of_page(self.answer.next_page)

    @property
    def previous_url(self) -> str:
        number = self.form.cleaned_data["page"]
        return self._url_of_page(number - 1 if number > 1 else None)

    def _url_of_page(self, number: int | None) -> str:
        return "" if number is None else self._url_with("page", str(number))

    def _url_with(self, name: str, value: str) -> str:
        params = self.params.copy()
        params.setlist(name, [value] if value else [])
        return _search_url(params)

    def _url_without(self, name: str, value: str) -> str:
        """Return the address without this value, or without any if it is empty."""
        params = self.params.copy()
        others = [each for each in params.getlist(name) if value and each != value]
        params.setlist(name, others)
        return _search_url(params)

    def _is_apart(self, result: Result) -> bool:
        by_relevance = self.form.cleaned_data["sort"] == RELEVANCE
        return by_relevance and result.match == Match.NONE


def _search_url(params: QueryDict) -> str:
    return f"{reverse('search')}?{params.urlencode()}"


def _without_product(answer: Answer, product: Product) -> Answer:
    """Leave the product itself out of what is like it."""
    others = [each for each in answer.results if each.product.pk != product.pk]
    fewer = len(answer.results) - len(others)
    return replace(answer, results=others, count=answer.count - fewer)


def _box_text(box: Box) -> str:
    return ",".join(f"{share:.4f}" for share in box)
