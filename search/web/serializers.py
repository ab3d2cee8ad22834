"""Serializers of the search API's answers."""

from typing import Any

from rest_framework import serializers

from catalogue.serializers import ProductSerializer
from search.answers.answer import Result
from search.engines.engine import ENGINES
from search.gallery.calibration import Match
from search.gallery.columns import WORD_COLUMNS
from search.models import Encoder

LIVE_STATES = (
    Encoder.State.FILLING,
    Encoder.State.READY,
    Encoder.State.SERVING,
)
MATCHES = [match.value for match in Match]
MATCH_HELP = "The same product, very similar, somewhat similar, or not similar."


class MillisecondsField(serializers.FloatField):
    def to_representation(self, value: float) -> Any:
        return round(value, 2)


class StagesSerializer(serializers.Serializer[Any]):
    """Milliseconds. A repeated query is neither decoded nor encoded."""

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
        help_text="Products changed since the snapshot; found as they are now."
    )


class PredictionSerializer(serializers.Serializer[Any]):
    """The category of the thing on the photo, by vote of the 10 nearest products."""

    slug = serializers.CharField()
    name = serializers.CharField()
    confidence = serializers.FloatField(help_text="Its share of the votes.")


class PlainSerializer(serializers.Serializer[Any]):
    """Copies attributes that are ready for JSON as they are.

    An answer has a hundred such objects, and the framework is slow on each.
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
    """How many products each filter would leave among the 200 nearest pictures.

    Each facet is counted under all filters but its own.
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
        help_text="The product's picture nearest to the photo; for words its main "
        "picture, or null.",
    )
    distance = serializers.IntegerField(help_text="Bits that differ.")
    similarity = serializers.FloatField(
        help_text="The probability that it is the same product; for words the share of "
        "them that the product has."
    )
    match = serializers.ChoiceField(choices=MATCHES, help_text=MATCH_HELP)

    def to_representation(self, result: Result) -> dict[str, Any]:
        """Write out the fields by hand, as ProductSerializer does, to be fast."""
        return {
            "product": self.fields["product"].to_representation(result.product),
            "image_id": result.image_id,
            "distance": result.distance,
            "similarity": result.similarity,
            "match": result.match.value,
        }


class WordsSerializer(serializers.Serializer[Any]):
    """The words of a query."""

    text = serializers.CharField(source="typed", help_text="As it was sent.")
    read_as = serializers.CharField(
        source="ranked",
        allow_blank=True,
        help_text="What of it ranks, with its spelling corrected.",
    )


class ChosenSerializer(serializers.Serializer[Any]):
    """The filters of the answer: those sent, and those recognised in the words."""

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
        help_text="Searches with this part alone, without the photo."
    )


class AnswerSerializer(serializers.Serializer[Any]):
    query = serializers.CharField(
        help_text="Repeats this search without the photo. It is valid for a day if "
        "a photo was searched with, else for ever."
    )
    match = serializers.ChoiceField(choices=MATCHES, help_text=MATCH_HELP)
    count = serializers.IntegerField(help_text="Products on all pages, at most 200.")
    next = serializers.URLField(
        allow_null=True, help_text="The next page; null on the last."
    )
    took_ms = serializers.FloatField(
        help_text="Milliseconds from reading the body to this answer."
    )
    stages = StagesSerializer()
    boxes = SuggestedBoxSerializer(
        many=True,
        help_text="Up to 3 things that stand out, the strongest first, if `boxes` was "
        "sent with a whole photo; else empty.",
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
    fingerprint = serializers.CharField(
        help_text="Encoders with the same one give the same bits."
    )


class LiveEncoderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="row.name")
    fingerprint = serializers.CharField(source="row.fingerprint")
    state = serializers.ChoiceField(
        choices=[state.value for state in LIVE_STATES],
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
        many=True, help_text="The encoder that serves, and those beside it."
    )
    gallery = FreshnessSerializer()
    waiting = serializers.IntegerField(help_text="Pictures without a code yet.")
    failed = serializers.IntegerField(help_text="Pictures that cannot be encoded.")
