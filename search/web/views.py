"""The page that searches with a photo."""

from dataclasses import dataclass, replace
from functools import cached_property

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import push_url
from PIL.Image import Image

from catalogue.media import images
from catalogue.models import Product
from pictures.errors import DecoderBusy, UnreadableImage
from search.answers import word_search
from search.answers.answer import Answer
from search.answers.request import SearchRequest
from search.answers.similar import query_of, similar_to_photo
from search.errors import ForeignEncoder, QueryExpired, SearchUnavailable
from search.gallery.calibration import Match
from search.missed.counting import count_photo, count_words
from search.web import samples
from search.web.advice import advice
from search.web.forms import BoxForm, FilterForm, PhotoForm, WordsForm
from search.web.results import ResultsPage
from search.web.samples import Sample
from search.web.uploads import BodyTooLarge, receive_in_memory
from search.words.suggesting import suggestions

log = structlog.get_logger(__name__)

RETRY_AFTER = 10  # seconds
FIRST_SAMPLES = 12
POSTED = {*PhotoForm.base_fields, "csrfmiddlewaretoken"}


class Refused(Exception):
    """Why there is no answer, in the shopper's words, and the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Asked:
    """What the shopper sent: a photo, the token of an earlier answer, or a product to
    find more like it. Words, beside one of these or alone, are in the form.
    """

    form: FilterForm
    photo: Image | None = None
    token: str = ""
    sample: Sample | None = None
    like: Product | None = None

    @cached_property
    def request(self) -> SearchRequest:
        return replace(self.form.search_request(), with_boxes=self.photo is not None)

    def answer(self) -> Answer:
        request, words = self.request, self.request.words
        if self.photo is not None:
            return similar_to_photo(self.photo, request)
        if self.token or self.like or words is None:
            token = self.token or self._token_of_product()
            return word_search.repeat_query(token, request)
        return word_search.by_words(words, request)

    def _token_of_product(self) -> str:
        query = query_of(self.like) if self.like else None
        if query is None:
            raise SearchUnavailable("the product has no code yet")
        return query.token()


# Exempt because the CSRF check reads the body, and it would be read by handlers that
# write large files to disk. Nothing is lost: a search changes nothing.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    try:
        asked = _posted(request) if request.method == "POST" else _linked(request)
        if asked is None:
            return _ask_page(request)
        answer = _answered(asked)
    except Refused as refused:
        return _refusal(request, refused)
    page = ResultsPage.of(answer, asked.form, asked.sample or asked.like)
    fresh = request.method == "POST"
    if fresh and not page.chips:
        count_photo(answer)
    words = asked.request.words
    if words and set(request.GET) == {"q"}:  # typed, and not paged or filtered
        count_words(words.typed, answer)
    context = {
        "page": page,
        "here": page.here,
        "fresh": fresh,
        "advice": _advice(asked, answer),
    }
    response = render(request, "search/results.html", context)
    push_url(response, page.here)
    # Kept by no cache on the way; the browser's own "back" may show it again.
    patch_cache_control(response, private=True)
    return response


def _advice(asked: Asked, answer: Answer) -> list[str]:
    """What to do better with the next photo, unless this one found its product."""
    if asked.photo is None or answer.match == Match.EXACT:
        return []
    return [*advice(asked.photo, n_things=len(answer.boxes))]


@require_safe
@cache_control(public=True, max_age=7 * 24 * 3600)
def sample(request: HttpRequest, name: str) -> HttpResponse:
    """A sample's thumbnail."""
    found = samples.named(name)
    if found is None:
        raise Http404
    return HttpResponse(found.thumbnail(), content_type="image/webp")


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Options for what stands in the search box, as the page puts them in."""
    typed = request.GET.get("q", "").replace("\0", "")
    context = {"suggestions": suggestions(typed)}
    response = render(request, "search/_suggestions.html", context)
    patch_cache_control(response, private=True, max_age=60)
    return response


def _linked(request: HttpRequest) -> Asked | None:
    """By a link: an earlier answer's token, a sample or a product. None without."""
    token = request.GET.get("query", "")
    text = request.GET.get("q", "").strip()
    sample = samples.named(request.GET.get("sample", ""))
    like = _product(request.GET.get("like", ""))
    if not (token or sample or like or text):
        return None
    form_class = BoxForm if token or sample or like else WordsForm
    form = form_class(request.GET)
    form.shows_results = True
    _check(form)
    photo = None
    if sample is not None and not token:
        with sample.path.open("rb") as file:
            photo = images.open_photo(file)
    return Asked(form, photo, token, sample, like)


def _product(number: str) -> Product | None:
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    return Product.objects.on_sale().for_list().filter(pk=int(number)).first()


def _posted(request: HttpRequest) -> Asked:
    form = _received(request)
    unknown = {*form.data, *form.files} - POSTED
    if unknown:
        message = _("There is no field called “%(name)s”.")
        raise Refused(400, message % {"name": min(unknown)[:50]})
    _check(form)
    try:
        return Asked(form, images.open_photo(form.cleaned_data["photo"]))
    except UnreadableImage as error:
        message = images.reason(error)
        raise Refused(422 if error.is_image else 415, message) from error
    except DecoderBusy as error:
        message = _("Other large pictures are being opened. Try again in a moment.")
        raise Refused(503, message) from error


def _received(request: HttpRequest) -> PhotoForm:
    try:
        receive_in_memory(request)
        form = PhotoForm(request.POST, request.FILES)
    except BodyTooLarge as error:
        megabytes = settings.MAX_PHOTO_BYTES // 1024**2
        message = _("The photo is larger than %(megabytes)d MB.")
        raise Refused(413, message % {"megabytes": megabytes}) from error
    except UnreadablePostError as error:
        raise Refused(400, _("The photo did not arrive whole.")) from error
    form.shows_results = True
    return form


def _check(form: FilterForm) -> None:
    for name, messages in form.errors.items():
        field = form.fields.get(name)
        label = "" if field is None or name == "photo" else f"{field.label or name}: "
        raise Refused(400, f"{label}{messages[0]}")


def _answered(asked: Asked) -> Answer:
    try:
        return asked.answer()
    except QueryExpired as error:
        message = _("This search is too old. Choose the photo once more.")
        raise Refused(410, message) from error
    except ForeignEncoder as error:
        message = _("The search was renewed meanwhile. Choose the photo once more.")
        raise Refused(409, message) from error
    except SearchUnavailable as error:
        log.warning("search unavailable", reason=str(error))
        message = _("The photo search is getting ready. Try again in a moment.")
        raise Refused(503, message) from error


def _refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    response = _ask_page(request, problem=refused.message, status=refused.status)
    if refused.status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def _ask_page(
    request: HttpRequest, *, problem: str = "", status: int = 200
) -> HttpResponse:
    offered = samples.on_offer()
    shown = offered if "all" in request.GET else samples.spread(offered, FIRST_SAMPLES)
    context = {
        "problem": problem,
        "samples": shown,
        "more_samples": len(offered) > len(shown),
    }
    return render(request, "search/photo.html", context, status=status)
