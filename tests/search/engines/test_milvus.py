"""What only a shop on Milvus does; what every gallery does is in test_gallery.py."""

import random
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from pymilvus import MilvusClient

from catalogue.media.images import open_photo
from catalogue.models import Product
from search import checks
from search.answers.query import Query
from search.answers.similar import similar_to_photo
from search.encoders import filling
from search.encoders.registry import encoder
from search.engines.engine import current_gallery, engine
from search.engines.milvus import milvus_client, syncing
from search.engines.milvus.syncing import WriteCounts
from search.engines.verification import Sweep
from search.errors import ForeignEncoder, SearchUnavailable
from search.gallery.on_disk import snapshots
from search.gallery.reading import CodeShape, read_images
from search.models import Change, Collection, Snapshot
from search.rollout import switching
from tests.builders import make_image, new_product
from tests.search import variants
from tests.search.asking import API, PHOTO, a_file, open_varied_shop
from tests.search.catalogues import (
    a_query,
    add_coded_image,
    brute_force,
    embedding,
    random_product,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("chosen_engine", ["milvus_lite"], indirect=True),
    pytest.mark.usefixtures("chosen_engine"),
]

AWAY = "http://127.0.0.1:9"  # nobody listens there


def found(query: Query, k: int = 200) -> list[tuple[int, int]]:
    return current_gallery().search(query, k).hits()


def fill() -> WriteCounts:
    written = syncing.fill(encoder())
    assert written is not None
    return written


def a_shop(count: int = 20) -> random.Random:
    chance = random.Random(count)
    for _ in range(count):
        random_product(chance)
    fill()
    return chance


def collection() -> str:
    return milvus_client.name_of(encoder().fingerprint)


def client_of(settings: Any) -> MilvusClient:
    return milvus_client.connect(settings.MILVUS_URI, timeout=20)


def test_changes_are_found_before_and_after_they_are_carried_over() -> None:
    chance = a_shop()
    random_product(chance)
    Product.objects.filter(pk=Product.objects.first().pk).update(active=False)
    Product.objects.last().delete()
    query = a_query(chance)
    expected = brute_force(query, 200)
    assert current_gallery().pending > 0
    assert found(query) == expected
    engine().keep_up()
    assert current_gallery().pending == 0
    assert found(query) == expected
    assert len(current_gallery()) == len(expected)
    assert fill() == WriteCounts()


def test_what_was_hidden_leaves_its_place_to_those_behind() -> None:
    chance = random.Random(1)
    hidden, vector = new_product(), embedding(chance)
    for _ in range(60):
        add_coded_image(hidden, vector)
    for _ in range(3):
        add_coded_image(new_product(), embedding(chance))
    fill()
    hidden.active = False
    hidden.save()
    query = Query(encoder().fingerprint, vector)
    assert len(found(query, 3)) == 3
    assert found(query, 3) == brute_force(query, 3)


def test_a_description_is_no_reason_to_write() -> None:
    add_coded_image(new_product(), embedding(random.Random(0)))
    fill()
    product = Product.objects.get()
    product.description = "Another"
    product.save()
    assert syncing.carry(encoder()) == WriteCounts()
    product.price = 3
    product.save()
    assert syncing.carry(encoder()) == WriteCounts(changed=1)


def test_lost_and_foreign_rows_are_made_right(settings: Any) -> None:
    chance = a_shop()
    query = a_query(chance)
    expected = brute_force(query, 200)
    client = client_of(settings)
    lost, other = (image_id for image_id, _ in expected[:2])
    client.delete(collection(), ids=[lost], timeout=20)
    (row,) = client.query(collection(), filter=f"id == {other}", timeout=20)
    # pymilvus gives back a code as a list of one.
    row["code"] = row["code"][0]
    client.upsert(collection(), [{**row, "price": 1, "state": 1}], timeout=20)
    foreign = {**row, "id": 10**9, "product_id": 10**9}
    client.upsert(collection(), [foreign], timeout=20)
    assert found(query) == [hit for hit in expected if hit[0] != lost]
    assert Sweep().step() == 3
    assert found(query) == expected
    engine().keep_up()
    assert found(query) == expected
    assert fill() == WriteCounts()


def test_the_command_says_what_it_wrote() -> None:
    chance = random.Random(3)
    images = [add_coded_image(new_product(), embedding(chance)) for _ in range(3)]
    out = StringIO()
    call_command("sync_engine", stdout=out)
    assert "3 pictures compared: 3 added, 0 changed, 0 removed" in out.getvalue()
    images[0].delete()
    out = StringIO()
    call_command("sync_engine", "--json", stdout=out)
    assert out.getvalue() == ('{"images": 2, "added": 0, "changed": 0, "removed": 1}\n')


def write_backwards() -> None:
    """So that of equals it is not the lowest ids that Milvus comes upon first."""
    rows = read_images(CodeShape.of(encoder()), after=0, limit=1000)
    milvus_client.remove(collection(), rows.image_id.tolist())
    milvus_client.write(collection(), rows.take(np.argsort(-rows.image_id)))
    milvus_client.settle(collection())


@pytest.mark.parametrize("cap", [16, 40])
def test_ties_beyond_what_milvus_answers_go_by_id(
    monkeypatch: pytest.MonkeyPatch, cap: int
) -> None:
    monkeypatch.setattr(milvus_client, "MAX_HITS", cap)
    monkeypatch.setattr(milvus_client, "EXTRA_HITS", 2)
    product = new_product()
    chance = random.Random(1)
    same, other = embedding(chance), embedding(chance)
    for number in range(70):
        add_coded_image(product, other if number % 5 == 0 else same)
    fill()
    write_backwards()
    query = Query(encoder().fingerprint, same)
    for k in (1, 5, 15):
        assert found(query, k) == brute_force(query, k)


def test_a_sync_that_is_killed_half_way_harms_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = a_shop()
    for product in Product.objects.all()[:6]:
        product.price += 1
        product.save()
    random_product(chance)
    query = a_query(chance)
    expected = brute_force(query, 200)
    settle = milvus_client.settle
    monkeypatch.setattr(syncing, "CHUNK_PRODUCTS", 2)
    calls = []

    def killed(name: str, rows: Any) -> None:
        calls.append(name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write(name, rows)

    write = milvus_client.write
    monkeypatch.setattr(milvus_client, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        syncing.carry(encoder())
    assert milvus_client.settle is settle
    assert found(query) == expected
    monkeypatch.setattr(milvus_client, "write", write)
    engine().keep_up()
    assert found(query) == expected
    assert fill() == WriteCounts()


def test_a_collection_that_milvus_lost_is_filled_again(settings: Any) -> None:
    chance = a_shop()
    query = a_query(chance)
    expected = brute_force(query, 200)
    client_of(settings).drop_collection(collection(), timeout=20)
    with pytest.raises(SearchUnavailable):
        found(query)
    milvus_client.reset()  # the pause after a failure
    engine().keep_up()
    engine().keep_up()
    assert found(query) == expected


def test_what_the_database_says_otherwise_is_not_answered() -> None:
    chance = a_shop()
    query = a_query(chance)
    expected = brute_force(query, 200)
    gone = Product.objects.get(images=expected[0][0])
    # Past the models: nothing recorded it, so that Milvus still names its pictures.
    type(Product.objects.all()).__mro__[1].update(
        Product.objects.filter(pk=gone.pk), active=False
    )
    assert found(query) == brute_force(query, 200)


def test_while_milvus_is_away_search_says_so_and_the_rest_goes_on(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_varied_shop(3)
    fill()
    post = lambda: client.post(PHOTO, {"photo": a_file(make_image(1))})  # noqa: E731
    assert post().status_code == 200
    uri, settings.MILVUS_URI = settings.MILVUS_URI, AWAY
    with monkeypatch.context() as patch:
        patch.setattr(milvus_client, "SEARCH_TIMEOUT", 1.0)
        answers = (post(), post(), client.get(f"{API}status/"))
    for response in answers:
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
        assert response.json()["code"] == "search_unavailable"
    for path in ("/", f"{API}products/", "/search/"):
        assert client.get(path).status_code == 200
    product = Product.objects.get(sku="p1")
    product.price = 77
    product.save()
    settings.MILVUS_URI = uri
    answer = post().json()
    assert answer["results"][0]["product"]["price"] == "77.00"
    status = client.get(f"{API}status/").json()
    assert (status["status"], status["engine"]) == ("healthy", "milvus")


def test_changes_are_forgotten_once_milvus_has_them() -> None:
    a_shop()
    for _ in range(3):
        product = Product.objects.first()
        product.stock += 1
        product.save()
        engine().keep_up()
    position = Collection.objects.get().position
    assert all(
        max(xid, pk) >= position for xid, pk in Change.objects.values_list("xid", "pk")
    )


def test_a_snapshot_holds_changes_back_for_an_hour_only(settings: Any) -> None:
    a_shop()
    snapshots.build()
    product = Product.objects.first()
    product.delete()
    engine().keep_up()
    assert Snapshot.objects.exists()
    assert Change.objects.exists()
    Snapshot.objects.update(as_of="2020-01-01T00:00:00Z")
    product = Product.objects.first()
    product.delete()
    engine().keep_up()
    assert not Snapshot.objects.exists()


def test_each_encoder_has_a_collection_and_a_switch_fills_it_first(
    settings: Any, tmp_path: Path
) -> None:
    (product, *_) = open_varied_shop(3)
    fill()
    row = switching.add(variants.refitted(tmp_path / "other"))
    filling.fill(row)
    switching.switch(row.name)
    ask = open_photo(BytesIO(make_image(0)))
    answer = similar_to_photo(ask)
    assert answer.freshness.snapshot == milvus_client.name_of(row.fingerprint)
    assert answer.results[0].product.pk == product.pk
    late = new_product(images=[50])
    for _ in range(2):  # after the switch, and after going back
        found_now = similar_to_photo(open_photo(BytesIO(make_image(50))))
        assert found_now.results[0].product.pk == late.pk
        engine().keep_up()
        call_command("switch_encoder", "--back")
    before = switching.previous()
    names = {
        milvus_client.name_of(row.fingerprint),
        milvus_client.name_of(before.fingerprint),
    }
    assert names == set(client_of(settings).list_collections(timeout=20))
    call_command("retire_encoder", before.name)
    assert client_of(settings).list_collections(timeout=20) == [collection()]
    assert Collection.objects.get().encoder == row.fingerprint


def test_a_query_of_another_encoder_that_lives_is_not_even_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_varied_shop(1)
    fill()
    row = switching.add(variants.refitted(tmp_path / "other"))
    foreign = Query(row.fingerprint, embedding(random.Random(0)))
    assert len(foreign.codes) == 1
    monkeypatch.setattr(
        milvus_client, "nearest", lambda *_, **__: pytest.fail("compared")
    )
    with pytest.raises(ForeignEncoder):
        found(foreign)


def test_a_move_changes_no_similarity_and_calibration_goes_on_there() -> None:
    snapshots.build()
    curves = {"first": [[0, 0], [1, 0.5]], "others": [[0, 0], [1, 0.25]]}
    Snapshot.objects.update(curves=curves)
    add_coded_image(new_product(), embedding(random.Random(0)))
    fill()
    now = current_gallery().curves
    assert now is not None
    assert (now.first[-1], now.others[-1]) == ((1, 0.5), (1, 0.25))
    out = StringIO()
    call_command("calibrate_matches", stdout=out)
    assert collection() in out.getvalue()
    assert current_gallery().curves != now


@pytest.mark.parametrize(
    ("chosen", "uri", "code"),
    [("lucene", "", "E002"), ("milvus", "", "E003"), ("milvus", AWAY, None)],
)
def test_settings_that_cannot_work_are_named(
    settings: Any, chosen: str, uri: str, code: str | None
) -> None:
    settings.SEARCH_ENGINE, settings.MILVUS_URI = chosen, uri
    found = checks.engine_is_known_and_there(None)
    assert [error.id for error in found] == ([f"search.{code}"] if code else [])
