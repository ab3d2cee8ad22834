"""Parameters of the search API as the schema shows them; forms parse them."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalogue.serializers import FilterParameters
from search.answers.matching import MatchOn
from search.answers.request import RELEVANCE, RESULTS_PER_PAGE, SORT_FIELDS
from search.web.bodies import TextField
from search.web.forms import MAX_LIMIT, MAX_PAGE, MAX_TOKEN_CHARACTERS
from search.words.words_query import MAX_CHARACTERS


@extend_schema_field(
    {"type": "string", "format": "query-token", "maxLength": MAX_TOKEN_CHARACTERS}
)
class TokenField(TextField):
    """The token of an earlier answer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=MAX_TOKEN_CHARACTERS, trim_whitespace=False, **kwargs
        )


class LimitParameters(FilterParameters):
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LIMIT,
        default=RESULTS_PER_PAGE,
        help_text="Products a page.",
    )


class PageParameters(LimitParameters):
    sort = serializers.ChoiceField(
        choices=[RELEVANCE, *SORT_FIELDS], default=RELEVANCE, allow_blank=True
    )
    match_on = serializers.ChoiceField(
        choices=[name.value for name in MatchOn],
        default=MatchOn.ITEM.value,
        allow_blank=True,
        help_text="What products are compared by: the same item, kind or look.",
    )
    page = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=1)


WORDS_HELP = (
    "Words beside the photo, in English or Chinese: `in red`, `50元以下`. Filters in "
    "them are recognised (see `filters` of the answer), the rest ranks."
)


class QueryParameters(PageParameters):
    query = TokenField(help_text="`query` of an earlier answer.")
    words = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_CHARACTERS,
        help_text=WORDS_HELP,
    )


class WordsParameters(PageParameters):
    match_on = None  # type: ignore[assignment]
    q = serializers.CharField(
        max_length=MAX_CHARACTERS,
        help_text="A name, an SKU, or a description: `red phone`, `红色手机`.",
    )


@extend_schema_field(OpenApiTypes.BINARY)
class PhotoField(serializers.FileField):
    """A file in a form, binary in the schema; FileField's default there is a URL."""


class PhotoFields(PageParameters):
    photo = PhotoField(help_text="One JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF.")
    box = serializers.CharField(
        required=False,
        help_text="The part of the photo to search with: `x,y,w,h` as shares of 1.",
    )
    words = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_CHARACTERS,
        help_text=WORDS_HELP,
    )
    boxes = serializers.BooleanField(
        default=False,
        help_text="Whether to suggest boxes of things that stand out on a whole photo. "
        "Each takes as long as encoding the photo.",
    )
