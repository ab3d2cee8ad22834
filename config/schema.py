"""Additions to the OpenAPI schema: every error and every header."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from config.problems import PROBLEM

# What every endpoint may answer. A view adds its own as `problems`.
ALWAYS = (400, 401, 406, 429, 500, 503)


class ProblemErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(allow_null=True, help_text="The name that was sent.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem by RFC 9457; branch on `code`, show `detail`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="In the language of the request.")
    code = serializers.CharField()
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(help_text="As in `X-Request-ID`, and our log.")


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
        for status, response in responses.items():
            response["headers"] = self._headers(status)
        return responses

    def _headers(self, status: str) -> dict[str, Any]:
        names = ["X-Request-ID", "RateLimit", "RateLimit-Policy"]
        if status in ("429", "503"):
            names.append("Retry-After")
        if getattr(self.view, "conditional", False) and status in ("200", "206", "304"):
            names.append("ETag")
        return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

    def get_override_parameters(self) -> list[Any]:
        given = super().get_override_parameters()
        if getattr(self.view, "conditional", False):
            given = [*given, IF_NONE_MATCH]
        return given


IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, "header", description="The `ETag` of what you have."
)
HEADERS = {
    "X-Request-ID": (True, "Names the request, in our log too."),
    "RateLimit": (False, 'What is left: `"address";r=12;t=9`.'),
    "RateLimit-Policy": (False, 'What is allowed: `"address";q=60;w=60`.'),
    "Retry-After": (False, "Seconds."),
    "ETag": (False, "Names this version; send it as `If-None-Match`."),
}


def add_headers(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the header components that `Schema` refers to."""
    result["components"]["headers"] = {
        name: {
            "description": description,
            "required": required,
            "schema": {"type": "string"},
        }
        for name, (required, description) in HEADERS.items()
    }
    return result
