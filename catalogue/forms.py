"""Admin's forms; an unusable picture leaves everything else saved."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalogue.media import images
from catalogue.media.images import StoredPicture, reason
from catalogue.models import (
    MAX_POSITION,
    CatalogueImport,
    Category,
    Product,
    ProductImage,
)
from pictures.errors import UnreadableImage

MAX_TABLE_BYTES = 200_000_000
MAX_ZIP_BYTES = 2_000_000_000
# Of one product's form. Django counts the files of all fields.
MAX_PICTURES = settings.DATA_UPLOAD_MAX_NUMBER_FILES
MAX_PICTURES_BYTES = 200_000_000

PICTURES_ONLY = {"accept": "image/*,.heic,.avif"}


class PicturesInput(forms.FileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Several files in one field; cleans to a list."""

    widget = PicturesInput(
        attrs={
            **PICTURES_ONLY,
            "multiple": True,
            # What static/staff.js says before too much is sent.
            "data-max-files": MAX_PICTURES,
            "data-max-bytes": MAX_PICTURES_BYTES,
            "data-too-much": format_lazy(
                _("At most {files} files and {megabytes} MB at once. Choose fewer."),
                files=MAX_PICTURES,
                megabytes=MAX_PICTURES_BYTES // 1_000_000,
            ),
        }
    )

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        files = data if isinstance(data, list | tuple) else [data]
        return [file for file in files if file]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


def read_upload(upload: "UploadedFile[bytes]") -> StoredPicture:
    """Decode an upload, whatever type the browser states. Raises UnreadableImage."""
    return images.prepare(cast(Any, upload))


class CategoryTreeField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of all categories, shown as a tree."""

    default_error_messages = {
        "invalid_choice": _("This category is gone meanwhile. Choose another one."),
    }

    def label_from_instance(self, obj: Category) -> str:
        return obj.indented_name


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    new_pictures = PicturesField(
        label=_("Add pictures"),
        required=False,
        help_text=format_lazy(
            _("Up to {files} at once, {megabytes} MB. They come after the others."),
            files=MAX_PICTURES,
            megabytes=MAX_PICTURES_BYTES // 1_000_000,
        ),
    )

    class Meta:
        model = Product
        fields = "__all__"  # noqa: DJ007  (of staff, who may edit all that is editable)
        widgets = {"description": forms.Textarea({"rows": 5, "cols": 80})}

    def clean(self) -> dict[str, Any] | None:
        """Read the pictures; unusable ones are left out and reported."""
        self.pictures: list[StoredPicture] = []
        self.bad_pictures: list[str] = []
        for upload in self.cleaned_data.get("new_pictures", []):
            try:
                self.pictures.append(read_upload(upload))
            except UnreadableImage as error:
                self.bad_pictures.append(f"{upload.name}: {reason(error)}")
        return super().clean()

    def save_pictures(self) -> None:
        """Save new pictures, after the product and its changed pictures."""
        for picture in self.pictures:
            image = ProductImage(
                product=self.instance, position=self.instance.next_position()
            )
            image.set_picture(picture)
            image.save()


class PictureForm(forms.ModelForm):  # type: ignore[type-arg]
    """One picture. Not the model's own field, since Django would open the upload."""

    upload = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,  # reported like any other picture that is none
        widget=forms.FileInput(attrs={**PICTURES_ONLY, "aria-label": _("File")}),
    )
    position = forms.IntegerField(
        label=_("Position"),
        required=False,
        min_value=0,
        max_value=MAX_POSITION,
        widget=forms.NumberInput(
            attrs={"class": "vIntegerField", "size": 4, "aria-label": _("Position")}
        ),
    )

    class Meta:
        model = ProductImage
        fields = ("position",)

    # Shown as a thumbnail: a file or the box that removes it is meant for that one.
    watched = ("digest",)
    guarded = ("upload",)
    picture: StoredPicture | None = None
    bad_picture = ""

    @property
    def row_name(self) -> str:
        return str(gettext("the picture at position %d") % self.instance.position)

    def clean(self) -> dict[str, Any] | None:
        upload = self.cleaned_data.get("upload")
        if upload:
            try:
                self.picture = read_upload(upload)
            except UnreadableImage as error:
                self.bad_picture = f"{upload.name}: {reason(error)}"
        return super().clean()

    def clean_position(self) -> int:
        position: int | None = self.cleaned_data["position"]
        return self.instance.position if position is None else position

    def has_changed(self) -> bool:
        """Count a new row by its file alone; ignore an unusable file."""
        if self.instance.pk is None:
            return "upload" in self.changed_data and not self.bad_picture
        return super().has_changed()

    def save(self, commit: bool = True) -> ProductImage:
        if self.instance.pk is None and self["position"].data in (None, ""):
            self.instance.position = self.instance.product.next_position()
        if self.picture is not None:
            self.instance.set_picture(self.picture)
        image: ProductImage = super().save(commit)
        return image


class PictureFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """A product's pictures; labels the box that removes one."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if box := form.fields.get("DELETE"):
            box.widget.attrs["aria-label"] = box.label


class ImportForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = CatalogueImport
        fields: Sequence[str] = ("table", "pictures", "dry_run", "deactivate_missing")
        help_texts: ClassVar = {
            "table": _("Up to 200 MB."),
            "pictures": _("Up to 2 GB."),
        }

    def clean_table(self) -> "UploadedFile[bytes]":
        return self._not_larger("table", MAX_TABLE_BYTES)

    def clean_pictures(self) -> "UploadedFile[bytes]":
        return self._not_larger("pictures", MAX_ZIP_BYTES)

    def _not_larger(self, name: str, limit: int) -> "UploadedFile[bytes]":
        upload: UploadedFile[bytes] = self.cleaned_data[name]
        if upload and (upload.size or 0) > limit:
            raise forms.ValidationError(
                _("The file is larger than %(megabytes)d MB."),
                params={"megabytes": limit // 1_000_000},
            )
        return upload
