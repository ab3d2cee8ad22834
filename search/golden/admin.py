"""Staff's own search by photo, and the golden queries that are saved there."""

import base64
import binascii
import io
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from PIL.Image import Image

from catalogue.admin import thumbnail
from catalogue.media import images
from catalogue.models import Product
from pictures.errors import DecoderBusy, UnreadableImage
from search.answers.request import SearchRequest
from search.answers.similar import similar_to_photo
from search.duplicates.admin import product_link
from search.errors import SearchUnavailable
from search.golden import report
from search.models.golden import GoldenQuery
from staff import history
from staff.edits import StaffAdmin
from staff.rights import may, staff_page
from staff.seen import SeenPage

SHOWN = 24
ADD = "search.add_goldenquery"


class PhotoForm(forms.Form):
    """A photo, chosen now or in the page since the last search."""

    photo = forms.FileField(
        label=_("Photo"), widget=forms.FileInput(attrs={"accept": "image/*"})
    )


class GoldenForm(forms.Form):
    picture = forms.CharField(max_length=2_000_000)  # base64
    product = forms.ModelChoiceField(Product.objects.on_sale())
    note = forms.CharField(max_length=200, required=False)

    def clean_picture(self) -> Image:
        try:
            content = base64.b64decode(self.cleaned_data["picture"], validate=True)
            return images.open_photo(io.BytesIO(content))
        except (binascii.Error, UnreadableImage, DecoderBusy) as error:
            raise forms.ValidationError(_("Send the photo again.")) from error


@admin.register(GoldenQuery)
class GoldenQueryAdmin(StaffAdmin):
    """Photos with the product each must find. Added from a search by photo."""

    list_display = ["picture", "must_find", "place", "ranked", "note", "added"]
    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[GoldenQuery]:
        return super().get_queryset(request).prefetch_related("product__images")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("photo/", view(self.photo_view), name="search_goldenquery_photo"),
            path("save/", view(self.save_view), name="search_goldenquery_save"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # by the search, where the photo is looked at first

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("photo"))
    def picture(self, query: GoldenQuery) -> SafeString:
        return format_html(
            '<img class="thumbnail of-120" src="{}" alt="" loading="lazy">',
            query.photo.url,
        )

    @admin.display(description=_("must find"))
    def must_find(self, query: GoldenQuery) -> SafeString:
        picture = thumbnail(query.product.main_image, 48)
        return format_html("{} {}", picture, product_link(query.product))

    @admin.display(description=_("place"), ordering="rank")
    def place(self, query: GoldenQuery) -> SafeString:
        if query.ranked is None:
            return SafeString("–")
        state = "ready" if query.is_found else "failed"
        text = query.rank if query.is_found else _("lost")
        return format_html('<span class="state {}">{}</span>', state, text)

    @staff_page("search.view_goldenquery")
    def photo_view(self, request: HttpRequest) -> HttpResponse:
        """Search the shop with a photo; nothing is kept unless it is saved."""
        form = PhotoForm(request.POST or None, request.FILES or None)
        found = self._found(form) if form.is_valid() else {}
        may_save = may(request.user, [ADD])
        context = {
            **self.admin_site.each_context(request), "title": _("Search by photo"),
            "opts": self.opts, "form": form, "may_save": may_save, **found,
            "seen": SeenPage().signed(),
        }  # fmt: skip
        return TemplateResponse(request, "admin/search/photo.html", context)

    @staff_page(ADD, posted_from="admin:search_goldenquery_photo")
    def save_view(self, request: HttpRequest) -> HttpResponse:
        """Keep a photo that was searched with, and the product that is on it."""
        form = GoldenForm(request.POST)
        if not form.is_valid():
            is_gone = "product" in form.errors and "picture" not in form.errors
            why = _("Not saved: this product is not on sale any more.")
            again = _("Not saved. Send the photo again.")
            messages.error(request, why if is_gone else again)
            return redirect("admin:search_goldenquery_photo")
        with transaction.atomic():
            query = report.keep(
                form.cleaned_data["picture"], form.cleaned_data["product"],
                note=form.cleaned_data["note"],
            )  # fmt: skip
            history.record_added(request, query)
        report.save_results()
        messages.success(request, _("Saved. Every build says whether it is found."))
        return redirect("admin:search_goldenquery_changelist")

    def _found(self, form: PhotoForm) -> dict[str, Any]:
        try:
            photo = images.open_photo(form.cleaned_data["photo"])
            answer = similar_to_photo(photo, SearchRequest(limit=SHOWN))
        except UnreadableImage as error:
            form.add_error("photo", images.reason(error))
            return {}
        except (SearchUnavailable, DecoderBusy) as error:
            form.add_error("photo", str(error))
            return {}
        return {"answer": answer, "picture": _as_text(photo)}


def _as_text(photo: Image) -> str:
    """Return the photo as a search decodes it, small, as text for the page."""
    out = io.BytesIO()
    photo.save(out, "WEBP", quality=90)
    return base64.b64encode(out.getvalue()).decode()
