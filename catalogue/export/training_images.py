"""Export of the catalogue's pictures as a set to train an encoder on."""

import csv
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from catalogue.export.spreadsheets import safe_cell
from catalogue.models import Category, Product, ProductImage
from disk.whole import whole_file

COLUMNS = ("path", "split", "fine_label", "coarse_label", "product_id", "kind")
VALIDATION_SHARE = 0.15  # of the products
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass
class Exported:
    """How many pictures the set has, and what was left out."""

    pictures: int
    missing: list[str]  # files that the storage has lost
    photos: int = 0
    unknown: list[str] = field(default_factory=list)  # folders of photos of no product


def export(
    folder: Path,
    *,
    photos: Path | None = None,
    on_progress: Callable[[], object] = lambda: None,
) -> Exported:
    """Write every picture and `manifest.csv` to a folder, hard-linked where possible.

    `photos` has a folder for each SKU, with phone photos of that product; they are
    trained on and never shown. Raises NotADirectoryError if it is no folder.

    Running it again updates the set: existing files stay, and only files named in the
    manifest belong to it. The manifest is written last and renamed into place.
    """
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    names = {pk: " > ".join(path) for path, pk in Category.objects.paths().items()}
    exported = Exported(0, [])
    manifest = folder / "manifest.csv"
    with whole_file(manifest, newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        images = ProductImage.objects.select_related("product").order_by("pk")
        for image in images.iterator(chunk_size=1000):
            if place(image, folder / path_of(image)):
                rows.writerow(_row(image, names[image.product.category_id]))
                exported.pictures += 1
            else:
                exported.missing.append(str(image.file.name))
            on_progress()
        if photos is not None:
            _add_photos(photos, folder, rows, names, exported)
    return exported


def split_of(product_id: int) -> str:
    """Return the product's split, the same at each export."""
    digest = hashlib.sha256(str(product_id).encode()).digest()
    return "val" if digest[0] / 256 < VALIDATION_SHARE else "train"


def path_of(image: ProductImage) -> str:
    """Return a name with the content's digest: a replaced picture is another file."""
    suffix = PurePosixPath(str(image.file.name)).suffix
    return f"pictures/{image.product_id}-{image.pk}-{image.digest[:12]}{suffix}"


def place(image: ProductImage, path: Path) -> bool:
    """Put the image's file there if missing; return False if the storage lost it."""
    if path.exists():
        return True
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with suppress(NotImplementedError, OSError):  # not a disk, or another one
            os.link(image.file.path, partial)
        if not partial.exists():
            with image.file.open("rb") as source, partial.open("wb") as target:
                shutil.copyfileobj(source, target)
    except FileNotFoundError:
        partial.unlink(missing_ok=True)
        return False
    partial.replace(path)
    return True


def _add_photos(
    photos: Path,
    folder: Path,
    rows: "csv.DictWriter[str]",
    names: dict[int, str],
    exported: Exported,
) -> None:
    products = {product.sku: product for product in Product.objects.iterator()}
    for folder_of_sku in sorted(photos.iterdir()):
        if not folder_of_sku.is_dir():
            continue
        product = products.get(folder_of_sku.name)
        if product is None:
            exported.unknown.append(folder_of_sku.name)
            continue
        for photo in sorted(folder_of_sku.iterdir()):
            if photo.suffix.lower() in PHOTO_SUFFIXES:
                path = f"photos/{product.pk}-{photo.name}"
                _take(photo, folder / path)
                row = _row_of(product, path, names[product.category_id])
                rows.writerow(row | {"kind": "photo"})
                exported.photos += 1


def _take(photo: Path, path: Path) -> None:
    """Copy a photo there, renamed when complete."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    shutil.copyfile(photo, partial)
    partial.replace(path)


def _row(image: ProductImage, category: str) -> dict[str, object]:
    return _row_of(image.product, path_of(image), category)


def _row_of(product: Product, path: str, category: str) -> dict[str, object]:
    return {
        "path": path,
        "split": split_of(product.pk),
        "fine_label": safe_cell(product.sku),
        "coarse_label": safe_cell(category),
        "product_id": product.pk,
        "kind": "catalogue",
    }
