"""A hash layer fitted to a shop, from stored embeddings."""

import numpy as np
import pytest

from hashing import SHIPPED, load_encoder, unpack
from hashing.embeddings import quantise_embeddings
from hashing.errors import NoImprovement
from hashing.evaluation.neighbour_recall import layer_recall
from hashing.fitting.refitting import (
    EMBEDDINGS_PER_BIT,
    fit_hash_layer,
    refit_layer,
    write_refitted_encoder,
)
from hashing.layers.lsh import random_hyperplanes
from tests.hashing.pictures import noise


def catalogue(n, dim, *, seed=0):
    rng = np.random.default_rng(seed)
    return quantise_embeddings(rng.standard_normal((n, dim)) + 0.7)


def test_a_large_catalogue_gets_its_own_rotation_and_a_small_one_thresholds():
    layer = random_hyperplanes(32, 16)
    large = refit_layer(layer, catalogue(EMBEDDINGS_PER_BIT * 16, 32))
    small = refit_layer(layer, catalogue(EMBEDDINGS_PER_BIT * 16 - 1, 32))
    assert not np.array_equal(large.rotation, layer.rotation)
    assert np.array_equal(small.rotation, layer.rotation)
    bias = [
        np.abs(unpack(each.codes(catalogue(200, 32, seed=1))).mean(axis=0) - 0.5).mean()
        for each in (large, small, layer)
    ]
    assert bias[0] < 0.15
    assert bias[1] < 0.7 * bias[2]


def test_thresholds_of_a_small_shop_go_half_way_to_its_middle():
    layer = random_hyperplanes(32, 16)
    few = catalogue(20, 32)
    units = few / np.linalg.norm(few.astype(float), axis=1, keepdims=True)
    middle = units.mean(axis=0) @ layer.rotation
    assert refit_layer(layer, few).thresholds == pytest.approx(middle / 2, rel=1e-4)


def test_nothing_can_be_fitted_to_nothing():
    with pytest.raises(ValueError, match="no embeddings"):
        refit_layer(random_hyperplanes(8, 8), catalogue(0, 8))


def test_recall_before_and_after_is_measured_on_held_out_embeddings():
    layer, shop = random_hyperplanes(32, 16), catalogue(300, 32)
    fitted = fit_hash_layer(layer, shop, seed=1)
    assert (len(fitted.learned_from), fitted.n_held_out) == (240, 60)
    learned = {vector.tobytes() for vector in fitted.learned_from}
    apart = np.array([v for v in shop if v.tobytes() not in learned])
    for each, told in ((layer, fitted.before), (fitted.layer, fitted.after)):
        assert told == pytest.approx(layer_recall(each, apart, fitted.learned_from))
    assert fitted.before < fitted.after


def test_a_layer_that_keeps_no_more_neighbours_is_refused():
    # Fitted to thousands of such pictures; forty-eight teach it nothing.
    layer = refit_layer(random_hyperplanes(32, 16), catalogue(5000, 32, seed=9))
    with pytest.raises(NoImprovement, match="keeps 40.0% .* the one before 40.9%"):
        fit_hash_layer(layer, catalogue(60, 32, seed=1))


def test_of_a_few_embeddings_nothing_can_be_held_out():
    with pytest.raises(ValueError, match="20 are needed"):
        fit_hash_layer(random_hyperplanes(32, 16), catalogue(19, 32))


def test_a_refitted_encoder_keeps_embeddings_and_changes_codes(tmp_path):
    before = load_encoder(SHIPPED)
    stored = catalogue(50, 512)
    after = write_refitted_encoder(SHIPPED, stored, tmp_path / "fitted", name="ours")
    assert (after.name, after.n_bits) == ("ours", before.n_bits)
    assert after.fingerprint != before.fingerprint
    one, other = before.encode([noise()]), after.encode([noise()])
    assert np.array_equal(one.embeddings, other.embeddings)
    assert np.array_equal(after.layer.codes(one.embeddings), other.codes)
    assert after.card.contents["refitted"]["from"] == before.fingerprint
    assert after.card.contents["refitted"]["n_embeddings"] == 50


def test_a_folder_that_exists_is_not_written_over(tmp_path):
    with pytest.raises(FileExistsError):
        write_refitted_encoder(SHIPPED, catalogue(50, 512), tmp_path, name="ours")
