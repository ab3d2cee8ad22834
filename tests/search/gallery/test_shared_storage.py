"""Builder and web on different hosts, with only the shared storage between them."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.conf import settings as shop
from django.core.files.storage import storages
from django.test import Client
from moto.server import ThreadedMotoServer

from catalogue.media.shared_folder import mark
from config.storages.storage import origin_of_pictures, shared_storages
from search.engines import embedded
from search.engines.engine import current_gallery
from search.errors import SearchUnavailable
from search.gallery.on_disk import snapshots
from search.models import Snapshot
from tests.builders import make_image, new_product
from tests.catalogue.admin_forms import change_url, filled_in, upload
from tests.search.asking import API, PHOTO, a_file, open_varied_shop
from tests.search.catalogues import a_query, add_coded_image, embedding
from tests.search.gallery.test_snapshots import flip_last_byte, truncate
from tests.wait import wait_until

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


class Bucket:
    """Of an S3 on this machine, that can go away and come back."""

    def __init__(self) -> None:
        self.start(port=0)
        self.client.create_bucket(Bucket="shop")

    def start(self, port: int) -> None:
        self.server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self.server.start()
        _, self.port = self.server.get_host_and_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        where = f"endpoint={self.endpoint}&region=us-east-1"
        return f"s3://key:secret@shop/one?{where}"

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def names(self, prefix: str) -> set[str]:
        found = self.client.list_objects_v2(Bucket="shop", Prefix=prefix)
        return {each["Key"] for each in found.get("Contents", [])}

    def empty(self) -> None:
        for name in self.names(""):
            self.client.delete_object(Bucket="shop", Key=name)


@pytest.fixture(scope="module")
def a_bucket() -> Iterator[Bucket]:
    made = Bucket()
    yield made
    made.server.stop()


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.slow)])
def storage_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        mark(tmp_path / "shared", is_new=True)
        yield f"file://{tmp_path}/shared"
        return
    bucket = request.getfixturevalue("a_bucket")
    yield bucket.url
    bucket.empty()


@pytest.fixture
def hosts(storage_url: str, settings: Any, tmp_path: Path) -> "Hosts":
    settings.STORAGES = {
        **settings.STORAGES,
        **shared_storages(storage_url, settings.MEDIA_URL),
    }
    return Hosts(settings, tmp_path)


class Hosts:
    """This process plays them in turns: each has a disk of its own."""

    def __init__(self, settings: Any, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        settings.SNAPSHOTS_DIR = folder / "web"

    def turn(self, name: str) -> None:
        # Not by the fixture: it says so to all, who then forget what they hold.
        shop.SNAPSHOTS_DIR = self.folder / name

    def build(self) -> Snapshot:
        self.turn("builder")
        built = snapshots.build()
        assert built is not None
        self.turn("web")
        return built

    def lose_storage(self, name: str = "snapshots") -> None:
        broken = dict(self.settings.STORAGES)
        broken[name] = shared_storages(
            "s3://key:secret@shop?endpoint=http://127.0.0.1:9&region=us-east-1", ""
        )[name]
        self.whole, self.settings.STORAGES = self.settings.STORAGES, broken

    def find_storage(self) -> None:
        self.settings.STORAGES = self.whole


def add_image(seed: int) -> int:
    return add_coded_image(new_product(), embedding(random.Random(seed))).pk


def found() -> set[int]:
    near = current_gallery().search(a_query(random.Random(0)), 200)
    return set(near.image_id.tolist())


def serves(built: Snapshot) -> bool:
    return current_gallery().name == built.name


def test_web_takes_what_was_built_elsewhere_and_each_new_one(hosts: Hosts) -> None:
    images = {add_image(1)}
    first = hosts.build()
    assert found() == images
    assert serves(first)
    images.add(add_image(2))
    second = hosts.build()
    assert serves(first)  # while the next one is on its way
    assert found() == images
    wait_until(lambda: serves(second), timeout=20)
    assert current_gallery().pending == 0
    assert found() == images


def test_three_are_kept_there_and_on_each_host_and_the_rest_swept(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "UNUSED_SECONDS", -1.0)
    for seed in range(5):
        add_image(seed)
        built = hosts.build()
        wait_until(lambda built=built: serves(built), timeout=20)
    names = set(Snapshot.objects.values_list("name", flat=True))
    assert len(names) == snapshots.SNAPSHOTS_KEPT
    there, _ = storages["snapshots"].listdir("")
    assert set(there) == names
    for host in ("builder", "web"):
        held = {path.name for path in (hosts.folder / host).iterdir() if path.is_dir()}
        assert held == names


def test_with_the_storage_away_web_goes_on_with_its_own_copy(hosts: Hosts) -> None:
    images = {add_image(1)}
    first = hosts.build()
    assert found() == images
    second = hosts.build()
    hosts.lose_storage()
    images.add(add_image(2))
    assert found() == images
    embedded.reset()  # a process that begins now has only the copy on its disk
    wait_until(lambda: found() == images, timeout=20)
    assert serves(first)
    assert not Snapshot.objects.filter(damaged=True).exists()
    assert not snapshots.is_due()
    with pytest.raises(SearchUnavailable):
        snapshots.build()
    hosts.find_storage()
    wait_until(lambda: serves(second), timeout=20)
    assert found() == images


@pytest.mark.parametrize("damage", [truncate, flip_last_byte, Path.unlink])
def test_a_damaged_copy_is_taken_anew(hosts: Hosts, damage: Any) -> None:
    images = {add_image(1)}
    built = hosts.build()
    assert found() == images
    for path in sorted(snapshots.folder_of(built).rglob("*.npy")):
        damage(path)
        embedded.reset()
        assert found() == images
        assert serves(built)
    assert not Snapshot.objects.filter(damaged=True).exists()


def test_what_is_damaged_there_means_the_last_good_one(hosts: Hosts) -> None:
    images = {add_image(1)}
    good = hosts.build()
    assert found() == images
    images.add(add_image(2))
    bad = hosts.build()
    storage = storages["snapshots"]
    storage.delete(f"{bad.name}/manifest.json")
    shutil.rmtree(hosts.folder / "builder")
    embedded.reset()
    assert found() == images
    assert serves(good)
    assert snapshots.is_due()
    healed = hosts.build()
    wait_until(lambda: serves(healed), timeout=20)


def test_pictures_are_on_the_same_storage(hosts: Hosts, client: Client) -> None:
    products = open_varied_shop(2)
    image = products[0].images.get()
    with storages["default"].open(image.file.name) as file:
        assert file.read(2)
    assert not (Path(shop.MEDIA_ROOT) / image.file.name).exists()
    answer = client.post(PHOTO, {"photo": a_file(make_image(0))}).json()
    assert answer["results"][0]["product"]["sku"] == "p0"
    assert client.get("/").status_code == 200
    assert client.get(f"{API}products/").status_code == 200
    name = image.file.name
    image.delete()
    assert not storages["default"].exists(name)


def test_staff_is_told_while_pictures_cannot_be_stored_and_nothing_is_half_done(
    hosts: Hosts, admin_client: Client
) -> None:
    product = open_varied_shop(1)[0]
    before = product.images.get()
    hosts.lose_storage("default")
    name, picture = f"{product.name} anew", upload("a.jpg", make_image(5))
    sent = filled_in(product, name=name, new_pictures=picture)
    refused = admin_client.post(change_url(product), sent)
    assert (refused.status_code, refused["Retry-After"]) == (503, "10")
    assert "Nothing was saved" in refused.content.decode()
    product.refresh_from_db()
    assert product.name != name
    assert product.images.get() == before
    assert admin_client.get("/").status_code == 200
    assert admin_client.get(f"{API}products/").status_code == 200
    hosts.find_storage()
    picture.seek(0)
    assert admin_client.post(change_url(product), sent).status_code == 302
    assert product.images.count() == 2


def test_a_url_of_another_kind_is_refused() -> None:
    for url in ("ftp://host/x", "file://", "s3://"):
        with pytest.raises(ValueError, match="STORAGE_URL"):
            shared_storages(url, "/media/")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("", ""),
        ("file:///mnt/shop", ""),
        ("s3://shop/one", "https://shop.s3.amazonaws.com"),
        ("s3://shop?endpoint=https://s3.example:9000", "https://s3.example:9000"),
        ("s3://shop?public=https://cdn.example/pictures", "https://cdn.example"),
    ],
)
def test_browsers_may_load_pictures_from_where_they_are(url: str, origin: str) -> None:
    assert origin_of_pictures(url) == origin
