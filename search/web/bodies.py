"""Small JSON bodies: bounded before they are read, with fields of strict types."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from catalogue.api import refuse_unknown
from search.web.uploads import BodyTooLarge

MAX_BYTES = 16 * 1024


class SmallJSON(JSONParser):
    """Parses a JSON object of MAX_BYTES at most."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise BodyTooLarge
        try:
            parsed: Any = super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        if not isinstance(parsed, dict):
            raise ParseError("Send an object of JSON.")
        return parsed


class TextField(serializers.CharField):
    """A JSON string; numbers and booleans are not converted."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; strings and booleans are not converted."""

    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        if not is_number or data != data or data in (float("inf"), float("-inf")):
            self.fail("invalid")
        number: int = super().to_internal_value(data)
        return number


@extend_schema_field(
    {
        "type": "string",
        "contentEncoding": "base64",
        "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        "minLength": 4,
        "maxLength": 4096,
    }
)
class Base64Field(TextField):
    """Bytes as base64 with padding."""

    default_error_messages = {"base64": _("This is not base64.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text: Any = super().run_validation(data)
        try:
            return b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")


def valid_body(
    serializer_class: type[serializers.Serializer[Any]], body: Any
) -> dict[str, Any]:
    """Return the validated fields; raises a ValidationError that names the fields."""
    refuse_unknown(body, serializer_class().fields)
    serializer = serializer_class(data=body)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
