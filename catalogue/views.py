"""Pages of the shop: home, a category, a product."""

from collections.abc import Iterable
from itertools import chain, zip_longest

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalogue.models import Category, Product

PRODUCTS_PER_PAGE = 24
PRODUCTS_ON_HOME = 16
# Home mixes the newest of these, so that a large catalogue is never read whole.
RECENT_PRODUCTS = 600

SORTS = {
    "newest": (_("Newest"), ["-pk"]),
    "cheapest": (_("Lowest price"), ["price", "-pk"]),
    "dearest": (_("Highest price"), ["-price", "-pk"]),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    recent = _recent_by_root()
    mixed = _mixed(recent.values())[:PRODUCTS_ON_HOME]
    faces = {path: product_ids[0] for path, product_ids in recent.items()}
    products = Product.objects.for_list().in_bulk({*mixed, *faces.values()})
    roots = _with_products(Category.objects.get_root_nodes())
    return render(
        request,
        "catalogue/home.html",
        {
            "tiles": [
                (category, products.get(faces.get(category.path, 0)))
                for category in roots
            ],
            "products": [products[pk] for pk in mixed if pk in products],
        },
    )


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    category = get_object_or_404(Category, slug=slug)
    sort = request.GET.get("sort", "newest")
    sort = sort if sort in SORTS else "newest"
    products = (
        Product.objects.on_sale()
        .filter(category__in=category.subtree_ids())
        .order_by(*SORTS[sort][1])
        .for_list()
    )
    return render(
        request,
        "catalogue/category.html",
        {
            "category": category,
            "ancestors": Category.objects.get_ancestors(category),
            "children": _with_products(Category.objects.get_children(category)),
            "page": Paginator(products, PRODUCTS_PER_PAGE).get_page(
                request.GET.get("page")
            ),
            "sorts": [(key, label) for key, (label, _order) in SORTS.items()],
            "sort": sort,
        },
    )


@require_safe
def product(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    product = get_object_or_404(Product.objects.on_sale().for_list(), pk=pk)
    if slug != product.slug:
        # Not permanent: a product that is renamed and renamed back would loop in
        # browsers that remember.
        return redirect(product)
    return render(
        request,
        "catalogue/product.html",
        {
            "product": product,
            "ancestors": Category.objects.get_ancestors(product.category),
        },
    )


def _with_products(categories: QuerySet[Category]) -> QuerySet[Category]:
    """Limit to categories that have products on sale, themselves or below."""
    below = Product.objects.on_sale().filter(
        category__path__startswith=OuterRef("path")
    )
    return categories.filter(Exists(below))


def _recent_by_root() -> dict[str, list[int]]:
    """Return the newest products' ids, newest first, by their top category's path."""
    rows = Product.objects.on_sale().order_by("-pk").values_list("pk", "category__path")
    by_root: dict[str, list[int]] = {}
    for pk, path in rows[:RECENT_PRODUCTS]:
        by_root.setdefault(path[: Category.steplen], []).append(pk)
    return by_root


def _mixed(groups: Iterable[list[int]]) -> list[int]:
    """Interleave the groups: the first of each, then the second of each, and so on."""
    rounds = zip_longest(*groups)
    return [pk for pk in chain.from_iterable(rounds) if pk is not None]
