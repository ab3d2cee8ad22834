"""Hash layers: exact bits, ITQ, re-centring, random hyperplanes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing import hamming, unpack
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.layers.itq import fit_itq
from hashing.layers.linear import recentre
from hashing.layers.lsh import random_hyperplanes
from hashing.layers.stored_layers import load_layer


def blobs(seed, n=400, dim=32, n_classes=8, offset=0.0):
    """Embeddings in clusters, and which cluster each is of."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((n_classes, dim))
    labels = rng.integers(0, n_classes, n)
    return quantise_embeddings(
        centres[labels] + 0.9 * rng.standard_normal((n, dim)) + offset
    )


@given(st.integers(0, 50), st.integers(1, 40))
def test_bits_do_not_depend_on_the_batch(seed, size):
    layer = random_hyperplanes(32, 64, seed=seed)
    embeddings = blobs(seed, n=40)
    whole = layer.codes(embeddings)
    parts = [layer.codes(embeddings[i : i + size]) for i in range(0, 40, size)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_bits_are_those_of_exact_arithmetic():
    layer = fit_itq(blobs(0), 16)
    embeddings = blobs(1, n=20)
    for embedding, bits in zip(
        embeddings, unpack(layer.codes(embeddings)), strict=True
    ):
        norm = np.sqrt(float(sum(int(x) ** 2 for x in embedding)))
        for column, threshold, bit in zip(
            layer.rotation.T, layer.thresholds, bits, strict=True
        ):
            whole = sum(int(x) * int(r) for x, r in zip(embedding, column, strict=True))
            assert bit == (whole - norm * threshold >= 0)


def test_a_longer_embedding_of_the_same_direction_has_the_same_code():
    layer = fit_itq(blobs(0), 32)
    small = np.random.default_rng(0).integers(-40, 41, (50, 32)).astype(np.int8)
    assert np.array_equal(layer.codes(small), layer.codes(small * np.int8(3)))


def test_an_embedding_of_zeros_has_a_code():
    assert (random_hyperplanes(8, 8).codes(np.zeros((1, 8), np.int8)) == 255).all()


def test_a_stored_layer_makes_the_same_codes_and_bytes(tmp_path):
    layer = fit_itq(blobs(0), 32)
    for name in ("a.npz", "b.npz"):
        layer.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = load_layer(tmp_path / "a.npz")
    assert np.array_equal(loaded.codes(blobs(1)), layer.codes(blobs(1)))


def test_embeddings_of_another_kind_are_refused():
    layer = random_hyperplanes(8, 8)
    for wrong in (np.zeros((1, 9), np.int8), np.zeros((1, 8)), np.zeros(8, np.int8)):
        with pytest.raises(ValueError, match=r"expected int8 \(n, 8\)"):
            layer.codes(wrong)


def error_of(layer, embeddings):
    """Distance between centred embeddings' projections and their corners, per bit."""
    beyond = layer.project(embeddings)
    beyond /= np.linalg.norm(layer.rotation.astype(float), axis=0)
    beyond /= np.linalg.norm(embeddings.astype(float), axis=1, keepdims=True)
    return float(((beyond - np.where(beyond >= 0, 1, -1)) ** 2).mean())


def test_every_round_of_itq_brings_vectors_nearer_to_corners():
    embeddings = blobs(0)
    errors = [
        error_of(fit_itq(embeddings, 32, iterations=n), embeddings) for n in (0, 5, 50)
    ]
    assert errors[0] > errors[1] >= errors[2]


def test_itq_only_rotates():
    rotation = fit_itq(blobs(0), 32).rotation.astype(float)
    gram = rotation.T @ rotation
    assert np.allclose(gram / gram[0, 0], np.eye(32), atol=1e-3)


def test_the_same_seed_gives_the_same_layer():
    one, other = fit_itq(blobs(0), 16, seed=4), fit_itq(blobs(0), 16, seed=4)
    assert np.array_equal(one.rotation, other.rotation)
    assert not np.array_equal(one.rotation, fit_itq(blobs(0), 16, seed=5).rotation)


def test_itq_keeps_more_of_the_order_than_random_hyperplanes():
    embeddings = blobs(0, offset=1.0)
    cosines = l2_normalise(embeddings) @ l2_normalise(embeddings).T

    def agreement(layer):
        codes = layer.codes(embeddings)
        return -np.corrcoef(hamming(codes, codes).ravel(), cosines.ravel())[0, 1]

    assert (
        agreement(fit_itq(embeddings, 16)) > agreement(random_hyperplanes(32, 16)) + 0.1
    )


def test_recentring_makes_bits_even_on_another_catalogue():
    layer = fit_itq(blobs(0), 32)
    shifted = blobs(1, offset=1.5)

    def bias(layer):
        return np.abs(unpack(layer.codes(shifted)).mean(axis=0) - 0.5).mean()

    assert bias(layer) > 0.2
    assert bias(recentre(layer, shifted)) < 0.1


@pytest.mark.parametrize("n_bits", [40, 16])
def test_more_axes_than_embeddings_are_refused(n_bits):
    axes = min(n_bits, blobs(0).shape[1])
    with pytest.raises(ValueError, match=f"{axes} bits from 10 embeddings"):
        fit_itq(blobs(0, n=10), n_bits)


def test_more_bits_than_numbers_tell_neighbours_better():
    short, long = (fit_itq(blobs(0), n_bits) for n_bits in (32, 128))
    assert long.rotation.shape == (32, 128)
    assert len(np.unique(long.rotation, axis=1).T) == 128  # no direction comes twice
    embeddings = blobs(1, n=200)
    cosines = l2_normalise(embeddings) @ l2_normalise(embeddings).T

    def agreement(layer):
        codes = layer.codes(embeddings)
        return -np.corrcoef(hamming(codes, codes).ravel(), cosines.ravel())[0, 1]

    assert agreement(long) > agreement(short)


def test_quantising_keeps_the_direction():
    vectors = np.random.default_rng(0).standard_normal((50, 256))
    whole = quantise_embeddings(vectors)
    assert np.abs(whole).max(axis=1).tolist() == [127] * 50
    assert ((l2_normalise(whole) * l2_normalise(vectors)).sum(axis=1) > 0.9995).all()
    assert not quantise_embeddings(np.zeros((1, 4))).any()
