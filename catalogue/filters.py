"""Filters of products, as sent in a URL or a form."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import django_filters
from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from catalogue.models import Category, Product

MAX_REPEATS = 50  # of one parameter
MAX_WORD_CHARACTERS = 100
# In all, as they are written in a URL: the next page's address must not be too long.
MAX_URL_BYTES = 1500


class CategorySlugField(forms.CharField):
    """A category's slug; cleans to the category, or None."""

    def clean(self, value: Any) -> Category | None:
        slug = super().clean(value)
        if not slug:
            return None
        category: Category | None = Category.objects.filter(slug=slug).first()
        if category is None:
            raise forms.ValidationError(_("There is no such category."), "unknown")
        return category


class WordsField(forms.Field):
    """A repeatable parameter; cleans to a list without empty words."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[str]:
        words = [word for word in value or [] if word]
        if len(words) > MAX_REPEATS or any(
            len(word) > MAX_WORD_CHARACTERS for word in words
        ):
            raise forms.ValidationError(_("This is too long."), "too_long")
        if sum(len(quote(word, errors="replace")) for word in words) > MAX_URL_BYTES:
            raise forms.ValidationError(_("This is too long."), "too_long")
        for word in words:
            ProhibitNullCharactersValidator()(word)
        return words


class FlagField(forms.Field):
    """Yes or no, as browsers and programs write it; absent means no."""

    widget = forms.TextInput
    VALUES = {"1": True, "true": True, "on": True, "0": False, "false": False}

    def clean(self, value: Any) -> bool:
        word = str(value or "false").lower()
        if word not in self.VALUES:
            raise forms.ValidationError(_("Say true or false."), "invalid")
        return self.VALUES[word]


class PriceRangeForm(forms.Form):
    """The base of forms with `min_price` and `max_price`.

    shows_results: a range the wrong way round does not count, and is reported in
    `price_problem`; otherwise the form is invalid.
    """

    shows_results = False
    price_problem: Any = ""

    def clean(self) -> None:
        low = self.cleaned_data.get("min_price")
        high = self.cleaned_data.get("max_price")
        if low is None or high is None or low <= high:
            return
        message = _("This is less than the lowest price.")
        if self.shows_results:
            self.price_problem = message
            self.cleaned_data.update(min_price=None, max_price=None)
        else:
            self.add_error("max_price", forms.ValidationError(message, "out_of_range"))


class CategoryFilter(django_filters.Filter):  # type: ignore[misc]
    """Products of a category and of everything below it."""

    field_class = CategorySlugField

    def filter(
        self, products: QuerySet[Product], category: Category | None
    ) -> QuerySet[Product]:
        if category is None:
            return products
        return products.filter(category__in=category.subtree_ids())


class WordsFilter(django_filters.Filter):  # type: ignore[misc]
    """Products whose field equals any of the words, ignoring case."""

    field_class = WordsField

    def filter(
        self, products: QuerySet[Product], words: Sequence[str]
    ) -> QuerySet[Product]:
        fits = Q()
        for word in words or ():
            fits |= Q(**{f"{self.field_name}__iexact": word})
        return products.filter(fits)


class StockFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = FlagField

    def filter(self, products: QuerySet[Product], is_wanted: bool) -> QuerySet[Product]:
        return products.filter(stock__gt=0) if is_wanted else products


def price_filter(lookup: str) -> django_filters.NumberFilter:
    return django_filters.NumberFilter(
        "price", lookup, min_value=0, max_digits=10, decimal_places=2
    )


class ProductFilters(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of the API's product list; all must hold."""

    category = CategoryFilter()
    min_price = price_filter("gte")
    max_price = price_filter("lte")
    brand = WordsFilter("brand")
    colour = WordsFilter("colour")
    in_stock = StockFilter()

    class Meta:
        model = Product
        fields: list[str] = []
        form = PriceRangeForm
