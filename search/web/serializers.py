"""How answers of the search look to programs, and what they can ask."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalogue.serializers import FilterParameters, ProductSerializer
from search.answers.answer import Result
from search.answers.matching import MatchOn
from search.answers.request import RELEVANCE, RESULTS_PER_PAGE, SORT_FIELDS
from search.engines.engine import ENGINES
from search.gallery.calibration import Match
from search.gallery.columns import WORD_COLUMNS
from search.models import Encoder
from search.web.bodies import TextField
from search.web.forms import MAX_LIMIT, MAX_PAGE
from search.words.words_query import MAX_CHARACTERS

State = Encoder.State
MATCHES = [match.value for match in Match]
MATCH_HELP = "How close: the same product, alike, somewhat alike, or nothing is."


@extend_schema_field({"type": "string", "format": "query-token", "maxLength": 4000})
class TokenField(TextField):
    """The token of an earlier answer, to be sent back as it came."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=4000, trim_whitespace=False, **kwargs)


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
        help_text="What counts: the same item, the same kind of thing, the same look.",
    )
    page = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=1)


WORDS_HELP = (
    "What else is wanted, in English or Chinese: `in red`, `50元以下`. Filters in it "
    "are recognised (see `filters` of the answer), the rest ranks."
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
        help_text="A name, a number (SKU), or what is wanted: `red phone`, `红色手机`.",
    )


@extend_schema_field(OpenApiTypes.BINARY)
class PhotoField(serializers.FileField):
    """A photo in a form: the schema says binary, where its default is a URL."""


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
        help_text="Whether to suggest boxes of what stands out on a whole photo. "
        "Each takes as long as encoding the photo once more.",
    )


class MillisecondsField(serializers.FloatField):
    def to_representation(self, value: float) -> Any:
        return round(value, 2)


class StagesSerializer(serializers.Serializer[Any]):
    """Milliseconds. A query that is asked again is neither decoded nor encoded."""

    decode = MillisecondsField(required=False)
    encode = MillisecondsField(required=False)
    search = MillisecondsField()
    fetch = MillisecondsField()
    facets = MillisecondsField()


class FreshnessSerializer(serializers.Serializer[Any]):
    """Which gallery answered."""

    snapshot = serializers.CharField()
    as_of = serializers.DateTimeField(help_text="When the snapshot was taken.")
    images = serializers.IntegerField(
        help_text="Pictures that can be found now; for words, products."
    )
    pending = serializers.IntegerField(
        help_text="Products changed since the snapshot; they are found as they are now."
    )


class PredictionSerializer(serializers.Serializer[Any]):
    """The kind of thing on the photo, by the vote of the 10 products nearest to it."""

    slug = serializers.CharField()
    name = serializers.CharField()
    confidence = serializers.FloatField(help_text="Its share of the votes.")


class PlainSerializer(serializers.Serializer[Any]):
    """Of what has just these fields, ready for JSON: as it is. An answer has a hundred
    of them, and the framework takes its time for each.
    """

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: getattr(instance, name) for name in self._declared_fields}


class WordCountSerializer(PlainSerializer):
    value = serializers.CharField()
    count = serializers.IntegerField()


class CategoryCountSerializer(PlainSerializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    depth = serializers.IntegerField(help_text="1 at the top.")
    count = serializers.IntegerField(help_text="Products in it and below.")


class PriceRangeSerializer(serializers.Serializer[Any]):
    min = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    max = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)


class FacetsSerializer(serializers.Serializer[Any]):
    """How many products each filter would leave, of those that a search looks at: the
    200 nearest pictures. Each is counted under all filters but its own.
    """

    category = CategoryCountSerializer(many=True)
    price = PriceRangeSerializer()
    in_stock = serializers.IntegerField(help_text="Products in stock.")

    def get_fields(self) -> dict[str, Any]:
        words = {
            name: WordCountSerializer(many=True, source=f"words.{name}")
            for name in WORD_COLUMNS
        }
        return {**super().get_fields(), **words}


class ResultSerializer(serializers.Serializer[Any]):
    product = ProductSerializer()
    image_id = serializers.IntegerField(
        allow_null=True,
        help_text="The picture that is most like it; for words the main one, or null.",
    )
    distance = serializers.IntegerField(help_text="Bits that differ.")
    similarity = serializers.FloatField(
        help_text="The probability that it is the same product; for words the share of "
        "them that it has."
    )
    match = serializers.ChoiceField(choices=MATCHES, help_text=MATCH_HELP)

    def to_representation(self, result: Result) -> dict[str, Any]:
        """As the fields say, written out, for the same reason as a product."""
        return {
            "product": self.fields["product"].to_representation(result.product),
            "image_id": result.image_id,
            "distance": result.distance,
            "similarity": result.similarity,
            "match": result.match.value,
        }


class WordsSerializer(serializers.Serializer[Any]):
    """What was asked in words."""

    text = serializers.CharField(source="typed", help_text="As it was sent.")
    read_as = serializers.CharField(
        source="ranked",
        allow_blank=True,
        help_text="What of it ranks, its slips corrected.",
    )


class ChosenSerializer(serializers.Serializer[Any]):
    """Filters that the answer is under: those sent, and those read in words."""

    category = serializers.SlugField(allow_null=True, allow_unicode=True)
    min_price = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True
    )
    max_price = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True
    )
    in_stock = serializers.BooleanField()

    def get_fields(self) -> dict[str, Any]:
        words = {
            name: serializers.ListField(child=serializers.CharField())
            for name in WORD_COLUMNS
        }
        return {**super().get_fields(), **words}


class SuggestedBoxSerializer(serializers.Serializer[Any]):
    """A thing that stands out on the photo."""

    box = serializers.ListField(
        child=serializers.FloatField(),
        min_length=4,
        max_length=4,
        help_text="`[x, y, w, h]` as shares of 1.",
    )
    query = serializers.CharField(
        help_text="Asks with this part alone, without sending the photo again."
    )


class AnswerSerializer(serializers.Serializer[Any]):
    query = serializers.CharField(
        help_text="Asks the same again, without the photo; good for a day."
    )
    match = serializers.ChoiceField(choices=MATCHES, help_text=MATCH_HELP)
    count = serializers.IntegerField(help_text="Products on all pages: 200 at most.")
    next = serializers.URLField(
        allow_null=True, help_text="The next page; null on the last."
    )
    took_ms = serializers.FloatField(
        help_text="From reading the body to this answer, in milliseconds."
    )
    stages = StagesSerializer()
    boxes = SuggestedBoxSerializer(
        many=True,
        help_text="What stands out, the strongest first: 3 at most, where they were "
        "asked for with a whole photo; else none.",
    )
    category = PredictionSerializer(allow_null=True)
    words = WordsSerializer(allow_null=True)
    filters = ChosenSerializer()
    facets = FacetsSerializer()
    gallery = FreshnessSerializer(source="freshness")
    results = ResultSerializer(many=True)


class SimilarSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    took_ms = serializers.FloatField()
    results = ResultSerializer(many=True)


class EncoderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    fingerprint = serializers.CharField(help_text="Same digits, same bits.")


class LiveEncoderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="row.name")
    fingerprint = serializers.CharField(source="row.fingerprint")
    state = serializers.ChoiceField(
        choices=[State.FILLING.value, State.READY.value, State.SERVING.value],
        source="row.state",
    )
    coded = serializers.IntegerField(
        source="coverage.coded", help_text="Pictures that have its code."
    )
    waiting = serializers.IntegerField(source="coverage.waiting")


class StatusSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["healthy"])
    engine = serializers.ChoiceField(
        choices=list(ENGINES), help_text="What searches the codes."
    )
    encoder = EncoderSerializer()
    encoders = LiveEncoderSerializer(
        many=True, help_text="The one that serves, and those beside it."
    )
    gallery = FreshnessSerializer()
    waiting = serializers.IntegerField(help_text="Pictures without a code yet.")
    failed = serializers.IntegerField(help_text="Pictures that cannot be encoded.")
