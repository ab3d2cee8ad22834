"""Search for programs: by photo, by an earlier query, by words, by a product."""

from collections.abc import Collection
from threading import local
from time import perf_counter
from typing import Any, TypeVar

from django.conf import settings
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils.datastructures import MultiValueDict
from django_filters.utils import translate_validation
from drf_spectacular.utils import OpenApiRequest, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalogue.api import refuse_unknown
from catalogue.media.images import open_photo
from catalogue.models import Product
from search.answers.answer import Answer, Freshness, Stages
from search.answers.similar import similar_to_photo, similar_to_product
from search.answers.word_search import by_words, repeat_query
from search.encoders import registry
from search.encoders.counts import counts
from search.engines.engine import current_gallery, engine
from search.missed.counting import count_photo, count_words
from search.web.forms import FilterForm, PhotoSearchForm, QueryForm, WordsForm
from search.web.parameters import (
    LimitParameters,
    PhotoFields,
    QueryParameters,
    WordsParameters,
)
from search.web.serializers import (
    AnswerSerializer,
    SimilarSerializer,
    StatusSerializer,
)
from search.web.uploads import receive_in_memory

PHOTO_TYPES = "image/jpeg, image/png, image/webp, image/avif, image/gif, image/*"
WORDS_PARAMETERS = set(WordsForm.base_fields) - {"match_on"}
SIMILAR_PARAMETERS = set(FilterForm.base_fields) - {"page", "sort", "match_on"}

AnyForm = TypeVar("AnyForm", bound=FilterForm)


class PhotoSearch(APIView):
    """The products most like what is on a photo. Nothing of the photo is kept."""

    parser_classes = [MultiPartParser]
    problems = (413, 415, 422)

    @extend_schema(
        operation_id="search_photo",
        request={
            "multipart/form-data": OpenApiRequest(
                PhotoFields, encoding={"photo": {"contentType": PHOTO_TYPES}}
            )
        },
        responses=AnswerSerializer,
        tags=["search"],
    )
    def post(self, request: Request) -> Response:
        started = perf_counter()
        refuse_unknown(request.query_params, ())
        receive_in_memory(request._request)
        form = valid_form(PhotoSearchForm, request.POST, files=request.FILES)
        stages = Stages()
        with stages.timed("decode"):
            photo = open_photo(form.cleaned_data["photo"])
        search_request = form.search_request()
        answer = similar_to_photo(photo, search_request, stages=stages)
        if not search_request.has_filters:
            count_photo(answer)
        return answer_response(request, answer, form, started)


class QuerySearch(APIView):
    """An earlier query again: another page, other filters, another order."""

    problems = (409, 410)

    @extend_schema(
        operation_id="search_query",
        parameters=[QueryParameters],
        responses=AnswerSerializer,
        tags=["search"],
    )
    def get(self, request: Request) -> Response:
        started = perf_counter()
        form = valid_form(QueryForm, request.query_params)
        answer = repeat_query(form.cleaned_data["query"], form.search_request())
        return answer_response(request, answer, form, started)


class WordsSearch(APIView):
    """The products that fit words best, in English or Chinese.

    Filters in them (colour, price, stock, brand, category) are recognised; the
    rest ranks. Answers also while searching by photo is not available.
    """

    @extend_schema(
        operation_id="search_words",
        parameters=[WordsParameters],
        responses=AnswerSerializer,
        tags=["search"],
    )
    def get(self, request: Request) -> Response:
        started = perf_counter()
        stages = Stages()
        with stages.timed("encode"):
            form = valid_form(WordsForm, request.query_params, known=WORDS_PARAMETERS)
        search_request = form.search_request()
        words = search_request.words
        if words is None:
            raise ValueError("the form lets no empty words through")
        answer = by_words(words, search_request, stages=stages)
        if not form.has_chosen_filters and search_request.page == 1:
            count_words(words.typed, answer)
        return answer_response(request, answer, form, started)


class SimilarProducts(APIView):
    """Other products that look like this one."""

    problems = (404,)

    @extend_schema(
        operation_id="products_similar",
        parameters=[LimitParameters],
        responses=SimilarSerializer,
        tags=["search"],
    )
    def get(self, request: Request, pk: int) -> Response:
        started = perf_counter()
        form = valid_form(FilterForm, request.query_params, known=SIMILAR_PARAMETERS)
        product = get_object_or_404(Product.objects.on_sale(), pk=pk)
        results = similar_to_product(
            product, filters=form.filters(), limit=form.cleaned_data["limit"]
        )
        similar = {"count": len(results), "results": results, "took_ms": 0}
        data = SimilarSerializer(similar, context={"request": request}).data
        return Response({**data, "took_ms": _milliseconds_since(started)})


class Status(APIView):
    """Whether search answers, by what, and how fresh; 503 when it cannot."""

    # Monitoring may ask as often as it needs to.
    throttle_classes = []

    @extend_schema(operation_id="status", responses=StatusSerializer, tags=["search"])
    def get(self, request: Request) -> Response:
        refuse_unknown(request.query_params, ())
        engine().check()
        gallery = current_gallery()
        gallery_counts = counts(len(gallery))
        status = {
            "status": "healthy",
            "engine": settings.SEARCH_ENGINE,
            "encoder": registry.encoder(),
            "encoders": [
                {"row": row, "coverage": coverage}
                for row, coverage in gallery_counts.coverage
            ],
            "gallery": Freshness.of(gallery),
            "waiting": gallery_counts.waiting,
            "failed": gallery_counts.failed,
        }
        return Response(StatusSerializer(status).data)


def valid_form(
    form_class: type[AnyForm],
    data: QueryDict,
    *,
    files: MultiValueDict[str, Any] | None = None,
    known: Collection[str] = (),
) -> AnyForm:
    """Return the validated form; raises a ValidationError that names the fields.

    known: the parameters that may be sent, if these are not the form's fields.
    """
    refuse_unknown({*data, *(files or ())}, known or form_class.base_fields)
    form = form_class(data, files)
    if not form.is_valid():
        raise translate_validation(form.errors)
    return form


class _ThreadSerializer(local):
    """One serializer a thread: a new one copies some fifty fields."""

    def __init__(self) -> None:
        self.context: dict[str, Any] = {}
        self.answer = AnswerSerializer(context=self.context)


_serializer = _ThreadSerializer()


def answer_response(
    request: Request, answer: Answer, form: FilterForm, started: float
) -> Response:
    """Present an answer; `started` is the perf_counter() when the request came."""
    fields = {
        **vars(answer),
        "next": _next_url(request, answer, form),
        "took_ms": 0,
        "filters": form.filter_values(),
    }
    _serializer.context["request"] = request
    data = _serializer.answer.to_representation(fields)
    return Response({**data, "took_ms": _milliseconds_since(started)})


def _next_url(request: Request, answer: Answer, form: FilterForm) -> str | None:
    if answer.next_page is None:
        return None
    params = QueryDict(mutable=True)
    for name in FilterForm.base_fields:
        value = form[name].value() or []
        params.setlist(name, value if isinstance(value, list) else [value])
    params["query"], params["page"] = answer.query, str(answer.next_page)
    return f"{reverse('api:search', request=request)}?{params.urlencode()}"


def _milliseconds_since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 2)
