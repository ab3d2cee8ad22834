"""Heads learned with a loss, what of them is served, and the deep autoencoder."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="heads need torch")

from hashing.codes import pack  # noqa: E402
from hashing.layers.autoencoder import fit_autoencoder  # noqa: E402
from hashing.layers.by_name import LAYERS, fit_layer  # noqa: E402
from hashing.layers.heads import LinearHead, TwoLayerHead  # noqa: E402
from hashing.layers.linear import HashLayer, quantise, unit  # noqa: E402
from hashing.layers.lsh import random_layer  # noqa: E402
from hashing.losses.by_name import make_loss  # noqa: E402
from tests.hashing.test_fitted_layers import (  # noqa: E402
    DIM,
    EMBEDDINGS,
    LABELS,
    precision,
)

torch.set_num_threads(1)  # as the tests beside may use the other cores


def learned(head, steps=60):
    vectors = torch.from_numpy(unit(EMBEDDINGS))
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
    assert isinstance(layer, HashLayer)
    expected = bits_of(head(torch.from_numpy(unit(EMBEDDINGS))))
    assert (np.unpackbits(layer.codes(EMBEDDINGS)) == expected).mean() > 0.999
    assert precision(layer) > precision(random_layer(DIM, 32)) + 0.2


def test_the_second_layer_of_a_head_is_served_on_what_the_first_gives():
    torch.manual_seed(0)
    head = learned(TwoLayerHead(DIM, 32, hidden=48))
    with torch.inference_mode():
        hidden = head.embed(torch.from_numpy(unit(EMBEDDINGS)))
        expected = bits_of(head(torch.from_numpy(unit(EMBEDDINGS))))
    assert hidden.norm(dim=1).numpy() == pytest.approx(np.ones(500), abs=1e-5)
    codes = head.hash_layer().codes(quantise(hidden.numpy()))  # as the shop stores it
    assert (np.unpackbits(codes) == expected).mean() > 0.98


def test_an_autoencoder_beats_random_hyperplanes_and_repeats_itself():
    layer = fit_autoencoder(EMBEDDINGS, 32, hidden=64, steps=150)
    assert precision(layer) > precision(random_layer(DIM, 32)) + 0.05
    again = fit_autoencoder(EMBEDDINGS, 32, hidden=64, steps=150)
    assert np.array_equal(again.codes(EMBEDDINGS), layer.codes(EMBEDDINGS))


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_by_name_makes_codes(name):
    layer = fit_layer(name, EMBEDDINGS, 32, seed=1)
    assert layer.n_bits == 32
    assert layer.codes(EMBEDDINGS).shape == (500, 4)


def test_a_layer_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="no layer 'opq'; there are autoencoder"):
        fit_layer("opq", EMBEDDINGS, 32)
