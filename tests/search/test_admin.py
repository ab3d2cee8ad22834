import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from catalogue.models import Product, ProductImage
from search.encoders import encoding, registry
from search.engines.engine import current_gallery
from search.gallery.on_disk import snapshots
from search.models import ImageCode
from tests.builders import make_image, new_product
from tests.catalogue.admin_forms import LIST, change_url, save

pytestmark = pytest.mark.django_db

FINDABLE = reverse("admin:search_snapshot_changelist")


def encode_all() -> None:
    encoding.encode(list(ProductImage.objects.values_list("pk", flat=True)))


def fail(image: ProductImage, why: str = "It is damaged.") -> None:
    ImageCode.objects.create(
        image=image,
        encoder=registry.encoder().fingerprint,
        digest=image.digest,
        error=why,
    )


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return str(response.content.decode())


def badges(client: Client, product: Product) -> list[str]:
    """Return the states of its pictures, as its form shows them."""
    form = page(client, change_url(product))
    return [part.split('"')[0] for part in form.split('class="state ')[1:]]


def test_the_state_of_every_picture_is_shown(admin_client: Client) -> None:
    product = new_product(images=[1])
    assert badges(admin_client, product) == ["waiting"]
    encode_all()
    assert badges(admin_client, product) == ["ready"]
    ImageCode.objects.all().delete()
    fail(product.images.get(), "It is <damaged>.")
    assert badges(admin_client, product) == ["failed"]
    assert "It is &lt;damaged&gt;." in page(admin_client, change_url(product))


def test_a_replaced_picture_waits_again(admin_client: Client) -> None:
    product = new_product(images=[1])
    encode_all()
    image = product.images.get()
    image.set_file(io.BytesIO(make_image(2)))
    image.save()
    assert badges(admin_client, product) == ["waiting"]


def test_the_list_shows_and_filters_the_states(admin_client: Client) -> None:
    ready, failed = new_product("r1", images=[1]), new_product("f1", images=[2, 3])
    waiting = new_product("w1", images=[4])
    encoding.encode([ready.images.get().pk, failed.images.all()[1].pk])
    fail(failed.images.all()[0])
    listed = page(admin_client, LIST)
    assert "1/2 failed" in listed and 'class="state ready"' in listed

    def found(state: str) -> set[str]:
        response = admin_client.get(LIST, {"found": state})
        return {product.sku for product in response.context["cl"].result_list}

    assert found("failed") == {failed.sku}
    assert found("waiting") == {waiting.sku}


def test_the_list_asks_the_same_number_of_queries_for_any_length(
    admin_client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(12):
        new_product(images=[number])
    with django_assert_max_num_queries(15):
        page(admin_client, LIST)


def test_a_failed_picture_is_tried_again_from_its_form(
    admin_client: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    product = new_product(images=[1])
    image = product.images.get()
    fail(image)
    with django_capture_on_commit_callbacks(execute=True):
        shown = save(admin_client, product, name="New name", _retry=image.pk)
    assert "1 picture is tried again." in shown
    assert Product.objects.get().name == "New name"
    assert badges(admin_client, product) == ["ready"]


@pytest.mark.parametrize("image_id", ["x", "-1", "9" * 40, "²"])
def test_a_retry_of_nothing_does_nothing(admin_client: Client, image_id: str) -> None:
    product = new_product(images=[1])
    fail(product.images.get())
    save(admin_client, product, _retry=image_id)
    assert badges(admin_client, product) == ["failed"]


def test_failed_pictures_are_tried_again_from_the_list(
    admin_client: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    chosen, other = new_product(images=[1]), new_product(images=[2])
    for product in (chosen, other):
        fail(product.images.get())
    form = {"action": "try_again", "_selected_action": [chosen.pk]}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(LIST, form)
    assert badges(admin_client, chosen) == ["ready"]
    assert badges(admin_client, other) == ["failed"]


def test_what_can_be_found_now_is_told(
    admin_client: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    new_product(images=[1, 2])
    encode_all()
    snapshot = snapshots.build()
    assert snapshot is not None
    new_product(images=[3])
    failed = new_product(images=[4])
    fail(failed.images.get())
    context = admin_client.get(FINDABLE).context
    assert len(context["gallery"]) == 2
    assert (context["waiting"], context["failed"]) == (1, 1)
    # On PostgreSQL, what this same transaction wrote before counts as well.
    assert context["gallery"].pending >= 2
    shown = page(admin_client, FINDABLE)
    assert snapshot.name in shown and "Try all failed pictures again" in shown
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:search_snapshot_retry"))
    assert badges(admin_client, failed) == ["ready"]


def test_without_a_snapshot_the_page_says_so(admin_client: Client) -> None:
    assert "Nothing can be found by photo" in page(admin_client, FINDABLE)


def test_without_an_encoder_admin_goes_on(
    admin_client: Client, settings: Any, tmp_path: Any
) -> None:
    product = new_product(images=[1])
    settings.ENCODER = tmp_path
    assert badges(admin_client, product) == ["waiting"]
    assert "Nothing can be found by photo" in page(admin_client, FINDABLE)
    for state in ("waiting", "failed"):
        page(admin_client, f"{LIST}?found={state}")
    form = {"action": "try_again", "_selected_action": [product.pk]}
    assert admin_client.post(LIST, form).status_code == 302
    assert admin_client.post(reverse("admin:search_snapshot_retry")).status_code == 302


def test_snapshots_are_made_by_workers_alone(admin_client: Client) -> None:
    url = reverse("admin:search_snapshot_add")
    assert admin_client.get(url).status_code == 403


def test_staff_go_back_to_the_snapshot_before(admin_client: Client) -> None:
    before = snapshots.build()
    assert "Serve the snapshot before" not in page(admin_client, FINDABLE)
    snapshots.build()
    assert "Serve the snapshot before" in page(admin_client, FINDABLE)
    url = reverse("admin:search_snapshot_roll_back")
    assert admin_client.get(url).status_code == 302
    assert current_gallery().name != before.name
    shown = admin_client.post(url, follow=True).content.decode()
    assert f"{before.name} serves now" in shown
    assert current_gallery().name == before.name
    again = admin_client.post(url, follow=True).content.decode()
    assert "no snapshot to go back to" in again


def test_who_may_only_look_cannot_roll_back(client: Client) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_snapshot"))
    client.force_login(looker)
    snapshots.build()
    newest = snapshots.build()
    assert "Serve the snapshot before" not in page(client, FINDABLE)
    client.post(reverse("admin:search_snapshot_roll_back"))
    assert current_gallery().name == newest.name
