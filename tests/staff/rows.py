"""Any number of rows of each model in admin, without their files."""

from itertools import count

from django.contrib.auth.models import Group, User
from django.utils import timezone

from access.models import AppKey
from catalogue.models import CatalogueImport, Product, ProductImage
from search.models import (
    Encoder,
    Feedback,
    GoldenQuery,
    Missed,
    Resemblance,
    Snapshot,
)
from tests.builders import new_category

_numbers = count(1)


def add_rows(number: int) -> None:
    """Add so many of each. Products have a brand of their own and two pictures."""
    at = [next(_numbers) for _ in range(number)]
    User.objects.bulk_create(User(username=f"user {each}") for each in at)
    Group.objects.bulk_create(Group(name=f"group {each}") for each in at)
    AppKey.objects.bulk_create(AppKey(name="app", digest=str(each)) for each in at)
    CatalogueImport.objects.bulk_create(
        CatalogueImport(name=f"{each}.csv", table="a", report="b", state="done")
        for each in at
    )
    _add_products(at)
    Snapshot.objects.bulk_create(
        Snapshot(name=str(each), encoder="f" * 16, position=1, images=1,
                 as_of=timezone.now(), withdrawn=True)
        for each in at
    )  # fmt: skip
    Encoder.objects.bulk_create(
        Encoder(name=str(each), fingerprint=f"{each:016}", state=Encoder.State.RETIRED)
        for each in at
    )
    today = timezone.localdate()
    Missed.objects.bulk_create(
        Missed(day=today, words=f"word {each}", count=3) for each in at
    )


def _add_products(at: list[int]) -> None:
    # In order: a tree makes room for what comes between.
    category, *_others = [new_category(f"Kind {each:06}") for each in at[:101]]
    products = Product.objects.bulk_create(
        Product(sku=f"row-{each}", name=f"Product {each}", category=category, price=1,
                brand=f"Brand {each}", slug="product")
        for each in at
    )  # fmt: skip
    images = ProductImage.objects.bulk_create(
        ProductImage(product=product, file=f"{product.pk}-{position}.jpg",
                     digest=f"{product.pk:064}", position=position, width=1, height=1)
        for product in products for position in range(2)
    )  # fmt: skip
    # All pictures of the first are pairs with others: its form shows them.
    Resemblance.objects.bulk_create(
        Resemblance(newer=newer, older=images[0], newer_digest=newer.digest,
                    older_digest=images[0].digest, tier=1, similarity=1)
        for newer in images[1::2]
    )  # fmt: skip
    GoldenQuery.objects.bulk_create(
        GoldenQuery(product=product, photo=f"golden/{product.pk}.webp")
        for product in products
    )
    Feedback.objects.bulk_create(
        Feedback(product=product, verdict="right", embedding=b"", code=b"", sender="s")
        for product in products
    )
