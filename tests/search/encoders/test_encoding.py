"""Pictures get the code of the file that they have now, whatever happens on the way."""

import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError
from PIL import Image

from catalogue.media.images import open_photo
from catalogue.models import ProductImage
from catalogue.signals import bulk_images
from search.answers.similar import similar_to_photo
from search.encoders import encoding, registry
from search.engines.engine import current_gallery
from search.gallery.on_disk import snapshots
from search.models import ImageCode
from search.tasks import encode_images, sweep
from tests.builders import add_image, make_image, new_product

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def first_found(seed: int) -> int | None:
    answer = similar_to_photo(open_photo(BytesIO(make_image(seed))))
    return answer.results[0].image_id if answer.results else None


def replace(image: ProductImage, seed: int) -> None:
    image.set_file(BytesIO(make_image(seed)))
    image.save()


def picture_of(image: ProductImage) -> Image.Image:
    with image.file.open() as file:
        return open_photo(file)


def without_messages() -> object:
    """Let the broker lose everything."""
    return patch("search.signals.encode_images.apply_async")


def test_an_uploaded_picture_is_found_by_itself_at_the_next_search() -> None:
    snapshots.build()
    others = new_product(images=range(10, 15)).images.all()
    image = new_product(images=[1]).images.get()
    assert first_found(1) == image.pk
    answer = similar_to_photo(open_photo(BytesIO(make_image(1))))
    assert answer.results[0].match == "exact"
    assert len(others) == 5


def test_a_picture_replaced_twice_with_its_tasks_reversed_keeps_the_last_code() -> None:
    snapshots.build()
    image = new_product(images=[1]).images.get()
    with without_messages():
        first = ProductImage.objects.get(pk=image.pk)
        replace(image, 2)
        second = ProductImage.objects.get(pk=image.pk)
        replace(image, 3)
    # The tasks read their row before the replacement and finish after it.
    for late in (second, first):
        with patch.object(
            encoding, "read", return_value=open_photo(BytesIO(make_image(9)))
        ):
            assert encoding._encode_batch([late]) == 0
    encode_images([image.pk])
    encode_images([image.pk])
    (code,) = ImageCode.objects.filter(image=image)
    assert code.digest == image.digest
    assert first_found(3) == image.pk
    expected = registry.encoder().encode([picture_of(image)])
    assert code.code == expected.codes[0].tobytes()


def test_a_picture_deleted_while_it_is_encoded_is_no_error() -> None:
    image = new_product(images=[1]).images.get()
    copy = ProductImage.objects.get(pk=image.pk)
    ImageCode.objects.all().delete()
    picture = picture_of(copy)
    image.delete()
    with patch.object(encoding, "read", return_value=picture):
        assert encoding._encode_batch([copy]) == 0
    assert not ImageCode.objects.exists()


def test_lost_messages_are_made_good_by_the_sweep_the_newest_first() -> None:
    snapshots.build()
    with without_messages():
        images = [new_product(images=[seed]).images.get() for seed in range(40)]
    assert encoding.waiting_images().count() == 40
    assert len(current_gallery()) == 0  # which has seen that they were added
    sweep()
    waiting = set(encoding.waiting_images().values_list("pk", flat=True))
    assert waiting == {image.pk for image in images[:8]}
    assert first_found(39) == images[39].pk
    sweep()
    assert not encoding.waiting_images().exists()
    assert first_found(0) == images[0].pk


def test_a_broker_that_is_away_loses_no_upload() -> None:
    failing = patch(
        "search.signals.encode_images.apply_async", side_effect=OperationalError
    )
    with failing:
        image = new_product(images=[1]).images.get()
        with bulk_images():
            imported = new_product(images=[2]).images.get()
    assert list(encoding.waiting_images()) == [imported, image]


def test_a_damaged_file_fails_with_its_reason_and_others_go_on(
    tmp_path: Path,
) -> None:
    with without_messages():
        damaged = new_product(images=[1]).images.get()
        missing = new_product(images=[2]).images.get()
        good = new_product(images=[3]).images.get()
    Path(damaged.file.path).write_bytes(make_image(1)[:300])
    Path(missing.file.path).unlink()
    encode_images([damaged.pk, missing.pk, good.pk])
    errors = dict(ImageCode.objects.values_list("image", "error"))
    assert "damaged" in errors[damaged.pk]
    assert "missing" in errors[missing.pk]
    assert errors[good.pk] == ""
    assert not encoding.waiting_images().exists()
    assert set(encoding.failed_images()) == {damaged, missing}


def test_what_failed_can_be_tried_again() -> None:
    with without_messages():
        image = new_product(images=[1]).images.get()
    content = Path(image.file.path).read_bytes()
    Path(image.file.path).unlink()
    encode_images([image.pk])
    Path(image.file.path).write_bytes(content)
    assert encoding.retry(encoding.failed_images()) == [image.pk]
    encode_images([image.pk])
    assert not encoding.failed_images().exists()
    assert ImageCode.objects.get().code is not None


def test_what_has_its_code_is_not_encoded_again() -> None:
    product = new_product(images=[1, 2])
    with patch.object(encoding, "read", side_effect=AssertionError):
        encode_images([image.pk for image in product.images.all()])
        product.price += 1
        product.save()
        for image in product.images.all():
            image.position += 1
            image.save()
    assert encoding.encode_missing() == 0


def test_messages_go_out_after_the_commit_and_bulk_ones_in_batches() -> None:
    with without_messages() as send:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            new_product(images=[1])
            raise ZeroDivisionError
        assert not send.called
        with transaction.atomic():
            image = new_product(images=[1]).images.get()
            assert not send.called
        assert send.call_args.args == (([image.pk],),)
        assert send.call_args.kwargs == {"queue": "uploads"}
        send.reset_mock()
        with bulk_images():
            product = new_product(images=range(70))
        batches = [len(call.args[0][0]) for call in send.call_args_list]
        assert batches == [64, 6]
        assert {call.kwargs["queue"] for call in send.call_args_list} == {"bulk"}
    assert product.images.count() == 70


@pytest.mark.parametrize("n_images", [0, 1, 33])
def test_bits_do_not_depend_on_the_batch(
    n_images: int, make_image: Callable[..., bytes]
) -> None:
    pictures = [open_photo(BytesIO(make_image(seed))) for seed in range(n_images)]
    together = registry.encoder().encode(pictures)
    chance = random.Random(0)
    for row in chance.sample(range(n_images), min(5, n_images)):
        alone = registry.encoder().encode([pictures[row]])
        assert (alone.codes[0] == together.codes[row]).all()


def test_adding_a_picture_to_a_product_keeps_its_others() -> None:
    snapshots.build()
    product = new_product(images=[1])
    second = add_image(product, 2, position=1)
    assert first_found(2) == second.pk
    assert first_found(1) == product.images.first().pk
