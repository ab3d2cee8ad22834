"""Filters of admin's product list."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalogue.models import Category, Product, ProductImage

MENU = "admin/catalogue/filter_menu.html"
MAX_CHOICES = 2000  # in a menu


class BrandFilter(admin.AllValuesFieldListFilter):
    """Not shown where brands are too many for a menu; the search finds them too."""

    template = MENU

    def has_output(self) -> bool:
        return super().has_output() and len(self.lookup_choices) <= MAX_CHOICES


class CategorySubtreeFilter(admin.SimpleListFilter):
    """A category with everything below it."""

    title = _("category")
    parameter_name = "category"
    template = MENU

    def lookups(
        self, request: HttpRequest, model_admin: Any
    ) -> Iterable[tuple[str, str]]:
        for category in Category.objects.get_tree().filter(depth__lte=_levels()):
            yield str(category.pk), category.indented_name

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> QuerySet[Product]:
        if not self.value():
            return queryset
        category = Category.objects.filter(pk=_number(self.value())).first()
        return queryset.filter(category__in=category.subtree_ids() if category else [])


def _levels() -> int:
    """Return how many levels of categories fit into a menu, from the top."""
    by_depth = Category.objects.order_by("depth").values_list("depth")
    fitting, total = 0, 0
    for depth, count in by_depth.annotate(count=Count("pk")):
        total += count
        if total > MAX_CHOICES:
            break
        fitting = depth
    return fitting


class YesNoFilter(admin.SimpleListFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> QuerySet[Product]:
        if self.value() not in ("yes", "no"):
            return queryset
        chosen = self.chosen(queryset)
        return chosen if self.value() == "yes" else queryset.exclude(pk__in=chosen)

    def chosen(self, queryset: QuerySet[Product]) -> QuerySet[Product]:
        raise NotImplementedError


class InStockFilter(YesNoFilter):
    title = _("in stock")
    parameter_name = "in_stock"

    def chosen(self, queryset: QuerySet[Product]) -> QuerySet[Product]:
        return queryset.filter(stock__gt=0)


class HasPicturesFilter(YesNoFilter):
    title = _("has pictures")
    parameter_name = "has_pictures"

    def chosen(self, queryset: QuerySet[Product]) -> QuerySet[Product]:
        images = ProductImage.objects.filter(product=OuterRef("pk"))
        return queryset.filter(Exists(images))


def _number(text: str | None) -> int:
    """Parse an id; 0, which no row has, for anything else."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0
