"""For programs that encode by themselves: the encoder, and search by what it makes."""

from time import perf_counter
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalogue.api import refuse_unknown
from search.answers.similar import similar_to_query
from search.devices import exchange
from search.devices.ranges import PARTIAL, ranged
from search.devices.serializers import CodeFields, EncoderCardSerializer
from search.encoders import registry
from search.errors import ForeignEncoder
from search.web.api import answer_response, valid_form
from search.web.bodies import SmallJSON, valid_body
from search.web.forms import FilterForm
from search.web.parameters import PageParameters
from search.web.serializers import AnswerSerializer


class CodeSearch(APIView):
    """The products most like what a device has encoded. No photo travels.

    `encoder` must be the one that serves (`GET encoder/`); filters, order and page are
    those of a search by `query`.
    """

    parser_classes = [SmallJSON]
    problems = (409, 413, 415, 422)

    @extend_schema(
        operation_id="search_code",
        parameters=[PageParameters],
        request=CodeFields,
        responses=AnswerSerializer,
        tags=["search"],
    )
    def post(self, request: Request) -> Response:
        started = perf_counter()
        form = valid_form(FilterForm, request.query_params)
        sent = valid_body(CodeFields, request.data)
        query = exchange.query_from_device(
            sent["encoder"], sent["code"], sent["embedding"]
        )
        answer = similar_to_query(query.token(), form.search_request())
        return answer_response(request, answer, form, started)


@method_decorator(conditional_page, name="dispatch")
class EncoderCard(APIView):
    """The encoder that serves, and its files: what a device needs to encode."""

    conditional = True

    @extend_schema(
        operation_id="encoder", responses=EncoderCardSerializer, tags=["encoder"]
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request.query_params, ())
        now = registry.encoder()
        files = [
            {
                **vars(file),
                "url": reverse(
                    "api:encoder-file", (now.fingerprint, file.name), request=request
                ),
            }
            for file in exchange.files_of(now)
        ]
        card = {"encoder": now, "files": files}
        return Response(EncoderCardSerializer(card).data)


class AnyType(BaseContentNegotiation):
    """A file is what it is, whatever `Accept` says; an error is told in JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return None

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: Any = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class EncoderFile(APIView):
    """One file of an encoder.

    It never changes, since another encoder has another fingerprint. Parts of it can be
    requested (`Range`).
    """

    content_negotiation_class = AnyType
    problems = (404, 416)
    conditional = True

    @extend_schema(
        operation_id="encoder_file",
        parameters=[
            OpenApiParameter("fingerprint", str, "path", pattern="^[0-9a-f]{16}$"),
            OpenApiParameter("name", str, "path", enum=exchange.FILES),
            OpenApiParameter(
                "Range", str, "header", description="One range of bytes; others: all."
            ),
            OpenApiParameter("If-Range", str, "header"),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (PARTIAL, "application/octet-stream"): OpenApiTypes.BINARY,
        },
        tags=["encoder"],
    )
    def get(self, request: Request, fingerprint: str, name: str) -> HttpResponseBase:
        refuse_unknown(request.query_params, ())
        try:
            file = exchange.file_of(registry.by_fingerprint(fingerprint), name)
        except (ForeignEncoder, KeyError) as error:
            raise Http404 from error
        return ranged(request._request, file)
