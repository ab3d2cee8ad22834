"""Template tags of search for the shop's pages, which work without it."""

from typing import Any

import structlog
from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalogue.models import Product
from search.answers.similar import similar_to_product
from search.errors import SearchUnavailable
from search.gallery.calibration import Match
from search.gallery.filters import Filters
from search.words.language.colours import translate_for_reader

register = template.Library()
register.filter("colour_name", translate_for_reader)
log = structlog.get_logger(__name__)

ON_PRODUCT_PAGE = 8

MATCH_WORDS: dict[str, Promise] = {
    Match.EXACT: _("Probably this one"),
    Match.SIMILAR: _("Very similar"),
    Match.WEAK: _("Somewhat similar"),
}


@register.inclusion_tag("search/_similar.html")
def looks_similar(product: Product) -> dict[str, Any]:
    """Show products that look like this one; nothing while search is unavailable.

    Beside a product that is sold out, only products in stock are shown.
    """
    filters = Filters(in_stock=not product.in_stock)
    try:
        results = similar_to_product(product, filters=filters, limit=ON_PRODUCT_PAGE)
    except SearchUnavailable as error:
        log.info("no similar products", product=product.pk, reason=str(error))
        results = []
    products = [result.product for result in results]
    return {"products": products, "instead": not product.in_stock}


@register.filter
def match_words(match: str) -> str:
    """Return in words how well a result matches; empty if it does not."""
    return str(MATCH_WORDS.get(match, ""))
