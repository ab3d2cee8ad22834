"""The part of the embedding that labels taught."""

import numpy as np
import pytest

from hashing.fitting.kind import Lesson, fit_kind, gathered
from hashing.layers.linear import unit

RNG = np.random.default_rng(0)
MIDDLES = RNG.normal(size=(6, 20)).astype(np.float32)
NAMES = [f"product {number}" for number in range(6)]


def pictures(of, count=8, *, spread=0.3):
    own = np.repeat(of, count)
    noise = RNG.normal(size=(len(own), 20))
    # Products differ little, and pictures of one a lot in what is of no matter.
    noise[:, :10] *= 8
    return (MIDDLES[own] + spread * noise).astype(np.float32), [NAMES[n] for n in own]


def learned(*lessons, dim=4, near=(0.0, 0.01), n_places=6, ridge=0.01):
    return fit_kind(lessons, dim, ridge=ridge, n_places=n_places, near=near, seed=0)


def hits(vectors, labels):
    cosines = unit(vectors) @ unit(vectors).T
    np.fill_diagonal(cosines, -np.inf)
    return np.mean(np.array(labels)[cosines.argmax(axis=1)] == labels)


def test_products_are_told_apart_by_what_told_others_apart():
    kind = learned(Lesson(*pictures([0, 1, 2, 3], 40)))
    known, labels = pictures([4, 5])
    assert hits(kind(known), labels) > hits(known, labels)


def test_the_part_fades_out_away_from_what_was_learned():
    taught = Lesson(*pictures([0, 1, 2, 3], spread=0.01))
    kind = learned(taught, near=(0.7, 1.0), n_places=32)
    near, _ = pictures([0, 1], spread=0.01)
    far, _ = pictures([4, 5], spread=0.01)
    assert kind.share(far).max() < 0.5 < kind.share(near).min()
    whole = learned(taught, n_places=32)
    lengths = [np.linalg.norm(each(near), axis=1) for each in (kind, whole)]
    assert lengths[0] == pytest.approx(kind.share(near) * lengths[1], abs=1e-5)


def test_the_part_is_about_one_long_for_what_was_learned_and_shorter_for_mixtures():
    taught = Lesson(*pictures([0, 1, 2, 3], 40))
    kind = learned(taught)
    lengths = np.linalg.norm(kind(taught.known), axis=1)
    assert np.sqrt((lengths**2).mean()) == pytest.approx(1, abs=1e-4)
    mixture = MIDDLES[:4].mean(axis=0, keepdims=True)
    assert np.linalg.norm(kind(mixture)) < 0.3 < np.median(lengths)


def test_a_picture_that_is_a_place_counts_in_full():
    catalogue, labels = pictures([0, 1, 2, 3], 1)
    photos = Lesson(*pictures([0, 1, 2, 3]))
    kind = learned(photos, Lesson(catalogue, labels, is_place=True), near=(0.5, 0.99))
    assert kind.share(catalogue) == pytest.approx(1)
    assert kind.places.shape == (20, 6 + 4)


def test_what_has_no_label_is_drawn_to_no_kind():
    taught = Lesson(*pictures([0, 1, 2, 3]))
    others, _ = pictures([4, 5])
    lengths = [
        np.linalg.norm((others - kind.centre) @ kind.axes, axis=1).mean()
        for kind in (learned(taught), learned(taught, Lesson(others, None)))
    ]
    assert lengths[1] < lengths[0]


def test_a_label_with_many_pictures_does_not_drown_the_others():
    many, few = pictures([0], 400), pictures([1, 2, 3], 4)
    kind = learned(Lesson(*many), Lesson(*few), dim=3)
    known, labels = pictures([1, 2, 3], spread=0.1)
    assert hits(kind(known), labels) == 1


def test_numbers_beyond_the_labels_are_zero():
    taught = Lesson(*pictures([0, 1, 2, 3]))
    wide, narrow = learned(taught, dim=7), learned(taught, dim=4)
    assert wide(taught.known)[:, :4] == pytest.approx(narrow(taught.known))
    assert not wide(taught.known)[:, 4:].any()


def test_heaps_are_found_where_they_are():
    heaps = unit(np.eye(3, dtype=np.float32).repeat(9, axis=0) + 0.05)
    found = gathered(heaps, 6, seed=0)
    assert set(found.argmax(axis=1)) == {0, 1, 2}
    assert (found @ heaps.T).max(axis=0) == pytest.approx(1)
