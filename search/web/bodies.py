"""Small JSON bodies: bounded before they are read, and each field a text."""

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

MOST = 16 * 1024  # bytes


class SmallJSON(JSONParser):
    """An object of JSON, no larger than any of ours can be."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read(MOST + 1)
        if len(body) > MOST:
            raise BodyTooLarge
        try:
            parsed: Any = super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        if not isinstance(parsed, dict):
            raise ParseError("Send an object of JSON.")
        return parsed


class TextField(serializers.CharField):
    """A text of JSON, and nothing that could be taken for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class WholeNumberField(serializers.IntegerField):
    """A number of JSON without a fraction."""

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
    """Bytes, as base64 with its padding."""

    default_error_messages = {"base64": _("This is not base64.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text: Any = super().run_validation(data)
        try:
            return b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")


def read_body(
    serializer: type[serializers.Serializer[Any]], body: Any
) -> dict[str, Any]:
    """What a body says. Raises a ValidationError that names the fields."""
    refuse_unknown(body, serializer().fields)
    read = serializer(data=body)
    read.is_valid(raise_exception=True)
    values: dict[str, Any] = read.validated_data
    return values
