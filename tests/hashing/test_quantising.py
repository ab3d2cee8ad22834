"""An int8 encoder of a float one, through the command."""

import numpy as np
import pytest

from hashing import SHIPPED, hamming, load_encoder
from hashing.__main__ import main
from tests.hashing.pictures import noise, picture, write_set

pytest.importorskip("onnx", reason="a network is rounded as an ONNX graph")
pytest.importorskip("torch", reason="the command that writes encoders imports it")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rounded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("int8")
    shop = write_set(folder / "shop", per_product=2)
    words = ["--encoder", str(SHIPPED), "--pictures", str(shop)]
    assert main(["quantise", *words, "--out", str(folder / "int8")]) == 0
    return folder / "int8"


def test_it_is_an_encoder_of_its_own_and_its_convolutions_take_bytes(rounded):
    whole, small = load_encoder(SHIPPED), load_encoder(rounded)
    assert small.name == f"{whole.name}-int8"
    assert small.fingerprint != whole.fingerprint
    assert small.card.contents["quantised"]["from"] == whole.fingerprint
    sizes = [(path / "network.onnx").stat().st_size for path in (rounded, SHIPPED)]
    # EfficientNet-Lite0 has some 3.4 million weights before its pooling.
    assert sizes[1] - sizes[0] > 0.7 * 4 * 3.4e6


def test_its_bits_are_nearly_those_of_the_float_network(rounded):
    whole, small = load_encoder(SHIPPED), load_encoder(rounded)
    images = [picture("red"), picture("blue", "rectangle", seed=3)]
    distances = np.diag(hamming(*(e.encode(images).codes for e in (whole, small))))
    assert distances.max() < 0.15 * whole.n_bits
    far = hamming(*(small.encode([i]).codes for i in (images[0], noise((200, 150)))))
    assert far[0, 0] > 2 * distances.max()


def test_a_folder_that_exists_is_not_written_over(tmp_path, capsys):
    words = ["--pictures", str(tmp_path), "--out", str(tmp_path)]
    assert main(["quantise", *words]) == 1
    assert "exists" in capsys.readouterr().err
