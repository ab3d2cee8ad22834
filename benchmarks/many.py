"""Fill a shop with so many pictures that have codes but no files.

    python -m benchmarks.many 200000        in the environment of that shop

Two pictures a product, 20 categories, 200 brands; codes and embeddings are uniform,
and so are the meanings of the products' texts.
"""

import os
import sys

import numpy as np

IMAGES_A_PRODUCT = 2
CATEGORIES, BRANDS, COLOURS = 20, 200, 12
BATCH = 5000


def main(images: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from catalogue.models import Category, Product, ProductImage
    from search.encoders.registry import encoder
    from search.models import ImageCode, ProductText
    from search.words.language.sentences import DIM

    made_by = encoder()
    chance = np.random.default_rng(0)
    categories = [
        Category.objects.at_path(["All", f"Kind {n}"]) for n in range(CATEGORIES)
    ]
    for start in range(0, images // IMAGES_A_PRODUCT, BATCH):
        numbers = range(start, min(start + BATCH, images // IMAGES_A_PRODUCT))
        products = Product.objects.bulk_create(
            Product(
                sku=f"m{number}",
                name=f"Product number {number}",
                slug=f"product-number-{number}",
                category=categories[number % CATEGORIES],
                brand=f"Brand {number % BRANDS}",
                colour=f"colour {number % COLOURS}",
                price=number % 9973 / 100,
                stock=number % 3,
                description=2 * "A hundred letters of what a shop says of it all. ",
            )
            for number in numbers
        )
        ProductText.objects.bulk_create(
            ProductText(
                product=product,
                digest=chance.bytes(16).hex(),
                embedding=chance.bytes(DIM),
            )
            for product in products
        )
        pictures = ProductImage.objects.bulk_create(
            ProductImage(
                product=product,
                position=position,
                file=f"products/00/{product.pk:032x}.{position}.jpg",
                width=1000,
                height=1000,
                size=100_000,
                digest=chance.bytes(32).hex(),
                source_digest=chance.bytes(32).hex(),
            )
            for product in products
            for position in range(IMAGES_A_PRODUCT)
        )
        ImageCode.objects.bulk_create(
            ImageCode(
                image=picture,
                encoder=made_by.fingerprint,
                digest=picture.digest,
                code=chance.bytes(made_by.n_bits // 8),
                embedding=chance.bytes(made_by.card.dim),
            )
            for picture in pictures
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
