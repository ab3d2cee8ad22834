"""With Redis and real workers: prompt, and nothing is lost when they are killed."""

from collections.abc import Callable
from io import BytesIO

import pytest

from catalogue.media.images import open_photo
from catalogue.signals import bulk_images
from search.answers.request import SearchRequest
from search.answers.similar import similar_to_photo
from search.encoders import encoding
from search.engines.engine import current_gallery
from search.gallery.on_disk import snapshots
from search.models import Snapshot
from tests.builders import make_image, new_product
from tests.servers import RedisServer, Server
from tests.wait import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
]


def is_found(seed: int, image_id: int) -> bool:
    answer = similar_to_photo(
        open_photo(BytesIO(make_image(seed))), SearchRequest(limit=3)
    )
    return image_id in {result.image_id for result in answer.results}


def test_a_picture_saved_while_a_worker_runs_is_found_within_two_seconds(
    worker: Callable[..., Server],
) -> None:
    snapshots.build()
    worker(queues="uploads")
    wait_until(lambda: is_encoded_by_worker(0), timeout=30)
    image = new_product(images=[1]).images.get()
    wait_until(lambda: is_found(1, image.pk), timeout=2)


def is_encoded_by_worker(seed: int) -> bool:
    """Upload a picture; the first one also pays for loading the encoder."""
    image = new_product(images=[seed]).images.get()
    wait_until(lambda: not encoding.waiting_images().exists(), timeout=30)
    return is_found(seed, image.pk)


def test_an_upload_does_not_wait_behind_an_import(
    worker: Callable[..., Server],
) -> None:
    snapshots.build()
    worker(queues="uploads")
    is_encoded_by_worker(0)
    # Nobody works on the bulk queue: what an upload waits for is not behind it.
    with bulk_images():
        new_product(images=range(100, 170))
    image = new_product(images=[1]).images.get()
    wait_until(lambda: is_found(1, image.pk), timeout=2)
    assert encoding.waiting_images().count() == 70


def test_killed_workers_and_a_restarted_redis_lose_no_picture(
    broker: RedisServer, worker: Callable[..., Server]
) -> None:
    snapshots.build()
    uploads = worker(queues="uploads", beat=True)
    images = {}
    for seed in range(100):
        images[seed] = new_product(images=[seed]).images.get().pk
        if seed in (30, 60):
            uploads.kill()
        if seed in (35, 70):
            uploads.start()
        if seed == 50:
            broker.restart()
    wait_until(lambda: not encoding.waiting_images().exists(), timeout=120)
    assert not encoding.failed_images().exists()
    assert all(is_found(seed, image_id) for seed, image_id in images.items())


def test_the_next_snapshot_is_built_by_the_worker_once_for_a_burst(
    worker: Callable[..., Server],
) -> None:
    worker(beat=True)
    wait_until(lambda: Snapshot.objects.count() == 1, timeout=60)
    new_product(images=range(5))
    wait_until(lambda: len(current_gallery()) == 5, timeout=30)
    assert Snapshot.objects.count() == 1
