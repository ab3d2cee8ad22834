"""Law 6, and how a shop moves from one encoder to another without a gap."""

import gc
import threading
import time
import weakref
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from catalogue.media.images import open_photo
from catalogue.models import ProductImage
from hashing import hamming, load_encoder
from search import tasks
from search.answers.query import Query
from search.answers.similar import (
    similar_to_photo,
    similar_to_product,
    similar_to_query,
)
from search.encoders import encoding, filling, registry
from search.engines import embedded
from search.engines.engine import current_gallery
from search.errors import ForeignEncoder, Refused, SearchUnavailable
from search.gallery.on_disk import snapshots
from search.models import Encoder, ImageCode, Snapshot
from search.rollout import switching
from tests.builders import make_image, new_product
from tests.search import variants
from tests.search.gallery.test_snapshots import flip_last_byte
from tests.search.shops import open_shop

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

API = "/api/v1/"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return variants.another_network(tmp_path_factory.mktemp("encoders") / "foreign")


@pytest.fixture(scope="module")
def refitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return variants.refitted(tmp_path_factory.mktemp("encoders") / "refitted")


def command(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def ask(seed: int) -> Any:
    return similar_to_photo(open_photo(BytesIO(make_image(seed))))


def image_of(seed: int) -> ProductImage:
    return new_product(images=[seed]).images.get()


def distances(query: Query) -> dict[int, int]:
    """Of every picture, from the codes that its own encoder made."""
    rows = ImageCode.objects.by(query.encoder).filter(code__isnull=False)
    return {
        row.image_id: int(
            hamming(query.codes, np.frombuffer(row.code, np.uint8)[np.newaxis])[0, 0]
        )
        for row in rows
    }


def switched(folder: Path) -> Encoder:
    """Return a shop of six where the encoder in this folder has taken over."""
    open_shop(6)
    row = switching.add(folder)
    filling.fill(row)
    switching.switch(row.name)
    return row


def test_codes_fill_in_beside_and_one_switch_and_one_back_change_who_serves(
    foreign: Path,
) -> None:
    open_shop(6)
    old = registry.encoder()
    assert "6 pictures wait" in command("add_encoder", str(foreign))
    assert registry.encoder() is old
    with pytest.raises(CommandError, match="6 pictures"):
        command("switch_encoder", "foreign")
    assert "foreign: 6 pictures encoded, 0 failed" in command("encode_missing")
    assert Encoder.objects.get(name="foreign").state == "ready"
    assert registry.encoder() is old
    between = image_of(50)
    command("switch_encoder", "foreign")
    assert registry.encoder().fingerprint == load_encoder(foreign).fingerprint
    assert current_gallery().snapshot.encoder == registry.encoder().fingerprint
    after = image_of(51)
    for back in range(2):
        assert ask(50).results[0].image_id == between.pk
        assert ask(51).results[0].image_id == after.pk
        assert ask(3).freshness.images == 8
        assert (registry.encoder().fingerprint == old.fingerprint) == bool(back)
        command("switch_encoder", "--back")


def test_a_new_hash_layer_for_a_known_network_needs_no_picture(refitted: Path) -> None:
    images = [product.images.get() for product in open_shop(5)]
    row = switching.add(refitted)
    with (
        patch.object(encoding, "read", side_effect=AssertionError),
        patch.object(filling, "verify"),
    ):
        filling.fill(row)
    encoder = load_encoder(refitted)
    for image in images:
        picture = encoding.read(image)
        code = ImageCode.objects.by(encoder.fingerprint).get(image=image)
        assert code.code == encoder.encode([picture]).codes[0].tobytes()
    row.refresh_from_db()
    assert row.state == "ready"


def test_what_could_not_be_encoded_is_no_reason_to_wait(foreign: Path) -> None:
    products = open_shop(3)
    Path(products[0].images.get().file.path).unlink()
    row = switching.add(foreign)
    filling.fill(row)
    assert filling.coverage(row) == filling.Coverage(coded=2, failed=1, images=3)
    switching.switch("foreign")


def test_the_beat_fills_it_at_its_pace_and_makes_it_ready(
    foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shop(6)
    monkeypatch.setattr(encoding, "BATCH", 2)
    row = switching.add(foreign, pace=20)
    registry.load(row)
    started = time.monotonic()
    tasks.fill_encoders()
    assert time.monotonic() - started >= 6 / 20
    row.refresh_from_db()
    assert row.state == "ready"


def test_an_encoder_whose_bits_do_not_come_again_is_refused(foreign: Path) -> None:
    open_shop(3)
    row = switching.add(foreign)
    filling.fill(row)
    ImageCode.objects.by(row.fingerprint).update(code=bytes(32))
    with pytest.raises(Refused, match="cannot be used"):
        switching.switch("foreign")
    assert registry.encoder().fingerprint != row.fingerprint


def test_a_damaged_newcomer_stops_no_upload(foreign: Path) -> None:
    open_shop(2)
    row = switching.add(foreign)
    flip_last_byte(row.folder / "layer.npz")
    registry.reset()
    image = image_of(9)
    assert ask(9).results[0].image_id == image.pk
    with pytest.raises(SearchUnavailable):
        filling.fill(row)
    tasks.fill_encoders()


def test_names_and_encoders_are_taken_in_once(foreign: Path, tmp_path: Path) -> None:
    open_shop(1)
    switching.add(foreign)
    with pytest.raises(CommandError, match="this very encoder"):
        command("add_encoder", str(foreign), "--name", "another")
    other = variants.refitted(tmp_path / "other", name="foreign", seed=7)
    with pytest.raises(CommandError, match="--name"):
        command("add_encoder", str(other))
    with pytest.raises(CommandError):
        command("add_encoder", str(tmp_path / "nothing"))
    for name in ("switch_encoder", "retire_encoder"):
        with pytest.raises(CommandError, match="no encoder called"):
            command(name, "nobody")
    with pytest.raises(CommandError, match="go back to"):
        command("switch_encoder", "--back")


def test_an_update_that_ships_another_encoder_takes_none_away(
    foreign: Path, settings: Any
) -> None:
    open_shop(2)
    before = registry.keep_first()
    settings.ENCODER = foreign
    assert registry.encoder().fingerprint == before.fingerprint
    assert ask(1).freshness.images == 2


def test_a_retired_encoder_leaves_nothing_and_the_serving_one_stays(
    foreign: Path,
) -> None:
    row = switched(foreign)
    first = switching.previous()
    with pytest.raises(CommandError, match="serves"):
        command("retire_encoder", "foreign")
    command("retire_encoder", first.name)
    assert not ImageCode.objects.by(first.fingerprint).exists()
    assert not Snapshot.objects.filter(encoder=first.fingerprint).exists()
    assert not first.folder.exists()
    assert {path.name for path in snapshots.settings.SNAPSHOTS_DIR.iterdir()} == set(
        Snapshot.objects.values_list("name", flat=True)
    )
    image = image_of(60)
    assert not ImageCode.objects.by(first.fingerprint).exists()
    assert ask(60).results[0].image_id == image.pk
    assert current_gallery().snapshot.encoder == row.fingerprint
    with pytest.raises(CommandError):
        command("switch_encoder", first.name)


def test_a_process_forgets_the_network_of_a_retired_encoder(foreign: Path) -> None:
    open_shop(2)
    before = weakref.ref(registry.encoder())
    row = switching.add(foreign)
    filling.fill(row)
    command("switch_encoder", "foreign")
    assert ask(1).freshness.images == 2
    gc.collect()
    assert before() is not None  # it is kept complete, to go back to
    command("retire_encoder", switching.previous().name)
    assert ask(1).freshness.images == 2
    gc.collect()
    assert before() is None


def test_codes_that_were_made_as_their_encoder_was_retired_are_dropped(
    foreign: Path,
) -> None:
    (product, *_) = open_shop(2)
    row = switching.add(foreign)
    image = product.images.get()
    made = encoding.row_of(
        image, registry.load(row), code=bytes(32), embedding=bytes(512)
    )
    command("retire_encoder", "foreign")
    assert encoding.save([made]) == 0
    assert not ImageCode.objects.by(row.fingerprint).exists()


@pytest.mark.parametrize("path", ["photo", "token", "product"])
def test_distances_are_those_of_the_serving_encoders_own_codes(
    foreign: Path, path: str
) -> None:
    row = switched(foreign)
    image_of(40)  # in the overlay
    token = ask(2).query
    if path == "product":
        product = new_product(images=[2])
        results = similar_to_product(product)
        vector = ImageCode.objects.by(row.fingerprint).get(image__product=product)
        query = Query(row.fingerprint, np.frombuffer(vector.embedding, np.int8))
    else:
        answer = ask(2) if path == "photo" else similar_to_query(token)
        results, query = answer.results, Query.from_token(token)
    assert query.encoder == row.fingerprint
    expected = distances(query)
    assert len(results) >= 7
    assert {r.image_id: r.distance for r in results} == {
        r.image_id: expected[r.image_id] for r in results
    }


def test_the_overlay_holds_codes_of_its_snapshots_encoder_alone(foreign: Path) -> None:
    row = switched(foreign)
    old = switching.previous()
    image_of(41)
    for fingerprint in (row.fingerprint, old.fingerprint):
        now = current_gallery(fingerprint)
        codes = dict(ImageCode.objects.by(fingerprint).values_list("image_id", "code"))
        held = zip(
            now.overlay.table.rows.image_id, now.overlay.table.rows.codes, strict=True
        )
        assert {pk: code.tobytes() for pk, code in held}.items() <= codes.items()
        assert len(now) == 7


def test_a_query_of_the_encoder_before_is_refused_by_name(
    foreign: Path, client: Client
) -> None:
    open_shop(3)
    token = ask(1).query
    row = switching.add(foreign)
    filling.fill(row)
    switching.switch("foreign")
    with pytest.raises(ForeignEncoder):
        similar_to_query(token)
    response = client.get(f"{API}search/", {"query": token})
    assert response.status_code == 409
    assert response.json()["code"] == "foreign_encoder"
    foreign_query = Query.from_token(ask(1).query)
    with pytest.raises(ForeignEncoder):
        current_gallery(switching.previous().fingerprint).search(foreign_query, 5)


def test_a_snapshot_of_one_encoder_cannot_pass_for_anothers(foreign: Path) -> None:
    row = switched(foreign)
    embedded.reset()
    Snapshot.objects.filter(encoder=row.fingerprint).delete()
    Snapshot.objects.update(encoder=row.fingerprint)
    with pytest.raises(SearchUnavailable):
        ask(1)


def test_searches_under_a_switch_see_no_error_and_no_mixed_codes(
    foreign: Path,
) -> None:
    open_shop(6)
    switching.add(foreign)
    filling.fill(Encoder.objects.get(name="foreign"))
    stop, wrong, seen = threading.Event(), [], set()

    def search() -> None:
        try:
            while not stop.is_set():
                answer = ask(2)
                fingerprint = answer.freshness.snapshot.split("-")[1]
                seen.add(fingerprint)
                near = {r.image_id: r.distance for r in answer.results}
                if near != expected[fingerprint]:
                    wrong.append((fingerprint, near))
        except Exception as error:  # noqa: BLE001
            wrong.append(error)
        finally:
            connection.close()

    embedding = Query.from_token(ask(2).query).embedding  # both networks see the same
    expected = {
        row.fingerprint: distances(Query(row.fingerprint, embedding))
        for row in registry.live()
    }
    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for name in ("foreign", "--back", "--back"):
        time.sleep(0.3)
        command("switch_encoder", name)
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(seen) == 2


def test_admin_and_status_show_who_lives_and_how_far_they_are(
    foreign: Path, admin_client: Client
) -> None:
    open_shop(2)
    row = switching.add(foreign)
    filling.fill(row)
    with patch("search.signals.encode_images.apply_async"):
        image_of(8)
    shown = admin_client.get("/admin/search/encoder/").content.decode()
    assert "foreign" in shown and "66.7% (2/3)" in shown
    status = APIClient().get(f"{API}status/").json()
    assert [(e["name"], e["state"], e["coded"]) for e in status["encoders"]] == [
        (registry.encoder().name, "serving", 2),
        ("foreign", "ready", 2),
    ]
