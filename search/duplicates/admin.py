"""Admin's view of possible duplicates: warnings on saving, and a queue to review."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalogue.admin import thumbnail
from catalogue.models import Product, ProductImage
from search.duplicates import finding
from search.errors import SearchUnavailable
from search.models.duplicates import Resemblance
from staff.edits import StaffAdmin
from staff.rights import staff_action

# Compared while staff waits, about 0.2 s each; the sweep compares the others.
IMAGES_COMPARED_AT_ONCE = 8
# In one product's form; the queue has them all.
MAX_PAIRS = 500


def product_link(product: Product) -> SafeString:
    url = reverse("admin:catalogue_product_change", args=[product.pk])
    return format_html('<a href="{}">{} ({})</a>', url, product.name, product.sku)


def looks_like(pair: Resemblance, image_id: int) -> SafeString:
    """Return in words what a picture looks like, with the other picture."""
    other = pair.other_than(image_id)
    return format_html(
        "{} {}: {}", thumbnail(other, 48), pair.get_tier_display(),
        product_link(other.product),
    )  # fmt: skip


def warn(request: HttpRequest, product: Product) -> None:
    """Compare this product's new pictures now, and say what they look like."""
    try:
        images = list(
            finding.uncompared(product.images.all())[:IMAGES_COMPARED_AT_ONCE]
        )
        pairs = [
            (pair, image.pk) for image in images for pair in finding.compare(image)
        ]
    except SearchUnavailable:
        return  # the sweep compares them, and the queue shows what it finds
    for pair, image_id in pairs:
        text = _("This looks like a picture that is here already. {} Review: {}")
        queue = reverse("admin:search_resemblance_changelist")
        link = format_html('<a href="{}">{}</a>', queue, _("possible duplicates"))
        messages.warning(
            request, format_html(str(text), looks_like(pair, image_id), link)
        )


class WarnsOfDuplicates(StaffAdmin):
    """Of products: after saving, tells which new pictures are here already."""

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        request.saved_product = form.instance  # type: ignore[attr-defined]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Compare after the transaction, so that no other writer waits for it."""
        response = super().changeform_view(request, *args, **kwargs)
        if saved := getattr(request, "saved_product", None):
            warn(request, saved)
        return response


@admin.register(Resemblance)
class ResemblanceAdmin(StaffAdmin):
    """The queue: pairs of pictures, the surest first."""

    list_display = ["tier", "similarity_shown", "newer_picture", "older_picture",
                    "dismissed"]  # fmt: skip
    list_display_links = None
    list_filter = ["tier", "dismissed"]
    list_per_page = 30
    list_select_related = ["newer__product", "older__product"]
    actions = ["not_a_duplicate", "remove_newer", "hide_newer"]
    watched = ("dismissed",)
    change_list_template = "admin/search/duplicates.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Resemblance]:
        return Resemblance.objects.current()

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        context = {"title": _("Possible duplicates"), **self._progress()}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The list and its actions; there is nothing to edit by hand.
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("similarity"), ordering="similarity")
    def similarity_shown(self, pair: Resemblance) -> str:
        return f"{pair.similarity:.0%}"

    @admin.display(description=_("newer picture"))
    def newer_picture(self, pair: Resemblance) -> SafeString:
        return _shown(pair.newer, _("newer picture"))

    @admin.display(description=_("older picture"))
    def older_picture(self, pair: Resemblance) -> SafeString:
        return _shown(pair.older, _("older picture"))

    @staff_action(_("Not a duplicate"), rights=["search.change_resemblance"])
    def not_a_duplicate(
        self, request: HttpRequest, queryset: QuerySet[Resemblance]
    ) -> list[Resemblance]:
        chosen = Resemblance.objects.filter(pk__in=queryset.order_by().values("pk"))
        pairs = list(chosen.filter(dismissed=False))
        count = chosen.update(dismissed=True)
        text = ngettext("%d pair is remembered.", "%d pairs are remembered.", count)
        self.message_user(request, text % count, messages.SUCCESS)
        return pairs

    @staff_action(
        _("Remove the newer picture"), rights=["catalogue.delete_productimage"]
    )
    def remove_newer(
        self, request: HttpRequest, queryset: QuerySet[Resemblance]
    ) -> set[Product]:
        """Return the products that lost a picture."""
        newer = ProductImage.objects.filter(pk__in=queryset.order_by().values("newer"))
        images = list(newer.select_related("product"))
        for image in images:
            image.delete()
        text = ngettext("%d picture removed.", "%d pictures removed.", len(images))
        self.message_user(request, text % len(images), messages.SUCCESS)
        return {image.product for image in images}

    @staff_action(_("Hide the newer product"), rights=["catalogue.change_product"])
    def hide_newer(
        self, request: HttpRequest, queryset: QuerySet[Resemblance]
    ) -> list[Product]:
        newer = Product.objects.filter(
            pk__in=queryset.order_by().values("newer__product"), active=True
        )
        products = list(newer.select_for_update())
        count = newer.update(active=False)
        text = ngettext("%d product changed.", "%d products changed.", count)
        self.message_user(request, text % count, messages.SUCCESS)
        return products

    def _progress(self) -> dict[str, Any]:
        try:
            return {"uncompared": finding.uncompared().count()}
        except SearchUnavailable:
            return {}


def open_count() -> int:
    """Count the pairs that staff has to decide on."""
    return Resemblance.objects.to_review().count()


def pairs_of(product: Product) -> dict[int, list[Resemblance]]:
    """Return by picture the pairs that staff has to decide on; one query."""
    pairs = Resemblance.objects.of_product(product).to_review()[:MAX_PAIRS]
    by_image: dict[int, list[Resemblance]] = {}
    for pair in pairs.select_related("newer__product", "older__product"):
        for image_id in (pair.newer_id, pair.older_id):
            by_image.setdefault(image_id, []).append(pair)
    return by_image


def looks_like_cell(image: ProductImage, pairs: list[Resemblance]) -> SafeString:
    """Return what a picture looks like, for its product's form."""
    return format_html_join(
        SafeString("<br>"), "{}", ((looks_like(pair, image.pk),) for pair in pairs)
    )


def _shown(image: ProductImage, which: str | Promise) -> SafeString:
    """Show one picture of a pair; `which` labels it on a phone, without a heading."""
    return format_html(
        '<span class="which">{}</span>{}<br>{}<br>{} × {}', which,
        thumbnail(image, 120), product_link(image.product), image.width, image.height,
    )  # fmt: skip
