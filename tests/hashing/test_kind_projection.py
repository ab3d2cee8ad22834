"""The part `kind` of the embedding, learned from labels."""

import numpy as np
import pytest

from hashing.embeddings import l2_normalise
from hashing.fitting.kind_projection import (
    LabelledFeatures,
    fit_kind_projection,
    spherical_kmeans,
)

RNG = np.random.default_rng(0)
MIDDLES = RNG.normal(size=(6, 20)).astype(np.float32)
NAMES = [f"product {number}" for number in range(6)]


def pictures(of, count=8, *, spread=0.3):
    own = np.repeat(of, count)
    noise = RNG.normal(size=(len(own), 20))
    # Products differ little, and pictures of one a lot in what is of no matter.
    noise[:, :10] *= 8
    return (MIDDLES[own] + spread * noise).astype(np.float32), [NAMES[n] for n in own]


def learned(*sets, dim=4, fade_cosines=(0.0, 0.01), n_prototypes=6, ridge=0.01):
    return fit_kind_projection(
        sets,
        dim,
        ridge=ridge,
        n_prototypes=n_prototypes,
        fade_cosines=fade_cosines,
        seed=0,
    )


def hits(vectors, labels):
    cosines = l2_normalise(vectors) @ l2_normalise(vectors).T
    np.fill_diagonal(cosines, -np.inf)
    return np.mean(np.array(labels)[cosines.argmax(axis=1)] == labels)


def test_other_products_are_told_apart_too():
    kind = learned(LabelledFeatures(*pictures([0, 1, 2, 3], 40)))
    features, labels = pictures([4, 5])
    assert hits(kind(features), labels) > hits(features, labels)


def test_the_part_fades_out_away_from_what_was_learned():
    taught = LabelledFeatures(*pictures([0, 1, 2, 3], spread=0.01))
    kind = learned(taught, fade_cosines=(0.7, 1.0), n_prototypes=32)
    near, _ = pictures([0, 1], spread=0.01)
    far, _ = pictures([4, 5], spread=0.01)
    assert kind.gate(far).max() < 0.5 < kind.gate(near).min()
    whole = learned(taught, n_prototypes=32)
    lengths = [np.linalg.norm(each(near), axis=1) for each in (kind, whole)]
    assert lengths[0] == pytest.approx(kind.gate(near) * lengths[1], abs=1e-5)


def test_the_part_is_about_one_long_for_what_was_learned_and_shorter_for_mixtures():
    taught = LabelledFeatures(*pictures([0, 1, 2, 3], 40))
    kind = learned(taught)
    lengths = np.linalg.norm(kind(taught.features), axis=1)
    assert np.sqrt((lengths**2).mean()) == pytest.approx(1, abs=1e-4)
    mixture = MIDDLES[:4].mean(axis=0, keepdims=True)
    assert np.linalg.norm(kind(mixture)) < 0.3 < np.median(lengths)


def test_a_picture_that_is_a_prototype_counts_in_full():
    catalogue, labels = pictures([0, 1, 2, 3], 1)
    photos = LabelledFeatures(*pictures([0, 1, 2, 3]))
    kind = learned(
        photos,
        LabelledFeatures(catalogue, labels, is_prototype=True),
        fade_cosines=(0.5, 0.99),
    )
    assert kind.gate(catalogue) == pytest.approx(1)
    assert kind.prototypes.shape == (20, 6 + 4)


def test_pictures_without_label_are_drawn_to_no_kind():
    taught = LabelledFeatures(*pictures([0, 1, 2, 3]))
    others, _ = pictures([4, 5])
    lengths = [
        np.linalg.norm((others - kind.centre) @ kind.axes, axis=1).mean()
        for kind in (learned(taught), learned(taught, LabelledFeatures(others, None)))
    ]
    assert lengths[1] < lengths[0]


def test_a_label_with_many_pictures_does_not_drown_the_others():
    many, few = pictures([0], 400), pictures([1, 2, 3], 4)
    kind = learned(LabelledFeatures(*many), LabelledFeatures(*few), dim=3)
    features, labels = pictures([1, 2, 3], spread=0.1)
    assert hits(kind(features), labels) == 1


def test_numbers_beyond_the_labels_are_zero():
    taught = LabelledFeatures(*pictures([0, 1, 2, 3]))
    wide, narrow = learned(taught, dim=7), learned(taught, dim=4)
    assert wide(taught.features)[:, :4] == pytest.approx(narrow(taught.features))
    assert not wide(taught.features)[:, 4:].any()


def test_clusters_are_found_where_they_are():
    clusters = l2_normalise(np.eye(3, dtype=np.float32).repeat(9, axis=0) + 0.05)
    centres = spherical_kmeans(clusters, 6, seed=0)
    assert set(centres.argmax(axis=1)) == {0, 1, 2}
    assert (centres @ clusters.T).max(axis=0) == pytest.approx(1)
