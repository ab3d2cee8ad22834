"""The change that one row of a catalogue file asks for, written whole or not."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalogue.importing.categories import CategoryIndex
from catalogue.importing.errors import PictureUnavailable
from catalogue.importing.pictures import Pictures
from catalogue.importing.reading.tables import Problem
from catalogue.importing.rows import (
    ParsedRow,
    problems_of_fields,
    problems_of_new,
)
from catalogue.media.images import StoredPicture, prepare, reason
from catalogue.models import Category, Product, ProductImage
from catalogue.signals import products_changed
from pictures.errors import DecoderBusy, UnreadableImage

Placed = list[tuple[ProductImage, StoredPicture | None]]


@dataclass(frozen=True)
class Plan:
    """The product with its new values, not saved yet, and what else to write.

    `fields` differ from what is stored; `category` is one to create; `placed` are
    pictures to save, with their new file if they have one; `notes` tell the sender what
    was changed in the row.
    """

    product: Product
    fields: list[str] = field(default_factory=list)
    category: tuple[str, ...] | None = None
    placed: Placed = field(default_factory=list)
    removed: list[ProductImage] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def is_new(self) -> bool:
        return self.product.pk is None

    @property
    def is_change(self) -> bool:
        return bool(self.fields or self.category or self.placed or self.removed)

    @property
    def is_light(self) -> bool:
        """Whether it needs an UPDATE of plain columns at most."""
        is_more = self.is_new or self.category or self.placed or self.removed
        return bool(self.problems) or not is_more and "name" not in self.fields


def plan(
    row: ParsedRow,
    stored: Product | None,
    categories: CategoryIndex,
    pictures: Pictures,
) -> Plan:
    """Compare the row with the stored product, if there is one; write nothing."""
    product = stored or Product(sku=row.sku)
    if not row.sku or any(problem.column == "sku" for problem in row.problems):
        return Plan(product, problems=row.problems)
    category = categories.as_stored(row.category) if row.category else None
    changed = _assign(row, product, categories.id_of(category) if category else None)
    problems = [*row.problems, *([] if stored else problems_of_new(row))]
    if changed or stored is None:
        reported = {problem.column for problem in problems}
        problems += [
            problem
            for problem in problems_of_fields(product)
            if problem.column not in reported
        ]
    placed, removed, unreadable = _plan_images(row, product, pictures)
    return Plan(
        product,
        changed,
        category=category if category and not categories.id_of(category) else None,
        placed=placed,
        removed=removed,
        problems=(*problems, *unreadable),
        notes=(*row.notes, *_category_note(row.category, category)),
    )


def write(plan: Plan) -> None:
    """Store it in one transaction; on failure remove its files again."""
    with transaction.atomic(), _files_undone(plan.placed):
        product = plan.product
        if plan.category:
            product.category = Category.objects.at_path(plan.category)
        if plan.is_new:
            product.save()
        elif columns := _columns(plan):
            product.save(update_fields=columns)
        for image in plan.removed:
            image.delete()
        for image, picture in plan.placed:
            image.product = product
            if picture is not None:
                image.set_picture(picture)
            image.save()


def write_light(plans: list[Plan]) -> None:
    """Store light plans in one transaction: a stock file of thousands in seconds."""
    changed = [plan for plan in plans if plan.fields]
    with transaction.atomic():
        for plan in changed:
            values = {name: getattr(plan.product, name) for name in plan.fields}
            # The base manager's update is not announced: one signal for all follows.
            row = Product._base_manager.filter(pk=plan.product.pk)
            if not row.update(**values, updated=timezone.now()):
                raise DatabaseError("The product was deleted meanwhile.")
        products_changed.send(
            sender=Product, product_ids=[plan.product.pk for plan in changed]
        )


@contextmanager
def _files_undone(placed: Placed) -> Iterator[None]:
    """Remove new files on failure, since the storage has no transactions."""
    try:
        yield
    except BaseException:
        for image, picture in placed:
            if picture is not None and image.file.name and image.is_file_stored:
                image.file.storage.delete(image.file.name)
        raise


def _category_note(
    written: tuple[str, ...] | None, stored: tuple[str, ...] | None
) -> list[Problem]:
    if written == stored or stored is None:
        return []
    return [Problem("category", _("It was taken for “%s”.") % " > ".join(stored))]


def _assign(row: ParsedRow, product: Product, category_id: int | None) -> list[str]:
    """Give the product the row's values; return the fields that changed by that."""
    values = dict(row.values)
    if category_id is not None:
        values["category_id"] = category_id
    changed = []
    for name, value in values.items():
        if getattr(product, name) != value:
            setattr(product, name, value)
            changed.append(name)
    return changed


def _plan_images(
    row: ParsedRow, product: Product, pictures: Pictures
) -> tuple[Placed, list[ProductImage], list[Problem]]:
    """Return images to save at their place, images to remove, and problems."""
    if row.images is None:
        return [], [], []
    left = list(product.images.all()) if product.pk else []
    placed: Placed = []
    problems = []
    for position, name in enumerate(row.images):
        try:
            image, picture = _image(pictures.read(name), left)
        except UnreadableImage as error:
            problems.append(Problem("images", f"{name}: {reason(error)}"))
            continue
        except (PictureUnavailable, DecoderBusy) as error:
            problems.append(Problem("images", f"{name}: {error}"))
            continue
        if picture is not None or image.position != position:
            image.position = position
            placed.append((image, picture))
    return placed, left, problems


def _image(
    content: bytes, left: list[ProductImage]
) -> tuple[ProductImage, StoredPicture | None]:
    """Return the image that holds this file, taken from `left`, or else a new one."""
    digest = hashlib.sha256(content).hexdigest()
    for image in left:
        if image.source_digest == digest:
            left.remove(image)
            return image, None
    return ProductImage(), prepare(io.BytesIO(content))


def _columns(plan: Plan) -> list[str]:
    """Return the columns to update, with those that the model derives from them."""
    columns = [*plan.fields, *(["category_id"] if plan.category else [])]
    if not columns:
        return []
    return [*columns, "updated", *(["slug"] if "name" in columns else [])]
