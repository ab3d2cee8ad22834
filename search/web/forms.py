"""Forms of every search, on the site and in the API: each makes a SearchRequest."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from catalogue.filters import CategorySlugField, FlagField, PriceRangeForm, WordsField
from search.answers.matching import MatchOn
from search.answers.query import WHOLE, Box
from search.answers.request import (
    RELEVANCE,
    RESULTS_PER_PAGE,
    SORT_FIELDS,
    SearchRequest,
)
from search.gallery.columns import WORD_COLUMNS
from search.gallery.filters import Filters
from search.web.choices import active_filters
from search.words import words_gallery
from search.words.categories import CategoryNode
from search.words.parsing import ParsedWords, parse_words
from search.words.words_query import MAX_CHARACTERS

FILTER_FIELDS = ("category", "min_price", "max_price", *WORD_COLUMNS, "in_stock")
MAX_LIMIT = 50  # products a page
MAX_PAGE = 1000
MAX_TOKEN_CHARACTERS = 4000
MAX_BOX_CHARACTERS = 200
# The least width and height of a box, as shares of the photo's.
MIN_BOX_SHARE = 0.02
# Sums of shares may exceed 1 by rounding.
MAX_BOX_EDGE = 1.001

# What is typed alone (`q`) or beside a photo (`words`).
SearchWordsField = partial(
    forms.CharField,
    required=False,
    max_length=MAX_CHARACTERS,
    label=_("Words"),
    strip=True,
)


class FilterForm(PriceRangeForm):
    """The filters, order and page of a search.

    words_field: the field whose words are parsed, if there is one; has_chosen_filters:
    whether there are filters beside those in the words.
    """

    words_field: ClassVar[str] = ""
    data: QueryDict
    parsed_words: ParsedWords | None = None
    has_chosen_filters = False

    category = CategorySlugField(required=False, label=_("Category"))
    min_price = forms.DecimalField(
        required=False, min_value=0, max_digits=10, decimal_places=2, label=_("From")
    )
    max_price = forms.DecimalField(
        required=False, min_value=0, max_digits=10, decimal_places=2, label=_("To")
    )
    brand = WordsField(required=False, label=_("Brand"))
    colour = WordsField(required=False, label=_("Colour"))
    in_stock = FlagField(required=False, label=_("In stock only"))
    sort = forms.ChoiceField(
        required=False, choices=[(name, name) for name in (RELEVANCE, *SORT_FIELDS)]
    )
    match_on = forms.ChoiceField(
        required=False, choices=[(name.value, name.value) for name in MatchOn]
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGE)
    limit = forms.IntegerField(required=False, min_value=1, max_value=MAX_LIMIT)

    def clean_page(self) -> int:
        return self.cleaned_data["page"] or 1

    def clean_limit(self) -> int:
        return self.cleaned_data["limit"] or RESULTS_PER_PAGE

    def clean_sort(self) -> str:
        return self.cleaned_data["sort"] or RELEVANCE

    def clean_match_on(self) -> str:
        return self.cleaned_data["match_on"] or MatchOn.ITEM.value

    def clean(self) -> None:
        super().clean()
        if not self.errors:
            self.has_chosen_filters = any(active_filters(self.cleaned_data))
            if text := self.cleaned_data.get(self.words_field):
                self._add_filters_in_words(text)

    def _add_filters_in_words(self, text: str) -> None:
        """Add the filters in the words, except for fields that were filled in."""
        parsed = parse_words(text, words_gallery.current(text))
        self.data, fields = self.data.copy(), parsed.fields
        has_price = any(self.data.get(name) for name in ("min_price", "max_price"))
        for name, value in parsed.chosen.items():
            is_filled = has_price if name.endswith("price") else self.data.get(name)
            if not is_filled:
                self.data.setlist(name, fields[name])
                self.cleaned_data[name] = value
        self.parsed_words = parsed

    def search_request(self) -> SearchRequest:
        """Return what the form asks for. Call when it is valid."""
        chosen, parsed = self.cleaned_data, self.parsed_words
        return SearchRequest(
            filters=self.filters(),
            page=chosen["page"],
            limit=chosen["limit"],
            sort=chosen["sort"],
            match_on=chosen["match_on"],
            words=parsed.query if parsed else None,
            box=chosen.get("box", WHOLE),
            with_boxes=chosen.get("boxes", False),
            words_gallery=parsed.gallery if parsed else None,
        )

    def filter_values(self) -> dict[str, Any]:
        """Return the filters as the API answers them. Call when it is valid."""
        values = {name: self.cleaned_data[name] for name in FILTER_FIELDS}
        category = values["category"]
        return {**values, "category": category.slug if category else None}

    def filters(self) -> Filters:
        """Return the filters as a search takes them. Call when it is valid."""
        chosen = self.cleaned_data
        return Filters(
            categories=self._category_ids(),
            min_price=chosen["min_price"],
            max_price=chosen["max_price"],
            in_stock=chosen["in_stock"],
        ).with_words(**{name: chosen[name] for name in WORD_COLUMNS})

    def _category_ids(self) -> frozenset[int] | None:
        """Return the category with everything below it."""
        category = self.cleaned_data["category"]
        if isinstance(category, CategoryNode) and self.parsed_words:
            return self.parsed_words.category_ids
        return frozenset(category.subtree_ids()) if category else None


class QueryForm(FilterForm):
    """The token of an earlier query, with what it is limited to now."""

    words_field = "words"
    query = forms.CharField(max_length=MAX_TOKEN_CHARACTERS)
    words = SearchWordsField()


class WordsForm(FilterForm):
    """Words alone."""

    words_field = "q"
    q = SearchWordsField(required=True)


class PhotosInput(forms.FileInput):
    """Reads all files of that name: one alone would hide that two were sent."""

    def value_from_datadict(
        self, data: Any, files: MultiValueDict[str, Any], name: str
    ) -> "list[UploadedFile[bytes]]":
        return files.getlist(name)


class OnePhotoField(forms.Field):
    """One file; cleans to it unread."""

    widget = PhotosInput

    def clean(self, value: "list[UploadedFile[bytes]]") -> "UploadedFile[bytes]":
        if not value:
            raise forms.ValidationError(_("Send a photo, as a file."), "required")
        if len(value) > 1:
            raise forms.ValidationError(_("Send one photo at a time."), "too_many")
        return value[0]


class BoxField(forms.CharField):
    """The part of a photo to search with: `x,y,w,h` as shares of 1."""

    def clean(self, value: Any) -> Box:
        text = super().clean(value)
        return _parse_box(text) if text else WHOLE


class BoxForm(FilterForm):
    """A part of a photo that was sent before, and words beside it."""

    words_field = "words"
    box = BoxField(required=False, max_length=MAX_BOX_CHARACTERS)
    words = SearchWordsField()


class PhotoSearchForm(BoxForm):
    """A photo; boxes: whether to suggest some."""

    photo = OnePhotoField()
    boxes = FlagField(required=False)


def _parse_box(text: str) -> Box:
    try:
        x, y, width, height = (float(share) for share in text.split(","))
    except ValueError as error:
        message = _("Give four numbers: x,y,w,h.")
        raise forms.ValidationError(message, "invalid") from error
    # Written so that NaN is refused too.
    begins_inside = x >= 0 and y >= 0
    ends_inside = x + width <= MAX_BOX_EDGE and y + height <= MAX_BOX_EDGE
    is_large = width >= MIN_BOX_SHARE and height >= MIN_BOX_SHARE
    if not (begins_inside and ends_inside and is_large):
        message = _("The box must lie within the photo and not be tiny.")
        raise forms.ValidationError(message, "out_of_range")
    return x, y, width, height
