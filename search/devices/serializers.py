"""What devices send of their own encoding, and what they are told of the encoder."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from catalogue.media.images import QUERY_SIDE
from search.web.bodies import Base64Field, TextField

# To the end of the text, which `$` is not: that would let a line end follow.
FINGERPRINT = r"^[0-9a-f]{16}\Z"
LONGEST = 4096  # characters of base64: codes and embeddings are shorter


class CodeFields(serializers.Serializer[Any]):
    encoder = TextField(
        trim_whitespace=False,
        validators=[RegexValidator(FINGERPRINT)],
        help_text="The fingerprint of the encoder that made these.",
    )
    code = Base64Field(
        max_length=LONGEST, help_text="n_bits / 8 bytes, the first bit the highest."
    )
    embedding = Base64Field(max_length=LONGEST, help_text="dim numbers, each an int8.")


class PartSerializer(serializers.Serializer[Any]):
    """A named stretch of the embedding."""

    name = serializers.CharField()
    start = serializers.IntegerField()
    stop = serializers.IntegerField()
    weight = serializers.FloatField()


class EncoderFileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    url = serializers.URLField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Hexadecimal; its ETag too.")


class EncoderCardSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="encoder.name")
    fingerprint = serializers.CharField(
        source="encoder.fingerprint", help_text="Same digits, same bits."
    )
    description = serializers.CharField(source="encoder.card.description")
    n_bits = serializers.IntegerField(source="encoder.n_bits", help_text="Of a code.")
    dim = serializers.IntegerField(
        source="encoder.card.dim", help_text="Numbers in an embedding."
    )
    longest_side = serializers.SerializerMethodField(
        help_text="Pixels of the longer side of a picture, at most."
    )
    parts = PartSerializer(source="encoder.card.parts", many=True)
    files = EncoderFileSerializer(many=True)

    def get_longest_side(self, _: Any) -> int:
        return QUERY_SIDE
