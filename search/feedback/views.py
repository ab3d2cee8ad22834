"""Feedback from the page: one press beside a result, with or without scripts."""

import hashlib

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from rest_framework.request import Request

from access import throttles
from access.callers import address_of
from search.errors import (
    ForeignEncoder,
    NotAnswered,
    QueryExpired,
    SearchUnavailable,
    UnknownProduct,
)
from search.feedback import giving
from search.gallery.filters import NO_FILTERS, Filters
from search.models import Feedback
from search.web.forms import BoxForm

MOST_ID = 2**62
RETRY_AFTER_SECONDS = 10


class VerdictForm(forms.Form):
    """The token of an answer, and the button that was pressed: `right=ID`, `wrong=ID`.

    back: where the shopper was.
    """

    query = forms.CharField(max_length=4000)
    right = forms.IntegerField(min_value=1, max_value=MOST_ID, required=False)
    wrong = forms.IntegerField(min_value=1, max_value=MOST_ID, required=False)
    back = forms.CharField(max_length=8000, required=False)

    def verdicts(self) -> list[tuple[str, int]]:
        """Return each verdict given, with its product."""
        both = [(each.value, self.cleaned_data[each]) for each in Feedback.Verdict]
        return [(verdict, product) for verdict, product in both if product]


@require_POST
def give_feedback(request: HttpRequest) -> HttpResponse:
    """Keep one verdict, as the API does; the same press again says nothing new."""
    form = VerdictForm(request.POST)
    verdicts = form.verdicts() if form.is_valid() else []
    if len(verdicts) != 1:
        return _answer(request, form, _("This was not understood."), 400)
    if wait := throttles.count(Request(request), None):
        response = _answer(request, form, _("Too much at once. Try again later."), 429)
        response["Retry-After"] = str(wait)
        return response
    verdict, product = verdicts[0]
    try:
        giving.give(
            form.cleaned_data["query"],
            product,
            verdict,
            sender=f"address {address_of(request)}",
            idempotency_key=_key(form.cleaned_data["query"], product, verdict),
            filters=_filters_of(form.cleaned_data["back"]),
        )
    except (QueryExpired, ForeignEncoder):
        return _answer(request, form, _("This search is too old to be judged."), 410)
    except (UnknownProduct, NotAnswered):
        return _answer(request, form, _("This product is gone meanwhile."), 404)
    except SearchUnavailable:
        response = _answer(request, form, _("Try again in a moment."), 503)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    return _answer(request, form, _("Thank you. That helps."), 200)


def _filters_of(address: str) -> Filters:
    """Return the filters of the results page that the shopper was on."""
    query = address.replace("\0", "").partition("?")[2].partition("#")[0]
    form = BoxForm(QueryDict(query))  # reads filters in the words, too
    return form.filters() if form.is_valid() else NO_FILTERS


def _key(token: str, product: int, verdict: str) -> str:
    """Return the idempotency key of a press: the same for the same press."""
    pressed = f"page {product} {verdict} {token}"
    return hashlib.sha256(pressed.encode("utf-8", "surrogatepass")).hexdigest()


def _answer(
    request: HttpRequest, form: VerdictForm, words: str, status: int
) -> HttpResponse:
    """Render the answer, in place of the buttons or as a page that leads back."""
    back = form.data.get("back", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = ""
    context = {"words": words, "back": back}
    return render(request, "search/feedback.html", context, status=status)
