"""The shipped encoder, through its door."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from hashing import SHIPPED, CheckpointError, hamming, load_encoder
from hashing.embeddings import l2_normalise
from tests.hashing.pictures import noise, picture


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(SHIPPED)


def test_embeddings_and_codes_have_the_promised_shapes(encoder):
    encoded = encoder.encode([picture("red"), noise()])
    assert (encoded.embeddings.shape, encoded.embeddings.dtype) == ((2, 512), np.int8)
    assert (encoded.codes.shape, encoded.codes.dtype) == ((2, 32), np.uint8)
    assert (len(encoded), encoder.n_bits, encoder.card.n_bits) == (2, 256, 256)


def test_no_pictures_give_no_codes(encoder):
    encoded = encoder.encode([])
    assert (len(encoded), encoded.embeddings.shape) == (0, (0, 512))
    assert encoded.codes.shape == (0, 32)


def test_a_code_does_not_depend_on_the_other_pictures(encoder):
    images = [picture("red"), noise(), picture("blue", "rectangle"), noise(seed=1)]
    together = encoder.encode(images)
    for row, image in enumerate(images):
        alone = encoder.encode([image])
        assert np.array_equal(alone.codes[0], together.codes[row])
        assert np.array_equal(alone.embeddings[0], together.embeddings[row])


def test_codes_can_be_made_again_from_embeddings(encoder):
    encoded = encoder.encode([picture("green"), noise()])
    assert np.array_equal(encoder.layer.codes(encoded.embeddings), encoded.codes)


def test_eight_threads_encode_as_one_does(encoder):
    images = [noise(seed=seed) for seed in range(4)]
    alone = encoder.encode(images).codes
    with ThreadPoolExecutor(8) as pool:
        runs = pool.map(lambda _: encoder.encode(images).codes, range(8))
        assert all(np.array_equal(codes, alone) for codes in runs)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (8, 8), (900, 700)])
def test_pictures_of_any_size_have_a_code(encoder, size):
    encoded = encoder.encode([Image.new("RGB", size, "#884422")])
    assert encoded.embeddings.any()


@pytest.mark.parametrize("colour", ["white", "black", "#808080", "#ff0000"])
def test_a_picture_of_one_colour_has_a_code(encoder, colour):
    assert encoder.encode([Image.new("RGB", (60, 60), colour)]).embeddings.any()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_a_picture_that_is_not_rgb_is_refused(encoder, mode):
    with pytest.raises(ValueError, match=f"RGB picture, got {mode}"):
        encoder.encode([Image.new(mode, (30, 30))])


def test_the_same_thing_is_nearer_than_one_of_another_colour(encoder):
    images = [picture("red", seed=1), picture("red", seed=2), picture("green", seed=2)]
    encoded = encoder.encode(images)
    cosines = l2_normalise(encoded.embeddings) @ l2_normalise(encoded.embeddings).T
    distances = hamming(encoded.codes, encoded.codes)
    assert cosines[0, 1] > cosines[0, 2]
    assert distances[0, 1] < distances[0, 2]


def test_a_copy_at_half_the_size_keeps_nearly_all_bits(encoder):
    image = picture("blue", size=(480, 400))
    codes = encoder.encode([image, image.resize((240, 200))]).codes
    assert hamming(codes[:1], codes[1:])[0, 0] < 40


def test_the_card_says_what_the_encoder_is(encoder):
    card = encoder.card
    assert [part.name for part in card.parts] == ["item", "kind", "look"]
    assert card.parts[0].start == 0
    for part, following in pairwise(card.parts):
        assert part.stop == following.start
    assert card.parts[-1].stop == card.dim == 512
    cosines, chances = np.array(card.match_curve).T
    assert (np.diff(cosines) > 0).all()
    assert (np.diff(chances) >= 0).all()
    assert {"figures", "limits", "recipe", "command"} <= set(card.contents)
    assert all(source["licence"] for source in card.contents["recipe"]["sources"])


def test_parts_have_the_length_that_the_card_says(encoder):
    embeddings = encoder.features([noise(), picture("red")]).embedding
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)
    look = encoder.card.parts[-1]
    looks = np.linalg.norm(embeddings[:, look.start :], axis=1)
    others = np.linalg.norm(embeddings[:, : look.start], axis=1)
    # Of what was never taught nothing counts as a kind: the item alone is beside.
    assert looks / others == pytest.approx(look.weight, abs=1e-4)


def test_the_shipped_encoder_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 24e6


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(SHIPPED, tmp_path / "encoder")


def test_the_fingerprint_names_network_and_layer_but_not_the_card(copy, encoder):
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps(card | {"description": "another"}))
    assert load_encoder(copy).fingerprint == encoder.fingerprint
    assert len(encoder.fingerprint) == 16
    assert int(encoder.fingerprint, 16) >= 0


@pytest.mark.parametrize("name", ["card.json", "network.onnx", "layer.npz"])
@pytest.mark.parametrize("harm", ["removed", "truncated", "emptied", "flipped"])
def test_a_harmed_file_is_named(copy, name, harm):
    path = copy / name
    content = path.read_bytes()
    path.unlink()
    if harm == "truncated":
        path.write_bytes(content[:-9])
    if harm == "emptied":
        path.write_bytes(b"")
    if harm == "flipped":
        place = 0 if name == "card.json" else len(content) // 2
        changed = bytes([content[place] ^ 0xFF])
        path.write_bytes(content[:place] + changed + content[place + 1 :])
    with pytest.raises(CheckpointError, match=name):
        load_encoder(copy)


@pytest.mark.parametrize(
    "change",
    [{"format": "other"}, {"n_bits": 128}, {"parts": 3}, {"match": [[1]]}, {"dim": 1}],
)
def test_a_card_that_does_not_fit_is_refused(copy, change):
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps(card | change))
    with pytest.raises(CheckpointError):
        load_encoder(copy)


@pytest.mark.parametrize("text", ["[]", "null", "3", '"card"'])
def test_a_card_that_is_no_object_is_refused(copy, text):
    (copy / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"card\.json"):
        load_encoder(copy)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        load_encoder(tmp_path / "nowhere")


def test_an_encoder_leaves_no_file_and_tells_nobody(tmp_path):
    code = (
        "from hashing import SHIPPED, load_encoder\n"
        "from PIL import Image\n"
        "load_encoder(SHIPPED).encode([Image.new('RGB', (64, 64))])\n"
    )
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **places}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert list(tmp_path.rglob("*")) == []
