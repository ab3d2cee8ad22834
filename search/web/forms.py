"""What a search can be limited to, as it comes in a URL or a form."""

from functools import partial
from typing import Any, Self

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
from search.answers.word_search import parse_words
from search.gallery.columns import WORD_COLUMNS
from search.gallery.filters import Filters
from search.words.understanding import Reading
from search.words.words_query import LONGEST

FILTERS = ("category", "min_price", "max_price", *WORD_COLUMNS, "in_stock")
MAX_LIMIT = 50
MAX_PAGE = 1000
# Less than this share of a side is no part of a photo.
MIN_SHARE = 0.02


# What somebody types, alone (`q`) or beside a photo (`words`).
WORDS = partial(
    forms.CharField, required=False, max_length=LONGEST, label=_("Words"), strip=True
)


class FilterForm(PriceRangeForm):
    """The filters, order and page of every search, on the site and in the API.

    parsed_words: the words whose filters are among the form's.
    """

    data: QueryDict
    parsed_words: Reading | None = None

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

    def with_words(self, text: str) -> Self:
        """Return the form with the filters in these words, to be validated again.

        A filter that was chosen by hand stays as it was.
        """
        parsed_words = parse_words(text)
        form = type(self)(_with_filters(self.data, parsed_words), self.files)
        form.parsed_words = parsed_words
        return form

    def search_request(self) -> SearchRequest:
        """Return what the form asks for. Call when it is valid."""
        chosen = self.cleaned_data
        return SearchRequest(
            filters=self.filters(),
            page=chosen["page"],
            limit=chosen["limit"],
            sort=chosen["sort"],
            match_on=chosen["match_on"],
            words=self.parsed_words.query if self.parsed_words else None,
            box=chosen.get("box", WHOLE),
            with_boxes=chosen.get("boxes", False),
        )

    def chosen(self) -> dict[str, Any]:
        """The filters as programs are told them. Call when it is valid."""
        chosen = {name: self.cleaned_data[name] for name in FILTERS}
        category = chosen["category"]
        return {**chosen, "category": category.slug if category else None}

    def filters(self) -> Filters:
        """Call when it is valid."""
        chosen = self.cleaned_data
        category = chosen["category"]
        return Filters(
            categories=frozenset(category.subtree_ids()) if category else None,
            min_price=chosen["min_price"],
            max_price=chosen["max_price"],
            in_stock=chosen["in_stock"],
        ).with_words(**{name: chosen[name] for name in WORD_COLUMNS})


class QueryForm(FilterForm):
    """The token of an earlier query, and what it is limited to now."""

    query = forms.CharField(max_length=4000)
    words = WORDS()


class WordsForm(FilterForm):
    """Words, and what the search with them is limited to."""

    q = WORDS(required=True)


class PhotosInput(forms.FileInput):
    """All files of that name; one alone would hide that there were two."""

    def value_from_datadict(
        self, data: Any, files: MultiValueDict[str, Any], name: str
    ) -> "list[UploadedFile[bytes]]":
        return files.getlist(name)


class OnePhotoField(forms.Field):
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
        return _box(text) if text else WHOLE


class BoxForm(FilterForm):
    """A part of a photo that is known already, and what the search is limited to."""

    box = BoxField(required=False, max_length=200)
    words = WORDS()


class LinkForm(BoxForm):
    """What a link asks for: words alone, or beside what was searched with."""

    shows_results = True
    q = WORDS()


class PhotoForm(BoxForm):
    """A photo, and what the search with it is limited to."""

    photo = OnePhotoField()
    boxes = FlagField(required=False)


class PhotoPageForm(PhotoForm):
    """A photo sent from the page."""

    shows_results = True


def _with_filters(fields: QueryDict, parsed_words: Reading) -> QueryDict:
    merged = fields.copy()
    has_price = any(fields.get(name) for name in ("min_price", "max_price"))
    for name, values in parsed_words.fields.items():
        is_chosen = has_price if name.endswith("price") else fields.get(name)
        if not is_chosen:
            merged.setlist(name, values)
    return merged


def _box(text: str) -> Box:
    try:
        x, y, width, height = (float(share) for share in text.split(","))
    except ValueError as error:
        message = _("Give four numbers: x,y,w,h.")
        raise forms.ValidationError(message, "invalid") from error
    # Written so that NaN is refused too. Sums of shares may exceed 1 by rounding.
    inside = x >= 0 and y >= 0 and x + width <= 1.001 and y + height <= 1.001
    if not (inside and width >= MIN_SHARE and height >= MIN_SHARE):
        message = _("The box must lie within the photo and not be tiny.")
        raise forms.ValidationError(message, "out_of_range")
    return x, y, width, height
