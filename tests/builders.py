"""What tests are made of: pictures in memory, products with pictures."""

import io
import random
from collections.abc import Iterable
from decimal import Decimal
from itertools import count
from typing import Any

from PIL import Image, ImageDraw

from catalogue.models import Category, Product, ProductImage

_numbers = count(1)


def draw_picture(seed: int = 0, size: tuple[int, int] = (240, 240)) -> Image.Image:
    """Shapes in colours, different for each seed and the same at each call."""
    chance = random.Random(seed)
    width, height = size

    def colour() -> tuple[int, int, int]:
        return chance.randrange(256), chance.randrange(256), chance.randrange(256)

    picture = Image.new("RGB", size, colour())
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        across = sorted((chance.randrange(width), chance.randrange(width)))
        down = sorted((chance.randrange(height), chance.randrange(height)))
        box = (across[0], down[0], across[1] + 1, down[1] + 1)
        shape = chance.choice([draw.ellipse, draw.rectangle])
        shape(box, fill=colour())
    return picture


def make_image(
    seed: int = 0,
    *,
    size: tuple[int, int] = (240, 240),
    mode: str = "RGB",
    format: str = "JPEG",
    **options: Any,
) -> bytes:
    """Return the file of a picture; `options` go to Pillow (`exif=`, `quality=` …)."""
    out = io.BytesIO()
    draw_picture(seed, size).convert(mode).save(out, format, **options)
    return out.getvalue()


def new_category(path: str) -> Category:
    return Category.objects.at_path(path.split(" > "))


def new_product(
    sku: str | None = None,
    *,
    images: Iterable[bytes | int] = (),
    category: Category | str = "Things",
    **values: Any,
) -> Product:
    """Return a product on sale. `images`: files, or seeds for draw_picture."""
    number = next(_numbers)
    sku = f"sku-{number}" if sku is None else sku
    if isinstance(category, str):
        category = new_category(category)
    values = {"name": f"Product {sku}", "price": Decimal("9.90"), "stock": 5, **values}
    product = Product.objects.create(sku=sku, category=category, **values)
    for position, image in enumerate(images):
        add_image(product, image, position=position)
    return product


def add_image(
    product: Product, content: bytes | int, *, position: int = 0
) -> ProductImage:
    content = make_image(content) if isinstance(content, int) else content
    image = ProductImage(product=product, position=position)
    image.set_file(io.BytesIO(content))
    image.save()
    return image
