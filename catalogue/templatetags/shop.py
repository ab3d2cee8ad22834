"""Template filters for prices and pictures."""

from decimal import Decimal

from django import template
from django.conf import settings
from django.utils.formats import number_format
from imagekit.cachefiles import ImageCacheFile

from catalogue.cards import MainPicture
from catalogue.media import thumbnails
from catalogue.models import ProductImage

register = template.Library()

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CNY": "¥", "JPY": "¥", "INR": "₹"}


@register.filter
def price(amount: Decimal) -> str:
    """Format a price with the shop's currency: its sign, else its code."""
    number = number_format(amount, 2, use_l10n=True, force_grouping=True)
    currency = settings.CURRENCY
    return (
        f"{SYMBOLS[currency]}{number}"
        if currency in SYMBOLS
        else f"{currency} {number}"
    )


@register.filter
def thumbnail_url(thumbnail: ImageCacheFile) -> str:
    """Return the thumbnail's address; empty when its file is lost."""
    return thumbnails.url_of(thumbnail)


@register.filter
def card_url(image: ProductImage | MainPicture) -> str:
    """Return the address of the thumbnail for lists; empty when its file is lost."""
    return thumbnails.card_url(str(image.file))
