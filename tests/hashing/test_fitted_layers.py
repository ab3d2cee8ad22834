"""Layers that are fitted: main axes, options of ITQ, codewords."""

from functools import partial

import numpy as np
import pytest

from hashing import hamming, unpack
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.layers.bit_order import KERNEL_WIDTH, order_bits
from hashing.layers.itq import AxisOptions, fit_itq
from hashing.layers.kmeans import (
    CORNER_DISTANCES,
    CORNERS,
    fit_kmeans,
    learn_codewords,
    nearest_codewords,
)
from hashing.layers.lsh import fit_lsh, random_hyperplanes
from hashing.layers.pca import fit_pca, main_axes

DIM = 64


def shop(seed=0, n=500, n_classes=12):
    """Embeddings in clusters whose axes narrow as features' do, and their labels."""
    widths = np.arange(1, DIM + 1) ** -0.5
    centres = np.random.default_rng(9).standard_normal((n_classes, DIM))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    vectors = centres[labels] + 0.7 * rng.standard_normal((n, DIM))
    return quantise_embeddings(vectors * widths + 0.3), labels.astype(str).tolist()


EMBEDDINGS, LABELS = shop()


def precision(layer, k=10, embeddings=EMBEDDINGS, labels=LABELS):
    """Return the share of the k nearest codes that are of the query's class."""
    codes = layer.codes(embeddings)
    distances = hamming(codes, codes).astype(float)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    names = np.array(labels)
    return float((names[nearest] == names[:, None]).mean())


def prefix(layer, n_bits):
    return type(layer)(layer.rotation[:, :n_bits], layer.thresholds[:n_bits])


def test_main_axes_are_those_of_the_singular_values():
    centred = l2_normalise(EMBEDDINGS) - l2_normalise(EMBEDDINGS).mean(axis=0)
    axes, variances = main_axes(centred.astype(np.float64), 5)
    _, values, expected = np.linalg.svd(centred, full_matrices=False)
    assert variances == pytest.approx(values[:5] ** 2 / len(centred), rel=1e-3)
    assert np.abs(expected[:5] @ axes) == pytest.approx(np.eye(5), abs=1e-3)


@pytest.mark.parametrize("fit", [fit_pca, fit_lsh, fit_itq])
def test_bits_are_balanced_on_what_they_were_fitted_to(fit):
    ones = unpack(fit(EMBEDDINGS, 32).codes(EMBEDDINGS)).mean(axis=0)
    assert np.abs(ones - 0.5).mean() < 0.15


def test_without_centring_thresholds_stay_at_zero():
    layer = fit_itq(EMBEDDINGS, 16, axes=AxisOptions(centring=False))
    assert not layer.thresholds.any()
    assert fit_itq(EMBEDDINGS, 16).thresholds.any()


def test_whitening_makes_axes_alike():
    layer = fit_itq(EMBEDDINGS, 16, axes=AxisOptions(whitening=1.0))
    beyond = layer.project(EMBEDDINGS)
    beyond /= np.linalg.norm(EMBEDDINGS.astype(float), axis=1, keepdims=True)
    covariance = np.cov(beyond.T)
    assert covariance / covariance[0, 0] == pytest.approx(np.eye(16), abs=0.05)


def test_whitening_within_classes_ignores_differences_within_them():
    noisy = l2_normalise(EMBEDDINGS).copy()
    noisy[:, :8] += np.random.default_rng(1).standard_normal((len(noisy), 8)) * 0.3
    noisy = quantise_embeddings(noisy)
    plain = precision(fit_itq(noisy, 16), embeddings=noisy)
    within = fit_itq(noisy, 16, axes=AxisOptions(labels=LABELS))
    assert precision(within, embeddings=noisy) > plain + 0.05


def test_the_first_bits_are_a_code_and_the_whole_loses_little():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 40, 500)
    # Classes differ in the widest axes alone; the others are noise.
    centres = rng.standard_normal((40, DIM)) * (np.arange(DIM) < 16)
    noisy = quantise_embeddings(centres[labels] + 0.5 * rng.standard_normal((500, DIM)))
    found = partial(precision, embeddings=noisy, labels=labels.tolist())
    plain, ordered = fit_itq(noisy, DIM, prefixes=False), fit_itq(noisy, DIM)
    short = fit_itq(noisy, 32)
    assert np.array_equal(prefix(ordered, 32).codes(noisy), short.codes(noisy))
    assert found(short) > found(prefix(plain, 32)) + 0.02
    assert found(ordered) > found(plain) - 0.01


def test_bits_are_ordered_as_a_slow_loop_orders_them():
    vectors = l2_normalise(EMBEDDINGS[:40]).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    directions = np.random.default_rng(3).standard_normal((DIM, 9))
    bits = np.where(vectors @ directions >= 0, 1.0, -1.0)
    near = np.exp(
        l2_normalise(vectors).astype(np.float64)
        @ l2_normalise(vectors).T
        / KERNEL_WIDTH
    )
    np.fill_diagonal(near, 0)
    middle = np.eye(40) - 1 / 40
    near = middle @ near @ middle

    def agreement(columns):
        own = middle @ bits[:, columns]
        return (own @ own.T * near).sum() / np.linalg.norm(own @ own.T)

    slow = [5, 2]
    for _ in range(7):
        rest = [column for column in range(9) if column not in slow]
        slow.append(max(rest, key=lambda column: agreement([*slow, column])))
    first = [5, 2, *(column for column in range(9) if column not in (5, 2))]
    order = order_bits(bits[:, first], vectors, n_fixed=2)
    assert [first[place] for place in order] == slow


def test_every_vector_gets_its_nearest_codeword():
    rng = np.random.default_rng(0)
    part, words = rng.standard_normal((30, 4)), rng.standard_normal((16, 4))
    slow = [
        min(range(16), key=lambda w: np.linalg.norm(row - words[w])) for row in part
    ]
    assert nearest_codewords(part, words).tolist() == slow


def test_words_that_differ_in_more_bits_are_farther_apart():
    part = np.random.default_rng(0).standard_normal((2000, 4)) * [1.5, 1, 1, 0.7]
    words = learn_codewords(part)
    between = np.linalg.norm(words[:, None] - words, axis=2)
    assert np.corrcoef(between.ravel(), CORNER_DISTANCES.ravel())[0, 1] > 0.95
    corners = CORNERS * np.abs(part).mean()

    def error(words):
        return np.linalg.norm(
            part - words[nearest_codewords(part, words)], axis=1
        ).mean()

    assert error(words) < error(corners)


@pytest.mark.parametrize("fit", [fit_itq, fit_kmeans])
def test_learned_layers_beat_random_hyperplanes(fit):
    assert precision(fit(EMBEDDINGS, 32)) > precision(random_hyperplanes(DIM, 32)) + 0.1


def test_codewords_make_codes_of_the_length_they_say():
    layer = fit_kmeans(EMBEDDINGS, 32)
    codes = layer.codes(EMBEDDINGS)
    assert (codes.shape, codes.dtype, layer.n_bits) == ((500, 4), np.uint8, 32)
    assert np.array_equal(layer.codes(EMBEDDINGS[7:9]), codes[7:9])


def test_too_few_embeddings_are_refused():
    for fit in (fit_pca, fit_kmeans):
        with pytest.raises(ValueError, match="32 bits from 10 embeddings"):
            fit(EMBEDDINGS[:10], 32)
