"""How products look in templates: prices, pictures."""

from decimal import Decimal

import structlog
from django import template
from django.conf import settings
from django.utils.formats import number_format
from imagekit.cachefiles import ImageCacheFile

from catalogue.storing import AWAY

register = template.Library()
log = structlog.get_logger(__name__)

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CNY": "¥", "JPY": "¥", "INR": "₹"}


@register.filter
def price(amount: Decimal) -> str:
    """With the shop's currency: its sign, else its code."""
    number = number_format(amount, 2, use_l10n=True, force_grouping=True)
    currency = settings.CURRENCY
    return (
        f"{SYMBOLS[currency]}{number}"
        if currency in SYMBOLS
        else f"{currency} {number}"
    )


@register.filter
def thumbnail_url(thumbnail: ImageCacheFile) -> str:
    """Where the thumbnail is, made if it is not; empty when its file is lost.

    One lost file must not take the whole page with it.
    """
    try:
        return str(thumbnail.url)
    except AWAY as error:
        log.warning("picture lost", file=str(thumbnail), error=str(error))
        return ""
