"""The page that searches with a photo or with words."""

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
from search.answers.answer import Answer
from search.answers.request import SearchRequest
from search.answers.similar import query_of, similar_to_photo
from search.answers.word_search import by_words, repeat_query
from search.errors import ForeignEncoder, QueryExpired, SearchUnavailable
from search.gallery.calibration import Match
from search.missed.counting import count_photo, count_words
from search.web import samples
from search.web.advice import Advice, advice
from search.web.forms import BoxForm, FilterForm, PhotoSearchForm, WordsForm
from search.web.results import ResultsPage
from search.web.samples import Sample
from search.web.uploads import BodyTooLarge, receive_in_memory
from search.words.suggesting import suggestions

log = structlog.get_logger(__name__)

RETRY_AFTER = 10  # seconds
SUGGESTIONS_MAX_AGE = 60  # seconds
SAMPLE_MAX_AGE = 7 * 24 * 3600  # seconds
SAMPLES_SHOWN_FIRST = 12
POST_FIELDS = {*PhotoSearchForm.base_fields, "csrfmiddlewaretoken"}


class SearchRefused(Exception):
    """Why there is no answer, in the shopper's words, with the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class SubmittedSearch:
    """What a shopper searches with.

    It is a photo (maybe a sample), the token of an earlier answer, a product to find
    more like, or words alone, which are in the form.
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
        """Answer it; raises QueryExpired, ForeignEncoder or SearchUnavailable."""
        if self.photo is not None:
            return similar_to_photo(self.photo, self.request)
        if self.token:
            return repeat_query(self.token, self.request)
        if self.like:
            return repeat_query(_token_of(self.like), self.request)
        if self.request.words is None:
            raise ValueError("neither a photo, a token, a product nor words")
        return by_words(self.request.words, self.request)


# Exempt because the CSRF check reads the body, and it would be read by handlers that
# write large files to disk. Nothing is lost: a search changes nothing.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Answer a photo, a link or words; without any of these, ask for a photo."""
    try:
        if request.method == "POST":
            submitted: SubmittedSearch | None = _from_post(request)
        else:
            submitted = _from_link(request)
        if submitted is None:
            return _photo_page(request)
        answer = _answer(submitted)
    except SearchRefused as refused:
        return _refusal(request, refused)
    _count_if_missed(request, submitted, answer)
    return _results_page(request, submitted, answer)


@require_safe
@cache_control(public=True, max_age=SAMPLE_MAX_AGE)
def sample(request: HttpRequest, name: str) -> HttpResponse:
    """Serve a sample's thumbnail."""
    named = samples.sample_named(name)
    if named is None:
        raise Http404
    return HttpResponse(named.thumbnail(), content_type="image/webp")


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Render the options under the search box."""
    typed = request.GET.get("q", "").replace("\0", "")
    context = {"suggestions": suggestions(typed)}
    response = render(request, "search/_suggestions.html", context)
    patch_cache_control(response, private=True, max_age=SUGGESTIONS_MAX_AGE)
    return response


def _from_link(request: HttpRequest) -> SubmittedSearch | None:
    """Read a link: to an earlier answer, a sample, a product or words; else None."""
    token = request.GET.get("query", "")
    words = request.GET.get("q", "").strip()
    sample = samples.sample_named(request.GET.get("sample", ""))
    like = _product(request.GET.get("like", ""))
    if not (token or sample or like or words):
        return None
    form_class = BoxForm if token or sample or like else WordsForm
    form = form_class(request.GET)
    form.shows_results = True
    _refuse_invalid(form)
    photo = None
    if sample is not None and not token:
        with sample.path.open("rb") as file:
            photo = images.open_photo(file)
    return SubmittedSearch(form, photo, token, sample, like)


def _product(number: str) -> Product | None:
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    return Product.objects.on_sale().for_list().filter(pk=int(number)).first()


def _from_post(request: HttpRequest) -> SubmittedSearch:
    form = _receive(request)
    unknown = {*form.data, *form.files} - POST_FIELDS
    if unknown:
        message = _("There is no field called “%(name)s”.")
        raise SearchRefused(400, message % {"name": min(unknown)[:50]})
    _refuse_invalid(form)
    try:
        photo = images.open_photo(form.cleaned_data["photo"])
    except UnreadableImage as error:
        message = images.reason(error)
        raise SearchRefused(422 if error.is_image else 415, message) from error
    except DecoderBusy as error:
        message = _("Other large pictures are being opened. Try again in a moment.")
        raise SearchRefused(503, message) from error
    return SubmittedSearch(form, photo)


def _receive(request: HttpRequest) -> PhotoSearchForm:
    try:
        receive_in_memory(request)
        form = PhotoSearchForm(request.POST, request.FILES)
    except BodyTooLarge as error:
        megabytes = settings.MAX_PHOTO_BYTES // 1024**2
        message = _("The photo is larger than %(megabytes)d MB.")
        raise SearchRefused(413, message % {"megabytes": megabytes}) from error
    except UnreadablePostError as error:
        raise SearchRefused(400, _("The photo did not arrive whole.")) from error
    form.shows_results = True
    return form


def _refuse_invalid(form: FilterForm) -> None:
    """Raise SearchRefused for the form's first error."""
    for name, messages in form.errors.items():
        field = form.fields.get(name)
        label = "" if field is None or name == "photo" else f"{field.label or name}: "
        raise SearchRefused(400, f"{label}{messages[0]}")


def _token_of(product: Product) -> str:
    """Return the token that finds what looks like a product."""
    query = query_of(product)
    if query is None:
        raise SearchUnavailable("the product has no code yet")
    return query.token()


def _answer(submitted: SubmittedSearch) -> Answer:
    """Answer it, or raise SearchRefused with what the shopper can do."""
    try:
        return submitted.answer()
    except QueryExpired as error:
        message = _("This search is too old. Choose the photo once more.")
        raise SearchRefused(410, message) from error
    except ForeignEncoder as error:
        message = _("The search was renewed meanwhile. Choose the photo once more.")
        raise SearchRefused(409, message) from error
    except SearchUnavailable as error:
        log.warning("search unavailable", reason=str(error))
        message = _("The photo search is getting ready. Try again in a moment.")
        raise SearchRefused(503, message) from error


def _count_if_missed(
    request: HttpRequest, submitted: SubmittedSearch, answer: Answer
) -> None:
    """Count a photo without filters, or words just typed, that found nothing."""
    if request.method == "POST" and not submitted.request.has_filters:
        count_photo(answer)
    words = submitted.request.words
    if words and set(request.GET) == {"q"}:
        count_words(words.typed, answer)


def _results_page(
    request: HttpRequest, submitted: SubmittedSearch, answer: Answer
) -> HttpResponse:
    page = ResultsPage.of(
        answer, submitted.form, sample=submitted.sample, like=submitted.like
    )
    context = {
        "page": page,
        "return_url": page.url,
        "is_new_photo": request.method == "POST",
        "advice": _advice(submitted, answer),
    }
    response = render(request, "search/results.html", context)
    push_url(response, page.url)
    # Kept by no cache on the way; the browser's own "back" may show it again.
    patch_cache_control(response, private=True)
    return response


def _advice(submitted: SubmittedSearch, answer: Answer) -> list[Advice]:
    """Say what to do better with the next photo, unless this one found its product."""
    if submitted.photo is None or answer.match == Match.EXACT:
        return []
    return advice(submitted.photo, n_things=len(answer.boxes))


def _refusal(request: HttpRequest, refused: SearchRefused) -> HttpResponse:
    response = _photo_page(request, problem=refused.message, status=refused.status)
    if refused.status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def _photo_page(
    request: HttpRequest, *, problem: str = "", status: int = 200
) -> HttpResponse:
    """Ask for a photo, with samples to try."""
    on_sale = samples.samples_on_sale()
    shown = samples.evenly_spaced(on_sale, SAMPLES_SHOWN_FIRST)
    shown = on_sale if "all" in request.GET else shown
    context = {
        "problem": problem,
        "samples": shown,
        "has_more_samples": len(on_sale) > len(shown),
    }
    return render(request, "search/photo.html", context, status=status)
