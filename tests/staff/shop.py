"""A shop with rows of every kind that admin shows: each action has work to do."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from access.models import AppKey
from catalogue.models import CatalogueImport, Product, ProductImage
from search.encoders import registry
from search.gallery.on_disk import snapshots
from search.golden import report
from search.models import Encoder, Feedback, ImageCode, Missed, Resemblance
from tests.builders import draw_picture, new_category, new_product


def open_full_shop() -> None:
    """At least one row of each model in admin; of those with states, one in each."""
    for number, active in enumerate((True, False)):
        product = new_product(images=[number], active=active, category="A > B")
        _fail(product.images.get())
        for approved in (True, False):
            _feedback(product, approved)
        report.keep(draw_picture(number), product)
    older, newer = ProductImage.objects.order_by("pk")
    _pair(newer, older)
    _pair(new_product(images=[3]).images.get(), older)
    new_category("C")
    for _ in range(2):
        snapshots.build()
    AppKey.objects.make("an app")
    Encoder.objects.create(name="other", fingerprint="f" * 16)
    Missed.objects.create(day=timezone.localdate(), category="Mugs", count=3)
    Group.objects.create(name="shopkeepers")
    staff("shopkeeper", "catalogue.view_product")
    CatalogueImport.objects.create(
        name="shop.csv", state=CatalogueImport.State.WAITING, table="a", report="b"
    )


def staff(name: str, *rights: str) -> User:
    """Somebody with these rights alone: `app.codename`."""
    user = User.objects.create_user(name, password="x" * 12, is_staff=True)
    for right in rights:
        app, codename = right.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


def every_right(verb: str = "") -> set[str]:
    """All rights there are; with a verb such as `view`, those alone."""
    pairs = Permission.objects.values_list("content_type__app_label", "codename")
    return {f"{app}.{name}" for app, name in pairs if name.startswith(verb)}


def _fail(image: ProductImage) -> None:
    ImageCode.objects.update_or_create(
        image=image,
        encoder=registry.encoder().fingerprint,
        defaults={
            "digest": image.digest, "code": None, "embedding": None,
            "error": "It is damaged.",
        },
    )  # fmt: skip


def _feedback(product: Product, approved: bool) -> None:
    given: dict[str, Any] = {"embedding": b"", "code": b"", "encoder": "f" * 16}
    Feedback.objects.create(
        product=product, verdict="right", approved=approved, sender="s", **given
    )


def _pair(newer: ProductImage, older: ProductImage) -> None:
    Resemblance.objects.create(
        newer=newer,
        older=older,
        newer_digest=newer.digest,
        older_digest=older.digest,
        tier=Resemblance.Tier.FILE,
        similarity=1,
    )
