"""Feedback from programs."""

import re
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.callers import caller_of
from catalogue.api import MAX_ID
from catalogue.serializers import FilterParameters
from search.feedback.giving import give
from search.models import Feedback
from search.web.api import valid_form
from search.web.bodies import SmallJSON, WholeNumberField, valid_body
from search.web.forms import FILTER_FIELDS, FilterForm
from search.web.parameters import TokenField

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
VERDICTS = [verdict.value for verdict in Feedback.Verdict]


class FeedbackFields(serializers.Serializer[Any]):
    query = TokenField(help_text="`query` of the answer.")
    product = WholeNumberField(
        min_value=1, max_value=MAX_ID, help_text="The id of one of its products."
    )
    verdict = serializers.ChoiceField(choices=VERDICTS)


class FeedbackSerializer(serializers.Serializer[Any]):
    product = serializers.IntegerField(source="product_id")
    verdict = serializers.ChoiceField(choices=VERDICTS)
    received = serializers.DateTimeField()


class GiveFeedback(APIView):
    """Say that a product was the right answer to a query, or a wrong one.

    The product must be in the answer: send the filters along that the answer had, as
    parameters. No picture is kept, and of who said so only a hash that soon leads
    nowhere.
    """

    parser_classes = [SmallJSON]
    problems = (409, 410, 413, 415, 422)

    @extend_schema(
        operation_id="feedback",
        parameters=[
            FilterParameters,
            OpenApiParameter(
                HEADER,
                str,
                "header",
                pattern=f"^{KEY.pattern}$",
                description="Sent again with the same body it is answered the same, "
                "for a day at least; with another body it is refused.",
            ),
        ],
        request=FeedbackFields,
        responses={201: FeedbackSerializer},
        tags=["feedback"],
    )
    def post(self, request: Request) -> Response:
        form = valid_form(FilterForm, request.query_params, known=FILTER_FIELDS)
        given = give(
            **_read(request.data),
            sender=caller_of(request),
            idempotency_key=_key(request),
            filters=form.filters(),
        )
        return Response(FeedbackSerializer(given).data, 201)


def _read(body: Any) -> dict[str, Any]:
    sent = valid_body(FeedbackFields, body)
    return {
        "token": sent["query"],
        "product_id": sent["product"],
        "verdict": sent["verdict"],
    }


def _key(request: Request) -> str:
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not KEY.fullmatch(key):
        detail = ErrorDetail(gettext("1 to 255 visible characters."), "invalid")
        raise ValidationError({HEADER: [detail]})
    return key
