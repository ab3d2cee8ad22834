"""The read-only API of the catalogue."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalogue.filters import ProductFilters
from catalogue.models import Category, Product
from catalogue.serializers import (
    CategorySerializer,
    FilterParameters,
    ProductDetailSerializer,
    ProductSerializer,
)

MAX_LIMIT = 50
MAX_ID = 2**63 - 1
# An error repeats this many unknown parameters, this many characters of each.
MAX_UNKNOWN_NAMED, MAX_UNKNOWN_CHARACTERS = 10, 100


class NewestFirst(CursorPagination):
    """Pages by descending id, which stay stable while products come and go."""

    ordering = "-id"
    page_size = 20
    page_size_query_param = "limit"

    def get_page_size(self, request: Request) -> int:
        field = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT)
        given = request.query_params.get("limit")
        try:
            return int(field.run_validation(given)) if given else self.page_size
        except ValidationError as error:
            raise ValidationError({"limit": error.detail}) from error

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            position = str(cursor.position)
            is_number = position.isascii() and position.isdigit()
            if not is_number or int(position[:20]) > MAX_ID:
                raise NotFound(self.invalid_cursor_message)
        return cursor


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a ValidationError that names each unknown parameter."""
    if unknown := sorted(set(given) - set(known)):
        detail = ErrorDetail("There is no such parameter.", code="unknown")
        named = {
            name[:MAX_UNKNOWN_CHARACTERS]: [detail]
            for name in unknown[:MAX_UNKNOWN_NAMED]
        }
        raise ValidationError(named)


@method_decorator(conditional_page, name="dispatch")
class ProductList(ListAPIView[Product]):
    """Products on sale, the newest first."""

    problems = (404,)
    conditional = True
    serializer_class = ProductSerializer
    pagination_class = NewestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_class = ProductFilters
    queryset = Product.objects.none()

    @extend_schema(
        operation_id="products_list",
        filters=False,
        parameters=[FilterParameters],
        tags=["catalogue"],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        known = {*ProductFilters.base_filters, "cursor", "limit"}
        refuse_unknown(request.query_params, known)
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.on_sale().for_list()


@method_decorator(conditional_page, name="dispatch")
class ProductDetail(RetrieveAPIView[Product]):
    """A product on sale."""

    problems = (404,)
    conditional = True
    serializer_class = ProductDetailSerializer
    queryset = Product.objects.none()

    @extend_schema(operation_id="products_retrieve", tags=["catalogue"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        refuse_unknown(request.query_params, ())
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.on_sale().for_list()


@method_decorator(conditional_page, name="dispatch")
class CategoryList(APIView):
    """The tree of categories: each follows the one above it."""

    conditional = True

    @extend_schema(
        operation_id="categories_list",
        responses=CategorySerializer(many=True),
        tags=["catalogue"],
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request.query_params, ())
        return Response(CategorySerializer(_tree(), many=True).data)


def _tree() -> list[dict[str, Any]]:
    on_sale = Count("products", filter=Q(products__active=True))
    categories = list(Category.objects.order_by("path").annotate(on_sale=on_sale))
    products: dict[str, int] = {}
    for category in categories:
        for path in _ancestry(category.path):
            products[path] = products.get(path, 0) + category.on_sale
    slugs = {category.path: category.slug for category in categories}
    return [
        {
            "slug": category.slug,
            "name": category.name,
            "parent": slugs.get(category.path[: -Category.steplen]),
            "products": products[category.path],
        }
        for category in categories
    ]


def _ancestry(path: str) -> list[str]:
    """Return the tree paths from the root down to this one."""
    step = Category.steplen
    return [path[:end] for end in range(step, len(path) + 1, step)]
