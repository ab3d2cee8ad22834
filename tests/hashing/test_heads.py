"""Heads learned with a loss, what of them is served, and the deep autoencoder."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="heads need torch")

from hashing.codes import pack  # noqa: E402
from hashing.embeddings import l2_normalise, quantise_embeddings  # noqa: E402
from hashing.layers.autoencoder import fit_autoencoder  # noqa: E402
from hashing.layers.heads import LinearHead, TwoLayerHead  # noqa: E402
from hashing.layers.linear import LinearHashLayer  # noqa: E402
from hashing.layers.lsh import random_hyperplanes  # noqa: E402
from hashing.layers.named_layers import (  # noqa: E402
    LABELLED_LAYERS,
    LAYERS,
    fit_layer,
)
from hashing.layers.stored_layers import load_layer  # noqa: E402
from hashing.losses.named_losses import make_loss  # noqa: E402
from tests.hashing.test_fitted_layers import (  # noqa: E402
    DIM,
    EMBEDDINGS,
    LABELS,
    precision,
)

torch.set_num_threads(1)  # as the tests beside may use the other cores


def learned(head, steps=60):
    vectors = torch.from_numpy(l2_normalise(EMBEDDINGS))
    labels = torch.tensor([int(label) for label in LABELS])
    loss = make_loss("orthohash", n_classes=12, n_bits=32)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.01)
    for _ in range(steps):
        optimiser.zero_grad()
        loss(head(vectors), labels).backward()
        optimiser.step()
    return head.eval()


def bits_of(outputs):
    return np.unpackbits(pack(outputs.detach().numpy()))


def test_a_linear_head_is_served_as_a_rotation_and_thresholds():
    torch.manual_seed(0)
    head = learned(LinearHead(DIM, 32))
    layer = head.hash_layer()
    assert isinstance(layer, LinearHashLayer)
    expected = bits_of(head(torch.from_numpy(l2_normalise(EMBEDDINGS))))
    assert (np.unpackbits(layer.codes(EMBEDDINGS)) == expected).mean() > 0.999
    assert precision(layer) > precision(random_hyperplanes(DIM, 32)) + 0.2


def test_the_second_layer_of_a_head_can_be_served_behind_the_first():
    torch.manual_seed(0)
    head = learned(TwoLayerHead(DIM, 32, hidden=48))
    with torch.inference_mode():
        hidden = head.embed(torch.from_numpy(l2_normalise(EMBEDDINGS)))
        expected = bits_of(head(torch.from_numpy(l2_normalise(EMBEDDINGS))))
    assert hidden.norm(dim=1).numpy() == pytest.approx(np.ones(500), abs=1e-5)
    codes = head.head.hash_layer().codes(
        quantise_embeddings(hidden.numpy())
    )  # as the shop stores it
    assert (np.unpackbits(codes) == expected).mean() > 0.98


def test_an_autoencoder_beats_random_hyperplanes_and_repeats_itself():
    layer = fit_autoencoder(EMBEDDINGS, 32, hidden=64, steps=150)
    assert precision(layer) > precision(random_hyperplanes(DIM, 32)) + 0.05
    again = fit_autoencoder(EMBEDDINGS, 32, hidden=64, steps=150)
    assert np.array_equal(again.codes(EMBEDDINGS), layer.codes(EMBEDDINGS))


@pytest.mark.parametrize("name", [*LAYERS, *LABELLED_LAYERS])
def test_every_layer_by_name_comes_back_from_its_file(name, tmp_path):
    layer = fit_layer(name, EMBEDDINGS, 32, seed=1, labels=LABELS)
    layer.save(tmp_path / "layer.npz")
    loaded = load_layer(tmp_path / "layer.npz")
    assert (loaded.dim, loaded.n_bits) == (DIM, 32)
    assert isinstance(loaded, type(layer))
    codes = loaded.codes(EMBEDDINGS)
    assert codes.shape == (500, 4)
    assert np.array_equal(codes, layer.codes(EMBEDDINGS))


def test_a_two_layer_head_gives_the_bits_of_both_layers():
    torch.manual_seed(0)
    head = learned(TwoLayerHead(DIM, 32, hidden=48))
    with torch.inference_mode():
        expected = bits_of(head(torch.from_numpy(l2_normalise(EMBEDDINGS))))
    codes = head.hash_layer().codes(EMBEDDINGS)
    assert (np.unpackbits(codes) == expected).mean() > 0.999


@pytest.mark.parametrize("name", ["autoencoder", "kmeans"])
def test_a_damaged_layer_is_refused(name, tmp_path):
    path = tmp_path / "layer.npz"
    fit_layer(name, EMBEDDINGS, 32).save(path)
    with np.load(path) as arrays:
        stored = dict(arrays)
    for key, array in stored.items():
        if array.ndim:
            np.savez(path, **(stored | {key: array[..., :1]}))
            with pytest.raises(ValueError, match=r"fit|bits|codewords"):
                load_layer(path)


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("opq", {}, "no layer 'opq'; there are autoencoder"),
        ("pca", {"steps": 3}, "layer pca has no option steps; there are none"),
        ("itq", {"round": 3}, "layer itq has no option round; there are iterations"),
        ("linear_head", {"loss": "arcface"}, "no loss 'arcface'"),
        ("linear_head", {"margins": 1.0}, "supcon has no option margins"),
    ],
)
def test_an_unknown_layer_or_option_is_refused(name, options, why):
    with pytest.raises(ValueError, match=why):
        fit_layer(name, EMBEDDINGS, 32, labels=LABELS, **options)


def test_a_layer_that_learns_from_labels_needs_them():
    with pytest.raises(ValueError, match="'linear_head' is learned from labels"):
        fit_layer("linear_head", EMBEDDINGS, 32)


def test_another_loss_makes_another_head():
    layers = [
        fit_layer("linear_head", EMBEDDINGS, 32, labels=LABELS, loss=loss, steps=20)
        for loss in ("csq", "orthohash")
    ]
    codes = [layer.codes(EMBEDDINGS) for layer in layers]
    assert not np.array_equal(*codes)
    assert all(precision(layer) > 0.3 for layer in layers)
