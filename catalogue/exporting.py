"""The catalogue's pictures as a set to train an encoder on."""

import csv
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from catalogue.models import Category, Product, ProductImage

COLUMNS = ("path", "split", "fine_label", "coarse_label", "product_id", "kind")
VALIDATED = 0.15  # of the products


PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass
class Exported:
    """How many pictures are in the set, and what could not be."""

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
    """Write every picture and `manifest.csv` to a folder, linked where that can be.

    `photos` holds a folder for each SKU with what phones took of that product; they
    are learned from and never shown. Raises NotADirectoryError where it is none.

    Again brings it up to date: what is there is left, and only what the manifest names
    belongs to the set. The manifest comes last and whole.
    """
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    names = {pk: " > ".join(path) for path, pk in Category.objects.paths().items()}
    done = Exported(0, [])
    beside = folder / f"manifest.{secrets.token_hex(3)}.partial"
    with beside.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        images = ProductImage.objects.select_related("product").order_by("pk")
        for image in images.iterator(chunk_size=1000):
            if place(image, folder / path_of(image)):
                rows.writerow(_row(image, names[image.product.category_id]))
                done.pictures += 1
            else:
                done.missing.append(str(image.file.name))
            on_progress()
        if photos is not None:
            _add_photos(photos, folder, rows, names, done)
    beside.replace(folder / "manifest.csv")
    return done


def split_of(product_id: int) -> str:
    """The same at each export, so that no product moves from one side to the other."""
    digest = hashlib.sha256(str(product_id).encode()).digest()
    return "val" if digest[0] / 256 < VALIDATED else "train"


def path_of(image: ProductImage) -> str:
    """Named by its content: a replaced picture is another file."""
    suffix = PurePosixPath(str(image.file.name)).suffix
    return f"pictures/{image.product_id}-{image.pk}-{image.digest[:12]}{suffix}"


def place(image: ProductImage, path: Path) -> bool:
    """Put its file there, if it is not; False if the storage has lost it."""
    if path.exists():
        return True
    beside = path.with_name(f"{path.name}.partial")
    beside.unlink(missing_ok=True)
    try:
        with suppress(NotImplementedError, OSError):  # not a disk, or another one
            os.link(image.file.path, beside)
        if not beside.exists():
            with image.file.open("rb") as source, beside.open("wb") as target:
                shutil.copyfileobj(source, target)
    except FileNotFoundError:
        beside.unlink(missing_ok=True)
        return False
    beside.replace(path)
    return True


def _add_photos(
    photos: Path,
    folder: Path,
    rows: "csv.DictWriter[str]",
    names: dict[int, str],
    done: Exported,
) -> None:
    products = {product.sku: product for product in Product.objects.iterator()}
    for own in sorted(photos.iterdir()):
        if not own.is_dir():
            continue
        product = products.get(own.name)
        if product is None:
            done.unknown.append(own.name)
            continue
        for photo in sorted(own.iterdir()):
            if photo.suffix.lower() in PHOTOS:
                path = f"photos/{product.pk}-{photo.name}"
                _take(photo, folder / path)
                row = _row_of(product, path, names[product.category_id])
                rows.writerow(row | {"kind": "photo"})
                done.photos += 1


def _take(photo: Path, path: Path) -> None:
    """Put a photo there as it is now, whole."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f"{path.name}.partial")
    shutil.copyfile(photo, beside)
    beside.replace(path)


def _row(image: ProductImage, category: str) -> dict[str, object]:
    return _row_of(image.product, path_of(image), category)


def _row_of(product: Product, path: str, category: str) -> dict[str, object]:
    return {
        "path": path,
        "split": split_of(product.pk),
        "fine_label": product.sku,
        "coarse_label": category,
        "product_id": product.pk,
        "kind": "catalogue",
    }
