"""What each region of a picture adds to its embedding."""

import numpy as np
import pytest
from PIL import Image

from hashing import SHIPPED, CheckpointError, load_encoder
from tests.hashing.pictures import noise, picture

IMAGES = [noise((300, 200)), picture("green", size=(60, 90))]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(SHIPPED)


def test_regions_add_up_to_the_embedding(encoder):
    regions = encoder.regions(IMAGES)
    assert regions.shape == (2, 7, 7, encoder.card.dim)
    whole = encoder.features(IMAGES).embedding
    assert regions.sum(axis=(1, 2)) == pytest.approx(whole, abs=1e-5)


def test_a_colour_is_where_it_is_seen(encoder):
    image = Image.new("RGB", (224, 224), "white")
    image.paste((200, 20, 20), (0, 0, 32, 32))
    look = encoder.card.parts[-1]
    regions = encoder.regions([image])[0, ..., look.start : look.stop]
    # The background's share of every number, which is the same everywhere, taken off.
    apart = np.linalg.norm(regions - regions[6, 6], axis=2)
    assert apart[0, 0] > 10 * np.delete(apart.ravel(), 0).max()


def test_an_encoder_without_regions_says_so(encoder, monkeypatch):
    monkeypatch.setattr(type(encoder), "has_regions", False)
    with pytest.raises(CheckpointError, match="computes no regions"):
        encoder.regions(IMAGES)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # torch's exporter
@pytest.mark.parametrize("name", ["small", "efficientnet_lite1", "resnet18"])
def test_networks_have_regions_where_features_are_a_mean_over_places(name, tmp_path):
    torch = pytest.importorskip("torch", reason="export needs torch")
    pytest.importorskip("onnx", reason="export needs onnx")
    from hashing.encoder import open_network
    from hashing.networks.architectures import make_network
    from hashing.networks.export import append_embedding, export_features
    from hashing.networks.feature_network import FeatureNetwork

    torch.manual_seed(0)
    network = FeatureNetwork(make_network(name)).eval()
    rng = np.random.default_rng(0)
    sources = {"item": network.network.dim, "look": 192}
    if network.network.has_mid_level:
        sources["kind"] = 1280 + 192 + 2 * 192
    arrays = {
        f"{part}_{role}": np.abs(np.float32(rng.normal(size=size)))
        for part, dim in sources.items()
        for role, size in {"axes": (dim, 5), "bias": 5, "weight": ()}.items()
    }
    if "kind" in sources:  # of 5 numbers of item, the last two give way to it
        arrays["kind_axes"] = arrays["kind_axes"][:, :2]
        arrays["kind_bias"] = arrays["kind_bias"][:2]
        fading = {
            "centre": rng.normal(size=sources["kind"]),
            "places": rng.normal(size=(sources["kind"], 3)),
            "room": [0, 0, 0, 1, 1],
            **{"begins": -100, "width": 200, "none": 0, "all": 1},
        }
        arrays |= {f"kind_{name}": np.float32(value) for name, value in fading.items()}
    path = tmp_path / "network.onnx"
    export_features(network, path)
    append_embedding(path, arrays, parts=tuple(sources))
    session = open_network(path)
    pixels = rng.integers(0, 256, (1, 100, 120, 3), np.uint8)
    if network.network.grid is None:
        assert "regions" not in [output.name for output in session.get_outputs()]
        return
    wanted = {"picture": pixels, "by_region": np.array(True)}
    regions, whole = session.run(["regions", "embedding"], wanted)
    dim = 10
    assert regions.shape == (1, *network.network.grid, dim)
    assert regions.sum(axis=(1, 2)) == pytest.approx(whole, abs=1e-5)
    assert session.run(["regions"], {"picture": pixels})[0].shape == (1, 0, 0, dim)
