"""Catalogues with codes but without files, and the slow, obvious search of them."""

import hashlib
import random
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from catalogue.models import Product, ProductImage
from hashing import hamming
from search import changes
from search.answers.query import Query
from search.encoders.registry import encoder
from search.models import ImageCode
from tests.builders import new_product

BRANDS = ("Alba", "Borea", "Çelik", "")
COLOURS = ("red", "blue", "dark green")
CATEGORIES = ("Home", "Home > Lamps", "Home > Lamps > Desk", "Garden")

Embedding = npt.NDArray[np.int8]


def embedding(chance: random.Random) -> Embedding:
    """Near one of few centres, so that ties and near neighbours are common."""
    centre = np.random.default_rng(chance.randrange(6)).normal(size=encoder().card.dim)
    noise = np.random.default_rng(chance.randrange(1 << 30)).normal(size=centre.shape)
    vector = centre + 0.25 * chance.choice([0, 0, 1, 2]) * noise
    return np.round(vector / np.abs(vector).max() * 127).astype(np.int8)


def a_query(chance: random.Random) -> Query:
    return Query(encoder().fingerprint, embedding(chance))


def add_coded_image(product: Product, vector: Embedding) -> ProductImage:
    """Return a picture whose file is never read, with its code."""
    digest = hashlib.sha256(random.randbytes(16)).hexdigest()
    image = ProductImage.objects.create(
        product=product, file="none.jpg", width=8, height=8, digest=digest
    )
    give_code(image, vector)
    return image


def give_code(image: ProductImage, vector: Embedding) -> None:
    code = encoder().layer.codes(vector[np.newaxis])[0].tobytes()
    ImageCode.objects.update_or_create(
        image=image,
        encoder=encoder().fingerprint,
        defaults={
            "digest": image.digest,
            "code": code,
            "embedding": vector.tobytes(),
            "error": "",
        },
    )
    changes.record([image.product_id])


def random_product(chance: random.Random) -> Product:
    product = new_product(
        category=chance.choice(CATEGORIES),
        brand=chance.choice(BRANDS),
        colour=chance.choice(COLOURS),
        price=Decimal(chance.randrange(0, 5000)) / 100,
        stock=chance.choice([0, 0, 3]),
        active=chance.random() > 0.15,
    )
    for _ in range(chance.choice([0, 1, 1, 3])):
        add_coded_image(product, embedding(chance))
    return product


def brute_force(
    query: Query, k: int, *, where: Callable[[Product], bool] = lambda product: True
) -> list[tuple[int, int]]:
    """(image id, distance) of the k nearest that may be found, from the rows."""
    found = []
    codes = ImageCode.objects.select_related("image__product__category")
    for row in codes.filter(encoder=query.encoder):
        product = row.image.product
        is_current = row.code is not None and row.digest == row.image.digest
        if is_current and product.active and where(product):
            code = np.frombuffer(row.code, np.uint8)[np.newaxis]
            found.append((int(hamming(query.codes, code)[0, 0]), row.image_id))
    return [(image_id, distance) for distance, image_id in sorted(found)[:k]]
