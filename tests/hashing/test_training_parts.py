"""Samples, losses, augmentation, checkpoints and intervals, each by itself."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.hashing.shops import paint

torch = pytest.importorskip("torch", reason="training needs torch")

from hashing.augmentation import scenes  # noqa: E402
from hashing.augmentation.photos import (  # noqa: E402
    cut_out,
    make_stand_in,
    perspective_coefficients,
    retake,
)
from hashing.errors import CheckpointError, TrainingError  # noqa: E402
from hashing.losses.named_losses import make_loss  # noqa: E402
from hashing.training.checkpoints import load_checkpoint, save_checkpoint  # noqa: E402
from hashing.training.curves import write_curves  # noqa: E402
from hashing.training.promotion import compare_figures, refuse_worse  # noqa: E402
from hashing.training.sampling import BalancedSampler  # noqa: E402
from hashing.training.training_loss import make_losses  # noqa: E402
from hashing.training.training_recipe import TrainingRecipe  # noqa: E402


def sampler(labels, **changes):
    settings = {"products": 2, "views": 3, "seed": 0} | changes
    return BalancedSampler(range(len(labels)), labels, **settings)


def test_every_product_is_drawn_as_often_whatever_it_has():
    labels = ["rare"] + ["common"] * 50 + ["other"] * 5 + ["last"]
    ours = sampler(labels)
    drawn = [d.label for step in range(20) for d in ours.draw(step, n_views=[4] * 57)]
    assert np.bincount(drawn).tolist() == [30, 30, 30, 30]


def test_a_step_is_the_same_whatever_was_drawn_before():
    ours, fresh = sampler(list("aabbcd")), sampler(list("aabbcd"))
    for step in range(7):
        ours.draw(step, n_views=[4] * 6)
    assert ours.draw(7, n_views=[4] * 6) == fresh.draw(7, n_views=[4] * 6)


def test_the_first_of_a_product_is_the_picture_itself():
    draws = sampler(list("abcd")).draw(0, n_views=[9] * 4)
    assert [draw.view == 0 for draw in draws[::3]] == [True, True]


def test_a_product_is_cut_out_of_a_plain_background():
    cut = cut_out(paint(1, "white"))  # 50 x 40 of 90 x 90
    assert cut.mode == "RGBA"
    assert abs(cut.width - 51) <= 1
    assert abs(cut.height - 41) <= 1
    assert cut.getpixel((20, 20))[3] == 255


def test_nothing_is_cut_out_of_clutter_or_of_nothing():
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    assert cut_out(Image.fromarray(noise)) is None
    assert cut_out(Image.new("RGB", (90, 90), "white")) is None


def test_a_stand_in_follows_from_its_seed_alone():
    cut = cut_out(paint(1, "white"))
    around = [paint(2, "#888888")]
    made = [make_stand_in(cut, around, np.random.default_rng(3)) for _ in range(2)]
    assert made[0].tobytes() == made[1].tobytes()
    other = make_stand_in(cut, around, np.random.default_rng(4))
    assert made[0].tobytes() != other.tobytes()
    assert (made[0].mode, made[0].size) == ("RGB", (256, 256))
    assert retake(paint(1, "white"), np.random.default_rng(0)).size == (256, 256)


@pytest.mark.parametrize("kind", scenes.SCENE_SHARES)
def test_a_product_is_seen_in_every_scene_that_its_seed_makes(kind, monkeypatch):
    monkeypatch.setattr(scenes, "SCENE_SHARES", {kind: 1.0})
    product = cut_out(stripes((255, 0, 0)))
    for others in ([], [cut_out(stripes((0, 0, 255))), stripes((0, 255, 0))]):
        made = [
            scenes.make_scene(product, others, np.random.default_rng(5)) for _ in "ab"
        ]
        assert made[0].tobytes() == made[1].tobytes()
        assert (made[0].mode, made[0].size) == ("RGB", (256, 256))
        red, green, blue = np.asarray(made[0], dtype=int).transpose(2, 0, 1)
        assert (red > green + blue).mean() > 0.03


def stripes(colour):
    """Return a thing of one colour on white."""
    image = Image.new("RGB", (90, 90), "white")
    image.paste(colour, (20, 25, 70, 65))
    return image


def test_perspective_takes_corners_to_corners():
    to = np.array([[0, 0], [9, 0], [9, 5], [0, 5]], dtype=float)
    source = to + [[1, 2], [-1, 0], [0, -2], [2, 1]]
    a, b, c, d, e, f, g, h = perspective_coefficients(to, source)
    for (x, y), where in zip(to, source, strict=True):
        below = g * x + h * y + 1
        found = ((a * x + b * y + c) / below, (d * x + e * y + f) / below)
        assert found == pytest.approx(tuple(where))


def recipe(**values):
    return TrainingRecipe("own", "set", "CC0-1.0", Path("own"), **values)


def test_terms_of_a_recipe_are_added_to_its_loss_by_weight():
    torch.manual_seed(0)
    outputs, labels = torch.randn(6, 8), torch.arange(6) % 3
    sizes = {"n_classes": 3, "n_bits": 8}
    loss, _ = make_losses(recipe(terms={"balance": 0.5, "quantisation": 2.0}), **sizes)
    supcon, balance, quantisation = (
        make_loss(name, **sizes)(outputs, labels).item()
        for name in ("supcon", "balance", "quantisation")
    )
    expected = supcon + 0.5 * balance + 2 * quantisation
    assert loss(outputs, labels).item() == pytest.approx(expected)
    with pytest.raises(ValueError, match="no loss 'balanced'; there are"):
        make_losses(recipe(terms={"balanced": 1.0}), **sizes)


def test_a_checkpoint_comes_back_with_its_generator(tmp_path):
    path = tmp_path / "checkpoint.pt"
    torch.manual_seed(4)
    save_checkpoint(path, {"step": 3})
    first = torch.rand(3)
    state = load_checkpoint(path)
    assert state["step"] == 3
    assert torch.equal(torch.rand(3), first)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_no_checkpoint_is_none_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "checkpoint.pt"
    assert load_checkpoint(path) is None
    save_checkpoint(path, {"step": 3})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt"):
        load_checkpoint(path)


def test_intervals_are_of_products_and_not_of_photos():
    """One product with many photos is one draw: the interval stays wide."""
    before = np.zeros((100, 3))
    after = np.zeros((100, 3))
    after[:50] = 1
    products = ["a"] * 50 + ["b"] * 50
    row = compare_figures(before, after, products)["map"]
    assert (row["before"], row["after"], row["difference"]) == (0, 0.5, 0.5)
    assert row["difference 95%"] == [0, 1]


def report_of(held_out, learned):
    return {
        name: {"map": {"difference": difference}}
        for name, difference in (("held out", held_out), ("learned", learned))
    }


@pytest.mark.parametrize(
    ("differences", "n_steps", "why"),
    [
        ((-0.01, 0.2), 9, "worse than .* on products held out"),
        ((0.1, -0.01), 9, "worse than .* on products learned"),
        ((0.0, 0.0), 0, "no check was better"),
    ],
)
def test_a_worse_encoder_is_refused_with_the_reason(differences, n_steps, why):
    start = SimpleNamespace(name="general")
    with pytest.raises(TrainingError, match=why):
        refuse_worse(
            report_of(*differences), start, n_steps=n_steps, candidate=Path("own")
        )


def test_an_encoder_that_is_no_worse_is_not_refused():
    start = SimpleNamespace(name="general")
    refuse_worse(report_of(0.0, 0.1), start, n_steps=3, candidate=Path("own"))


def test_curves_are_written_for_one_check_too(tmp_path):
    write_curves([{"step": 0, "loss": None, "held_out": 0.5}], tmp_path)
    html = (tmp_path / "curves.html").read_text()
    assert "<h2>Loss</h2>" not in html  # it is known after the first steps
    assert "0.5000 to 0.5000, last 0.5000" in html


def test_curves_reach_from_the_lowest_value_to_the_highest(tmp_path):
    history = [
        {"step": 0, "loss": None, "held_out": 0.25},
        {"step": 2, "loss": 3.0, "held_out": 0.75},
        {"step": 4, "loss": 1.0, "held_out": 0.5},
    ]
    write_curves(history, tmp_path)
    html = (tmp_path / "curves.html").read_text()
    points = re.findall(r'polyline points="([^"]+)"', html)
    assert points[1] == "44.0,260.0 242.0,14.0 440.0,137.0"
