"""What is particular about our OpenAPI schema: every answer that is an error."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from config.problems import PROBLEM

# What every endpoint may answer. A view adds its own as `problems`.
ALWAYS = (400, 406, 500, 503)


class ProblemErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(allow_null=True, help_text="The name that was sent.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457; go by `code`, show `detail`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="In the language of the request.")
    code = serializers.CharField()
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]


class Schema(AutoSchema):
    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses = super()._get_response_bodies(direction)
        for status in sorted({*ALWAYS, *getattr(self.view, "problems", ())}):
            told = OpenApiResponse(ProblemSerializer, HTTPStatus(status).phrase)
            responses[str(status)] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                told, str(status), [PROBLEM], direction
            )
        if getattr(self.view, "conditional", False):
            responses["304"] = {"description": "As its `ETag` says: nothing changed."}
        return responses
