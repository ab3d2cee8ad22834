"""Admin's view of search: the state of every picture's code, and what can be found.

It adds to the catalogue's admin, which does not know of it.
"""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalogue.admin import PictureInline, ProductAdmin
from catalogue.models import Product, ProductImage
from hashing import IndexKind
from search.duplicates.admin import WarnsOfDuplicates, looks_like_cell, pairs_of
from search.encoders import encoding, filling, registry
from search.engines.engine import current_gallery, engine
from search.errors import NewerSnapshot, SearchUnavailable
from search.gallery.on_disk import snapshots
from search.golden import admin as golden_admin  # noqa: F401 - registers its own
from search.missed import admin as missed_admin  # noqa: F401 - registers its own
from search.models import Encoder, ImageCode, Resemblance, Snapshot
from search.read_only_admin import ReadOnlyAdmin
from search.tasks import SWEEP_IMAGES, encode_images
from staff import history
from staff.rights import may, staff_action, staff_page

ROLL_BACK, RETRY = "search.change_snapshot", "catalogue.change_product"
PAGE = "admin:search_snapshot_changelist"
READY, WAITING, FAILED = "ready", "waiting", "failed"
LABELS = {READY: _("ready"), WAITING: _("waiting"), FAILED: _("failed")}

admin.site.unregister(Product)


def with_codes(images: QuerySet[ProductImage]) -> QuerySet[ProductImage]:
    """Prefetch the codes by the encoder that serves, into `served_codes`."""
    try:
        fingerprint = registry.serving().fingerprint
    except SearchUnavailable:
        fingerprint = ""
    codes = (
        ImageCode.objects.by(fingerprint)
        .annotate(is_coded=Q(code__isnull=False))
        .defer("code", "embedding")
    )
    return images.prefetch_related(Prefetch("codes", codes, to_attr="served_codes"))


def state_of(image: Any) -> tuple[str, str]:
    """Return whether an image of `with_codes` is ready, waits, or failed and why."""
    for code in image.served_codes:
        if code.digest == image.digest:
            return (READY, "") if code.is_coded else (FAILED, code.error)
    return WAITING, ""


def badge(state: str, text: object = "") -> SafeString:
    label = text or LABELS[state]
    return format_html('<span class="state {}">{}</span>', state, label)


def try_again(request: HttpRequest, **which: Any) -> list[Product]:
    """Encode the failed ones of these images again, and say how many there are.

    The first ones are sent; the sweep finds the others. Returns their products.
    """
    try:
        failed = encoding.failed_images().filter(**which).order_by()
        products = list(Product.objects.filter(pk__in=failed.values("product")))
        image_ids = encoding.retry(failed)
    except SearchUnavailable as error:
        messages.error(request, str(error))
        return []
    transaction.on_commit(
        partial(encode_images.delay, image_ids[:SWEEP_IMAGES]), robust=True
    )
    text = ngettext(
        "%d picture is tried again.", "%d pictures are tried again.", len(image_ids)
    )
    messages.info(request, text % len(image_ids))
    return products


class StateFilter(admin.SimpleListFilter):
    title = _("found by photo")
    parameter_name = "found"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (WAITING, _("a picture waits")),
            (FAILED, _("a picture failed")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> QuerySet[Product]:
        if self.value() not in (WAITING, FAILED):
            return queryset
        waits = self.value() == WAITING
        try:
            found = encoding.waiting_images() if waits else encoding.failed_images()
        except SearchUnavailable:
            return queryset
        return queryset.filter(pk__in=found.order_by().values("product"))


class CodedPictureInline(PictureInline):
    fields = [*PictureInline.fields, "state", "looks_like"]
    readonly_fields = [*PictureInline.readonly_fields, "state", "looks_like"]
    # Django makes an inline for each request.
    _pairs: dict[int, list[Resemblance]] | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductImage]:
        return with_codes(super().get_queryset(request))

    @admin.display(description=_("looks like"))
    def looks_like(self, image: ProductImage) -> SafeString:
        if image.pk is None:
            return SafeString("")
        if self._pairs is None:
            self._pairs = pairs_of(image.product)
        return looks_like_cell(image, self._pairs.get(image.pk, []))

    @admin.display(description=_("found by photo"))
    def state(self, image: ProductImage) -> SafeString:
        if image.pk is None:
            return SafeString("")
        state, why = state_of(image)
        if state != FAILED:
            return badge(state)
        return format_html(
            '{}<p>{}</p><button class="button" name="_retry" value="{}">{}</button>',
            badge(state),
            why,
            image.pk,
            _("Save and try again"),
        )


@admin.register(Product)
class SearchableProductAdmin(WarnsOfDuplicates, ProductAdmin):
    inlines = [CodedPictureInline]
    list_display = [*ProductAdmin.list_display, "state"]
    list_filter = [*ProductAdmin.list_filter, StateFilter]
    actions = [*ProductAdmin.actions, "try_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        images = Prefetch("images", with_codes(ProductImage.objects.all()))
        products = super().get_queryset(request).prefetch_related(None)
        return products.prefetch_related(images)

    @admin.display(description=_("found by photo"))
    def state(self, product: Product) -> SafeString | str:
        states = [state_of(image)[0] for image in product.images.all()]
        for state in (FAILED, WAITING):
            if count := states.count(state):
                is_all = count == len(states)
                text = (
                    LABELS[state]
                    if is_all
                    else f"{count}/{len(states)} {LABELS[state]}"
                )
                return badge(state, text)
        return badge(READY) if states else "–"

    @staff_action(_("Try failed pictures again"), rights=[RETRY])
    def try_again(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> list[Product]:
        return try_again(request, product__in=queryset.order_by().values("pk"))

    def response_change(self, request: HttpRequest, obj: Product) -> HttpResponse:
        response = super().response_change(request, obj)
        image_id = request.POST.get("_retry", "")
        if not image_id.isdecimal():
            return response
        tried = try_again(request, product=obj, pk=int(image_id[:18]))
        history.record(request, tried, _("Try failed pictures again"))
        return redirect("admin:catalogue_product_change", obj.pk)


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    """What can be found now, and the snapshots behind it. Made by workers alone."""

    list_display = [
        *("name", "as_of", "images", "encoder", "index", "calibration_error"),
        *("withdrawn", "damaged"),
    ]
    list_display_links = None
    change_list_template = "admin/search/findable.html"

    def get_urls(self) -> list[URLPattern]:
        retry = self.admin_site.admin_view(self.retry_view)
        roll_back = self.admin_site.admin_view(self.roll_back_view)
        return [
            path("retry/", retry, name="search_snapshot_retry"),
            path("roll-back/", roll_back, name="search_snapshot_roll_back"),
            *super().get_urls(),
        ]

    @admin.display(description=_("index"))
    def index(self, row: Snapshot) -> str:
        if row.kind == IndexKind.FLAT:
            return str(_("flat, exact"))
        recall = _("recall %(recall)s") % {"recall": f"{row.recall:.3f}"}
        return f"{row.kind}, {recall}"

    @admin.display(description=_("calibration error"))
    def calibration_error(self, row: Snapshot) -> str:
        error = row.calibration.get("error")
        return "–" if error is None else f"{error:.3f}"

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        context = {"title": _("What can be found now"), **findable()}
        may_roll_back = may(request.user, [ROLL_BACK])
        if may_roll_back and engine().can_roll_back():
            fingerprint = registry.serving().fingerprint
            context["newest"] = Snapshot.objects.serving(fingerprint).first()
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @staff_page(RETRY, posted_from=PAGE)
    def retry_view(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            tried = try_again(request)
            history.record(request, tried, _("Try failed pictures again"))
        return redirect(PAGE)

    @staff_page(ROLL_BACK, posted_from=PAGE)
    def roll_back_view(self, request: HttpRequest) -> HttpResponse:
        """Take out of service the snapshot that the page showed, if it still serves."""
        try:
            with transaction.atomic():
                shown = request.POST.get("snapshot", "")
                serving = snapshots.roll_back(newest=shown)
                done = _("Serve the snapshot before this one")
                history.record(request, [serving], done)
        except Snapshot.DoesNotExist:
            messages.error(request, _("There is no snapshot to go back to."))
        except NewerSnapshot as error:
            text = _("Nothing was changed: meanwhile %(name)s serves. Look again.")
            messages.error(request, text % {"name": error})
        else:
            text = _("%(name)s serves now, overlaid by all changes since.")
            messages.info(request, text % {"name": serving.name})
        return redirect(PAGE)


@admin.register(Encoder)
class EncoderAdmin(ReadOnlyAdmin):
    """Encoders side by side. Added, switched and retired by commands alone."""

    list_display = ["name", "state", "coverage", "fingerprint", "pace", "added"]
    list_display_links = None
    change_list_template = "admin/search/encoders.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """List also the encoder that came with the shop, which has no row."""
        shipped = [(row, self.coverage(row)) for row in _without_row()]
        context = {"title": _("Encoders"), "shipped": shipped}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @admin.display(description=_("coverage"))
    def coverage(self, row: Encoder) -> str:
        if row.state == Encoder.State.RETIRED:
            return "–"
        coverage = filling.coverage(row)
        n_codable = coverage.images - coverage.failed
        return f"{coverage.share:.1%} ({coverage.coded}/{n_codable})"


def _without_row() -> list[Encoder]:
    try:
        return [row for row in registry.live() if row.pk is None]
    except SearchUnavailable:
        return []


def findable() -> dict[str, Any]:
    """Return the gallery as of now, or why there is none."""
    try:
        numbers = {
            "waiting": encoding.waiting_images().count(),
            "failed": encoding.failed_images().count(),
        }
        gallery = current_gallery()
        snapshot = Snapshot.objects.filter(name=gallery.name).first()
        calibration = snapshot.calibration if snapshot else {}
        return {**numbers, "gallery": gallery, "calibration": calibration}
    except SearchUnavailable as error:
        return {"unavailable": str(error)}
