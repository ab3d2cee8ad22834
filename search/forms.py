"""What a search can be limited to, as it comes in a URL or a form."""

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

from catalogue.models import Category
from search.filters import Filters

LIMIT = 20
MAX_LIMIT = 50
MAX_PAGE = 1000
MAX_WORDS = 50


class CategoryField(forms.CharField):
    """A category's slug; becomes the category, or None."""

    def clean(self, value: Any) -> Category | None:
        slug = super().clean(value)
        if not slug:
            return None
        category = Category.objects.filter(slug=slug).first()
        if category is None:
            raise forms.ValidationError(_("There is no such category."), "unknown")
        return category


class WordsField(forms.Field):
    """A parameter that may be repeated; becomes a list of words, the empty left out."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[str]:
        words = [word for word in value or [] if word]
        if len(words) > MAX_WORDS or any(len(word) > 100 for word in words):
            raise forms.ValidationError(_("This is too long."), "too_long")
        for word in words:
            ProhibitNullCharactersValidator()(word)
        return words


class FlagField(forms.Field):
    """Yes or no, as browsers and programs write it; absent is no."""

    widget = forms.TextInput
    VALUES = {"1": True, "true": True, "on": True, "0": False, "false": False}

    def clean(self, value: Any) -> bool:
        word = str(value or "false").lower()
        if word not in self.VALUES:
            raise forms.ValidationError(_("Say true or false."), "invalid")
        return self.VALUES[word]


class FilterForm(forms.Form):
    """The filters, page and limit of every search, on the site and in the API."""

    category = CategoryField(required=False, label=_("Category"))
    min_price = forms.DecimalField(
        required=False, min_value=0, max_digits=10, decimal_places=2, label=_("From")
    )
    max_price = forms.DecimalField(
        required=False, min_value=0, max_digits=10, decimal_places=2, label=_("To")
    )
    brand = WordsField(required=False, label=_("Brand"))
    colour = WordsField(required=False, label=_("Colour"))
    in_stock = FlagField(required=False, label=_("In stock only"))
    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGE)
    limit = forms.IntegerField(required=False, min_value=1, max_value=MAX_LIMIT)

    def clean_page(self) -> int:
        return self.cleaned_data["page"] or 1

    def clean_limit(self) -> int:
        return self.cleaned_data["limit"] or LIMIT

    def clean(self) -> None:
        low = self.cleaned_data.get("min_price")
        high = self.cleaned_data.get("max_price")
        if low is not None and high is not None and low > high:
            self.add_error("max_price", _("This is less than the lowest price."))

    def filters(self) -> Filters:
        """Call when it is valid."""
        chosen = self.cleaned_data
        category = chosen["category"]
        return Filters(
            categories=frozenset(category.subtree_ids()) if category else None,
            min_price=chosen["min_price"],
            max_price=chosen["max_price"],
            brands=frozenset(chosen["brand"]),
            colours=frozenset(chosen["colour"]),
            in_stock=chosen["in_stock"],
        )
