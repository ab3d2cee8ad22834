"""Products and their pictures."""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import IO, Any, Self

from django.core.files.base import ContentFile
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from imagekit.models import ImageSpecField
from pilkit.processors import ResizeToFit
from treebeard.mp_tree import MP_Node, MP_NodeManager

from catalogue.cards import ProductProperties
from catalogue.identity import IdentifierField, folded, normal_form
from catalogue.importing.models import (
    CatalogueImport as CatalogueImport,  # registers it
)
from catalogue.media import images, thumbnails
from catalogue.media.storing import stored
from catalogue.signals import announce_image, products_changed

NBSP = "\u00a0"
MAX_CATEGORY_SLUG, MAX_PRODUCT_SLUG = 200, 220  # characters
MAX_POSITION = 32_767  # of a picture; what a small integer holds everywhere


class CategoryManager(MP_NodeManager):  # type: ignore[misc]
    def at_path(self, names: Iterable[str]) -> "Category":
        """Return the category at this path of names, creating missing ones."""
        category: Category | None = None
        for name in map(normal_form, names):
            siblings = (
                self.get_children(category) if category else self.get_root_nodes()
            )
            child = _named(name, siblings)
            if child is None:
                child = Category(name=name, slug=Category.free_slug(name, category))
                if category:
                    self.add_child(category, instance=child)
                else:
                    self.add_root(instance=child)
            category = child
        if category is None:
            raise ValueError("a category path needs one name at least")
        return category

    def paths(self) -> dict[tuple[str, ...], int]:
        """Return every category's id by its path of names, with one query."""
        names: dict[str, tuple[str, ...]] = {}
        paths: dict[tuple[str, ...], int] = {}
        for pk, path, name in self.order_by("path").values_list("pk", "path", "name"):
            names[path] = (*names.get(path[: -Category.steplen], ()), name)
            paths.setdefault(names[path], pk)
        return paths


class Category(MP_Node):  # type: ignore[misc]
    name = IdentifierField(_("name"), max_length=100)
    slug = models.SlugField(
        _("slug"), max_length=MAX_CATEGORY_SLUG, unique=True, allow_unicode=True
    )

    node_order_by = ["name"]
    objects = CategoryManager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return str(self.name)

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])

    @property
    def indented_name(self) -> str:
        """The name for menus that list the tree, indented by its depth."""
        return f"{3 * (self.depth - 1) * NBSP}{self.name}"

    def subtree_ids(self) -> list[int]:
        """Return its id and the ids of all categories below it."""
        return list(Category.objects.get_tree(self).values_list("pk", flat=True))

    @staticmethod
    def free_slug(name: str, parent: "Category | None") -> str:
        """Return an unused slug: the name, with its parent's slug, or numbered."""
        slug = slugify(name, allow_unicode=True)[:MAX_CATEGORY_SLUG] or "category"
        if not Category.objects.filter(slug=slug).exists():
            return slug
        base = f"{parent.slug}-{slug}" if parent else slug
        slug, number = base[:MAX_CATEGORY_SLUG], 1
        while Category.objects.filter(slug=slug).exists():
            number += 1
            suffix = f"-{number}"
            slug = f"{base[: MAX_CATEGORY_SLUG - len(suffix)]}{suffix}"
        return slug


def _named(name: str, siblings: Iterable[Category]) -> Category | None:
    """Return the one of this name, by normal form, or by case where only one fits."""
    alike = [each for each in siblings if folded(each.name) == folded(name)]
    same = [each for each in alike if normal_form(each.name) == normal_form(name)]
    return same[0] if same else alike[0] if len(alike) == 1 else None


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> Self:
        """Limit to products that shoppers may see."""
        return self.filter(active=True)

    def for_list(self) -> Self:
        """Prefetch all that a card in a list shows, with two queries in all."""
        return self.select_related("category").prefetch_related("images")

    def update(self, **values: Any) -> int:
        """Update and announce the change: Django sends no signal for bulk updates."""
        with transaction.atomic(using=self.db):
            product_ids = list(self.values_list("pk", flat=True))
            updated = super().update(**values)
            products_changed.send(sender=Product, product_ids=product_ids)
        return updated

    update.alters_data = True  # type: ignore[attr-defined]


class Product(ProductProperties, models.Model):
    sku = IdentifierField(_("SKU"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(
        _("slug"),
        max_length=MAX_PRODUCT_SLUG,
        allow_unicode=True,
        blank=True,
        editable=False,
    )
    category = models.ForeignKey(
        Category, models.PROTECT, related_name="products", verbose_name=_("category")
    )
    brand = models.CharField(_("brand"), max_length=100, blank=True, db_index=True)
    colour = models.CharField(_("colour"), max_length=50, blank=True, db_index=True)
    price = models.DecimalField(
        _("price"),
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(Decimal(0))],
    )
    stock = models.PositiveIntegerField(_("stock"), default=0)
    description = models.TextField(_("description"), blank=True)
    active = models.BooleanField(
        _("active"), default=True, help_text=_("Shown in the shop and found by photo.")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = (
            slugify(self.name, allow_unicode=True)[:MAX_PRODUCT_SLUG] or "product"
        )
        super().save(*args, **kwargs)

    def next_position(self) -> int:
        """Return the position after the product's last picture."""
        last = self.images.aggregate(last=models.Max("position"))["last"]
        return 0 if last is None else min(last + 1, MAX_POSITION)

    @property
    def main_image(self) -> "ProductImage | None":
        """The first picture; costs no query where images are prefetched."""
        return next(iter(self.images.all()), None)


def image_path(image: "ProductImage", filename: str) -> str:
    """Return a random name, so that a client's file name never reaches the storage."""
    name = uuid.uuid4().hex
    return f"products/{name[:2]}/{name}.{filename.rsplit('.', 1)[-1]}"


class ProductImage(models.Model):
    """A picture of a product, re-encoded: upright, RGB, without metadata."""

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="images", verbose_name=_("product")
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("The first is the main picture.")
    )
    file = models.ImageField(
        _("file"), upload_to=image_path, width_field="width", height_field="height"
    )
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    size = models.PositiveIntegerField(_("bytes"), default=0, editable=False)
    digest = models.CharField(_("digest"), max_length=64, editable=False)
    # SHA-256 of the uploaded file, by which an import sees that nothing changed.
    source_digest = models.CharField(max_length=64, editable=False)

    card = ImageSpecField(
        source="file",
        processors=[ResizeToFit(480, 480)],
        format="WEBP",
        options={"quality": 82},
    )
    large = ImageSpecField(
        source="file",
        processors=[ResizeToFit(1000, 1000, upscale=False)],
        format="WEBP",
        options={"quality": 86},
    )

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.product_id}/{self.position}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; announce a new file on commit, and then remove the one it replaces.

        Raises StorageAway, and then nothing is stored.
        """
        replaced = None
        is_new_file = bool(self.file) and not self.is_file_stored
        if is_new_file and self.pk:
            replaced = ProductImage.objects.filter(pk=self.pk).first()
        with stored():
            super().save(*args, **kwargs)
        if is_new_file:
            announce_image(self.pk)
        if replaced is not None:
            replaced.remove_files_on_commit()

    def set_file(self, upload: IO[bytes]) -> None:
        """Take this upload as the picture, without saving. Raises UnreadableImage."""
        self.set_picture(images.prepare(upload))

    def set_picture(self, picture: images.StoredPicture) -> None:
        self.digest, self.source_digest = picture.digest, picture.source_digest
        self.size = len(picture.content)
        self.file = ContentFile(picture.content, name=f"new.{picture.extension}")

    @property
    def is_file_stored(self) -> bool:
        """Whether the file is in the storage already, not only assigned."""
        return bool(self.file._committed)  # type: ignore[attr-defined]

    def make_thumbnails(self) -> None:
        """Make missing thumbnails; a page that comes first makes them itself."""
        for thumbnail in (self.card, self.large):
            thumbnails.make(thumbnail)

    def remove_files_on_commit(self) -> None:
        """Delete the file and its thumbnails once the transaction is committed."""
        for file in (self.file, self.card, self.large):
            transaction.on_commit(
                partial(file.storage.delete, str(file.name)), robust=True
            )


@receiver(post_delete, sender=ProductImage)
def remove_files(
    sender: type[ProductImage], instance: ProductImage, **kwargs: Any
) -> None:
    instance.remove_files_on_commit()
