"""The page that explains why a picture is in an answer."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url
from PIL.Image import Image

from catalogue.api import MAX_ID
from catalogue.media import images
from catalogue.models import Product, ProductImage
from pictures.errors import DecoderBusy, UnreadableImage
from search.answers import explaining
from search.answers.boxes import cropped
from search.answers.query import Query
from search.encoders import encoding
from search.errors import ForeignEncoder, QueryExpired, SearchUnavailable
from search.web import samples
from search.web.forms import MAX_TOKEN_CHARACTERS
from search.web.uploads import BodyTooLarge, receive_in_memory


class WhyForm(forms.Form):
    """The token of an answer, a picture in it, and the sample or product it is of."""

    query = forms.CharField(max_length=MAX_TOKEN_CHARACTERS)
    image = forms.IntegerField(min_value=1, max_value=MAX_ID)
    sample = forms.CharField(max_length=100, required=False)
    like = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)


# Exempt as the search is: the body is read in memory alone, and nothing changes.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def why(request: HttpRequest) -> HttpResponse:
    """Explain a result by the photo, sent once more, or else by its embedding."""
    form = _receive(request)
    if form is None or not form.is_valid():
        return redirect("search")
    on_sale = ProductImage.objects.filter(product__active=True)
    image = get_object_or_404(
        on_sale.select_related("product__category"), pk=form.cleaned_data["image"]
    )
    try:
        reasons = _explain(request, form, image)
    except (QueryExpired, ForeignEncoder):
        return redirect("search")
    params = {name: value for name, value in form.cleaned_data.items() if value}
    results = {name: value for name, value in params.items() if name != "image"}
    context = {
        "product": image.product,
        "results_url": f"{reverse('search')}?{urlencode(results)}",
        "why": reasons,
    }
    response = render(request, "search/why.html", context)
    push_url(response, f"{reverse('why')}?{urlencode(params)}")
    patch_cache_control(response, private=True)
    return response


def _receive(request: HttpRequest) -> WhyForm | None:
    """Return the form, not validated; None if the photo in it is too large."""
    if request.method != "POST":
        return WhyForm(request.GET)
    try:
        receive_in_memory(request)
        return WhyForm(request.POST)
    except BodyTooLarge:
        return None


def _explain(
    request: HttpRequest, form: WhyForm, image: ProductImage
) -> explaining.Why | None:
    """Return why the image answers the query; None if that cannot be told now.

    Raises QueryExpired and ForeignEncoder.
    """
    query = Query.from_token(form.cleaned_data["query"])
    try:
        return explaining.why(query, _photo(request, form, query), image)
    except (SearchUnavailable, UnreadableImage, DecoderBusy):
        return None


def _photo(request: HttpRequest, form: WhyForm, query: Query) -> Image | None:
    """Return the part of the photo that was searched; None where it is not at hand."""
    if sent := request.FILES.get("photo"):
        return cropped(images.open_photo(sent), query.box)
    if sample := samples.sample_named(form.cleaned_data["sample"]):
        with sample.path.open("rb") as file:
            return cropped(images.open_photo(file), query.box)
    like = Product.objects.on_sale().filter(pk=form.cleaned_data["like"] or 0).first()
    picture = like.main_image if like else None
    try:
        return encoding.read(picture) if picture else None
    except FileNotFoundError:
        return None
