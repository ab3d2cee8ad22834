"""The curve from cosine to the share of right answers."""

import numpy as np
import pytest

from hashing.match_curves import (
    ANSWERS_PER_QUERY,
    fit_isotonic,
    fit_sigmoid,
    nearest_answers,
)


def drawn(n=20_000, seed=0):
    """Answers whose chance to be right rises with their cosine."""
    rng = np.random.default_rng(seed)
    cosines = rng.uniform(0, 1, n)
    chance = 1 / (1 + np.exp(-(12 * cosines - 8)))
    return cosines, rng.uniform(size=n) < chance


def at(curve, cosine):
    return float(np.interp(cosine, *np.array(curve).T))


def test_the_curve_finds_the_chances_that_answers_were_drawn_with():
    cosines, right = drawn()
    curve = fit_isotonic(cosines, right, np.ones(len(cosines)))
    for cosine in (0.4, 0.6, 0.8, 0.95):
        chance = 1 / (1 + np.exp(-(12 * cosine - 8)))
        assert at(curve, cosine) == pytest.approx(chance, abs=0.05)


def test_the_curve_rises_and_stays_within_zero_and_one():
    cosines, right = drawn(n=300)
    for is_right in (right, ~right):  # ~right: nearer is wronger; then flat
        curve = fit_isotonic(cosines, is_right, np.ones(300))
        xs, ys = np.array(curve).T
        assert (np.diff(xs) > 0).all()
        assert (np.diff(ys) >= 0).all()
        assert ys.min() >= 0 and ys.max() <= 1


def test_twice_the_weight_is_twice_the_answers():
    cosines, right = drawn(n=200)
    weights = np.where(cosines > 0.5, 2.0, 1.0)
    again = cosines > 0.5
    repeated = fit_isotonic(
        np.concatenate([cosines, cosines[again]]),
        np.concatenate([right, right[again]]),
        np.ones(200 + again.sum()),
    )
    weighed = fit_isotonic(cosines, right, weights)
    assert np.allclose(np.array(weighed), np.array(repeated), atol=1e-3)


@pytest.mark.parametrize("right", [True, False])
def test_a_curve_needs_right_answers_and_wrong_ones(right):
    with pytest.raises(ValueError, match="right answers and wrong"):
        fit_isotonic(np.linspace(0, 1, 5), np.full(5, right), np.ones(5))


def test_answers_leave_out_the_picture_itself_and_hopeless_queries():
    embeddings = np.array([[127, 0], [120, 40], [0, 127]], dtype=np.int8)
    right = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    cosines, is_right = nearest_answers(
        embeddings, embeddings, is_same_picture=np.eye(3, dtype=bool), is_right=right
    )
    assert is_right.tolist() == [True, False, True, False]  # two queries, two each
    assert cosines[0] == pytest.approx(120 / np.hypot(120, 40))


def test_only_the_nearest_answers_count():
    rng = np.random.default_rng(0)
    gallery = rng.integers(-90, 90, (100, 8)).astype(np.int8)
    right = rng.uniform(size=(3, 100)) < 0.2
    nothing = np.zeros((3, 100), dtype=bool)
    found, _ = nearest_answers(
        gallery[:3], gallery, is_same_picture=nothing, is_right=right
    )
    assert len(found) == 3 * ANSWERS_PER_QUERY


def test_a_sigmoid_is_found_again() -> None:
    rng = np.random.default_rng(4)
    cosines = rng.uniform(0, 1, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-8 * (cosines - 0.6)))
    knots, chances = zip(*fit_sigmoid(cosines, right, np.ones(4000)), strict=True)
    for cosine in (0.2, 0.6, 0.9):
        wanted = 1 / (1 + np.exp(-8 * (cosine - 0.6)))
        assert np.interp(cosine, knots, chances) == pytest.approx(wanted, abs=0.04)


def test_a_sigmoid_follows_chance_less_than_a_curve_of_any_shape() -> None:
    """Of 120 answers whose cosines say nothing, two in five are right."""
    cosines = np.linspace(0.3, 0.7, 120)
    away = []
    for fit in (fit_sigmoid, fit_isotonic):
        curves = [
            fit(cosines, np.random.default_rng(seed).random(120) < 0.4, np.ones(120))
            for seed in range(20)
        ]
        said = [np.interp(cosines, *np.array(curve).T) for curve in curves]
        away.append(np.abs(np.array(said) - 0.4).mean())
    assert away[0] < 0.06 < away[1]


def test_where_nearer_answers_are_seldom_right_the_sigmoid_is_flat() -> None:
    cosines = np.linspace(0, 1, 200)
    curve = np.array(fit_sigmoid(cosines, cosines < 0.3, np.ones(200)))
    assert curve[:, 1] == pytest.approx(0.3, abs=0.01)
