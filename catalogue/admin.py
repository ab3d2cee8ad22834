"""Admin of categories, products with their pictures, and imports."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from treebeard.admin import TreeAdmin
from treebeard.forms import movenodeform_factory

from catalogue.admin_filters import (
    BrandFilter,
    CategorySubtreeFilter,
    HasPicturesFilter,
    InStockFilter,
)
from catalogue.forms import CategoryTreeField, PictureForm, PictureFormSet, ProductForm
from catalogue.importing.admin import ImportAdmin
from catalogue.models import CatalogueImport, Category, Product, ProductImage
from catalogue.templatetags.shop import thumbnail_url
from staff import history
from staff.edits import StaffAdmin, StaffInline
from staff.rights import may, staff_action, staff_page

BAD_PICTURES = "bad_pictures"
ADD, CHANGE = "catalogue.add_product", "catalogue.change_product"
CHANGE_CATEGORY = "catalogue.change_category"
ADD_PICTURES = "catalogue.add_productimage"
DATES = (None, {"fields": [("created", "updated")]})

admin.site.site_header = admin.site.site_title = "Semblance"
admin.site.index_title = _("The shop")
# The lists are wide; the breadcrumbs lead back.
admin.site.enable_nav_sidebar = False
admin.site.register(CatalogueImport, ImportAdmin)


def thumbnail(image: ProductImage | None, side: int, *, alt: str = "") -> SafeString:
    """Render an image's thumbnail; `alt` names it where no text beside it does."""
    url = thumbnail_url(image.card) if image is not None else ""
    if not url:
        return format_html(
            '<span class="thumbnail none of-{}" role="img" aria-label="{}"></span>',
            side, alt,
        )  # fmt: skip
    return format_html(
        '<img class="thumbnail of-{}" src="{}" alt="{}" loading="lazy">',
        side, url, alt,
    )  # fmt: skip


@admin.register(Category)
class CategoryAdmin(StaffAdmin, TreeAdmin):  # type: ignore[misc]
    form = movenodeform_factory(Category)
    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Also what is sent without an action: treebeard expects GET alone."""
        if request.method == "POST":
            request._treebeard_parent = None  # type: ignore[attr-defined]
        else:
            request._treebeard_parent_id = None  # type: ignore[attr-defined]
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    @staff_page("catalogue.view_category")
    def children_view(self, request: HttpRequest, parent_id: str) -> HttpResponse:
        if not parent_id.isdecimal():
            raise Http404
        return super().children_view(request, parent_id)  # type: ignore[no-any-return]

    @staff_page(CHANGE_CATEGORY, posted_from="admin:catalogue_category_changelist")
    def move_node(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            response = super().move_node(request)
            if response.status_code == HTTPStatus.OK:
                moved = Category.objects.filter(pk=request.POST["node"])
                history.record(request, moved, _("Moved in the tree."))
        return response  # type: ignore[no-any-return]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Include the categories below: a product there prevents the deletion."""
        below = Category.objects.none()
        for category in objs:
            below |= Category.objects.get_tree(category)
        return super().get_deleted_objects(below, request)


class PictureInline(StaffInline):
    model = ProductImage
    form = PictureForm
    formset = PictureFormSet
    fields = ["preview", "upload", "position"]
    readonly_fields = ["preview"]
    extra = 0
    classes = ["pictures"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductImage]:
        return super().get_queryset(request).select_related("product")

    @admin.display(description=_("picture"))
    def preview(self, image: ProductImage) -> SafeString:
        if image.pk is None:
            return SafeString("")
        return format_html(
            '<a href="{}" target="_blank">{}</a><br>{} × {}',
            image.file.url,
            thumbnail(image, 120, alt=str(image.product)),
            image.width,
            image.height,
        )


@admin.register(Product)
class ProductAdmin(StaffAdmin):
    form = ProductForm
    inlines = [PictureInline]
    list_display = ["picture", "name", "sku", "category", "brand", "price", "stock",
                    "active"]  # fmt: skip
    list_display_links = ["picture", "name"]
    list_editable = ["price", "stock", "active"]
    list_filter = [CategorySubtreeFilter, "active", InStockFilter, HasPicturesFilter,
                   ("brand", BrandFilter)]  # fmt: skip
    list_select_related = ["category"]
    list_per_page = 50
    # All at once are as many fields as one form may have.
    list_max_show_all = 100
    show_facets = admin.ShowFacets.NEVER  # a query for each brand and category
    search_fields = ["sku", "name", "brand", "colour"]
    search_help_text = _("SKU, name, brand or colour")
    actions = ["activate", "deactivate"]
    watched = ("active",)
    save_on_top = True
    readonly_fields = ["created", "updated"]
    fieldsets = [
        (None, {"fields": ["name", "sku", "category", ("brand", "colour")]}),
        (None, {"fields": [("price", "stock", "active"), "description"]}),
        (None, {"fields": [("created", "updated"), "new_pictures"]}),
    ]

    class Media:
        js = ["catalogue_admin.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).prefetch_related("images")

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Label the list's fields by their columns."""
        formset = super().get_changelist_formset(request, **kwargs)
        for field in formset.form.base_fields.values():
            field.widget.attrs["aria-label"] = field.label or ""
        return formset

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "category":
            kwargs["form_class"] = CategoryTreeField
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description="")
    def picture(self, product: Product) -> SafeString:
        return thumbnail(product.main_image, 48, alt=product.name)

    @staff_action(_("Show the selected products in the shop"), rights=[CHANGE])
    def activate(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> list[Product]:
        return self._set_active(request, queryset, active=True)

    @staff_action(_("Hide the selected products"), rights=[CHANGE])
    def deactivate(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> list[Product]:
        return self._set_active(request, queryset, active=False)

    def _set_active(
        self, request: HttpRequest, queryset: QuerySet[Product], *, active: bool
    ) -> list[Product]:
        chosen = Product.objects.filter(pk__in=queryset.order_by().values("pk"))
        others = chosen.exclude(active=active)
        products = list(others.select_for_update().only("pk", "name"))
        changed = others.update(active=active)
        text = ngettext("%d product changed.", "%d products changed.", changed)
        self.message_user(request, text % changed, messages.SUCCESS)
        return products

    def get_readonly_fields(
        self, request: HttpRequest, obj: Any = None
    ) -> list[str] | tuple[str, ...]:
        """Pictures are added in the product's form by who may add pictures."""
        fields = [*super().get_readonly_fields(request, obj)]
        return (
            fields if may(request.user, [ADD_PICTURES]) else [*fields, "new_pictures"]
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        is_shown = may(request.user, [CHANGE if obj else ADD, ADD_PICTURES])
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if is_shown else [*fieldsets[:-1], DATES]

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Save all that is usable; show unusable pictures at their rows."""
        super().save_related(request, form, formsets, change)
        if not isinstance(form, ProductForm):
            return  # the list saves through a form of its own, without pictures
        form.save_pictures()
        at_rows = {
            str(picture.instance.pk): picture.bad_picture
            for formset in formsets
            for picture in formset.forms
            if getattr(picture, "bad_picture", "")
        }
        added = [*form.bad_pictures, *filter(None, [at_rows.pop("None", "")])]
        if at_rows or added:
            request.session[BAD_PICTURES] = {
                "product": form.instance.pk, "rows": at_rows, "added": added,
            }  # fmt: skip
            self._warn(request, [*at_rows.values(), *added])

    def _warn(self, request: HttpRequest, bad: list[str]) -> None:
        text = ngettext(
            "%d picture could not be used; everything else was saved.",
            "%d pictures could not be used; everything else was saved.",
            len(bad),
        )
        self.message_user(request, text % len(bad), messages.ERROR)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any) -> HttpResponse:
        response = super().response_add(request, obj, *args)
        return self._back_to_bad_pictures(request, obj) or response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        response = super().response_change(request, obj)
        return self._back_to_bad_pictures(request, obj) or response

    def _back_to_bad_pictures(
        self, request: HttpRequest, product: Product
    ) -> HttpResponse | None:
        if request.session.get(BAD_PICTURES, {}).get("product") != product.pk:
            return None
        return HttpResponseRedirect(
            reverse("admin:catalogue_product_change", args=[product.pk])
        )

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show, once, each unusable picture at the row it was sent for."""
        obj = kwargs.get("obj")
        bad = request.session.get(BAD_PICTURES)
        if request.method == "GET" and bad and obj and bad["product"] == obj.pk:
            del request.session[BAD_PICTURES]
            form = context["adminform"].form
            form.errors["new_pictures"] = form.error_class(bad["added"])
            for inline in context["inline_admin_formsets"]:
                _show(inline.formset, bad["rows"])
        return super().render_change_form(request, context, *args, **kwargs)


def _show(formset: Any, bad: dict[str, str]) -> None:
    for form in formset.forms:
        if text := bad.get(str(form.instance.pk)):
            form.errors["upload"] = form.error_class([text])
