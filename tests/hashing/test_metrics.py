"""Every figure against a slow reference: the mean over all orders of what ties."""

from itertools import groupby, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.evaluation.metrics import (
    FIGURES,
    QueryFigures,
    TiedRanking,
    mean_figures,
    vote_share,
    within_radius,
)


def orders(scores):
    """Every order of the gallery in which higher scores come first."""
    best_first = sorted(range(len(scores)), key=lambda row: -scores[row])
    ties = [list(tie) for _, tie in groupby(best_first, key=lambda row: scores[row])]
    for choice in product(*(permutations(tie) for tie in ties)):
        yield [row for tie in choice for row in tie]


def slow_hit(order, relevant, k):
    return float(any(relevant[row] for row in order[:k]))


def slow_average_precision(order, relevant, ranks=None):
    n_relevant = sum(relevant)
    found, total = 0, 0.0
    for rank, row in enumerate(order[:ranks], start=1):
        if relevant[row]:
            found += 1
            total += found / rank
    return total / n_relevant if n_relevant else 0.0


def slow_average_precision_at_r(order, relevant):
    return slow_average_precision(order, relevant, ranks=sum(relevant))


def slow_precision(order, relevant, k):
    first = order[:k]
    return sum(relevant[row] for row in first) / len(first)


def slow_precision_at_recall(every, relevant, recall):
    """At the first rank where the mean over orders has found enough."""
    if not any(relevant):
        return 0.0
    for rank in range(1, len(relevant) + 1):
        found = np.mean([sum(relevant[row] for row in order[:rank]) for order in every])
        if found >= recall * sum(relevant) - 1e-9:
            return found / rank
    raise AssertionError("a whole gallery holds all that is relevant")


SMALL = st.lists(
    st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=5
).map(lambda pairs: (np.array([float(s) for s, _ in pairs]), [r for _, r in pairs]))


@settings(deadline=None)
@given(SMALL)
def test_figures_are_means_over_all_orders_of_ties(case):
    scores, relevant = case
    every = list(orders(scores))
    ranking = TiedRanking.from_scores(scores, np.array(relevant))
    for k in (1, 2, 5):
        mean = np.mean([slow_hit(order, relevant, k) for order in every])
        assert ranking.hit(k) == pytest.approx(mean)
        mean = np.mean([slow_precision(order, relevant, k) for order in every])
        assert ranking.precision(k) == pytest.approx(mean)
    recalls = np.array([0.1, 0.5, 0.75, 1.0])
    assert ranking.precision_at_recall(recalls) == pytest.approx(
        [slow_precision_at_recall(every, relevant, recall) for recall in recalls]
    )
    mean = np.mean([slow_average_precision(order, relevant) for order in every])
    assert ranking.average_precision() == pytest.approx(mean)
    mean = np.mean([slow_average_precision_at_r(order, relevant) for order in every])
    assert ranking.average_precision_at_r() == pytest.approx(mean)


def test_a_ranking_worked_by_hand():
    # Best first: right, wrong, right, wrong; two are right.
    ranking = TiedRanking.from_scores(
        np.array([0.1, 0.9, 0.5, 0.7]), np.array([False, True, True, False])
    )
    assert ranking.hit(1) == 1
    assert ranking.average_precision() == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert ranking.average_precision_at_r() == pytest.approx((1 / 1 + 0) / 2)


def test_a_tie_worked_by_hand():
    # One right among three that tie: first, second or third, each as likely.
    ranking = TiedRanking.from_scores(np.zeros(3), np.array([False, True, False]))
    assert ranking.hit(1) == pytest.approx(1 / 3)
    assert ranking.hit(2) == pytest.approx(2 / 3)
    assert ranking.average_precision() == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


@given(st.permutations(range(12)), st.integers(0, 99))
def test_the_order_of_files_changes_nothing(order, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (1, 12)).astype(float)
    labels = [str(label) for label in rng.integers(0, 3, 12)]
    before = mean_figures(scores, query_labels=["1"], gallery_labels=labels)
    shuffled = [labels[row] for row in order]
    after = mean_figures(scores[:, order], query_labels=["1"], gallery_labels=shuffled)
    assert before == pytest.approx(after)


def test_query_without_relevant_item_counts_as_zero():
    figures = mean_figures(
        np.array([[0.9, 0.1], [0.9, 0.1]]),
        query_labels=["a", "nowhere"],
        gallery_labels=["a", "b"],
    )
    hits = {figures[name] for name in FIGURES if not name.startswith("p@")}
    assert hits == {0.5}
    assert figures["p@5"] == 0.25  # one of two, in one of two queries


def test_excluded_entries_are_neither_found_nor_missed():
    ranking = TiedRanking.from_scores(np.array([-np.inf, 0.5]), np.array([True, True]))
    assert (len(ranking), ranking.n_relevant, ranking.average_precision()) == (1, 1, 1)
    nothing = TiedRanking.from_scores(np.array([-np.inf]), np.array([True]))
    assert (nothing.hit(1), nothing.average_precision()) == (0, 0)


def slow_vote(scores, labels, label):
    """Let the ten best vote; ties at the border are equally likely."""
    ranked = sorted(scores, reverse=True)[:10]
    border = ranked[-1]
    places = ranked.count(border) / list(scores).count(border)
    votes = {}
    for score, name in zip(scores, labels, strict=True):
        share = 1.0 if score > border else places if score == border else 0.0
        votes[name] = votes.get(name, 0.0) + share * max(score, 0.0)
    most = max(votes.values())
    winners = [name for name, vote in votes.items() if vote and np.isclose(vote, most)]
    return (label in winners) / max(len(winners), 1)


@given(
    st.lists(
        st.tuples(st.sampled_from([-0.5, 0.25, 0.5, 1.0]), st.sampled_from("abc")),
        min_size=1,
        max_size=25,
    )
)
def test_votes_agree_with_counting_them(pairs):
    scores, labels = np.array([s for s, _ in pairs]), [name for _, name in pairs]
    assert vote_share(scores, labels, "a") == pytest.approx(
        slow_vote(scores.tolist(), labels, "a")
    )


def test_many_far_votes_beat_one_near():
    scores = np.array([0.9, 0.5, 0.5])
    assert vote_share(scores, ["a", "b", "b"], "b") == 1
    assert vote_share(scores, ["a", "b", "b"], "a") == 0


def test_the_eleventh_has_no_vote():
    scores = np.array([0.9] * 10 + [0.8] * 30)
    assert vote_share(scores, ["near"] * 10 + ["far"] * 30, "near") == 1


def test_the_reported_mean_is_that_of_every_querys_figures():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4, (6, 15)).astype(float)
    labels = {
        "query_labels": list("aabbcd"),
        "gallery_labels": [str(x) for x in rng.choice(list("abc"), 15)],
    }
    measured = QueryFigures.from_scores(scores, **labels)
    assert measured.figures.shape == (6, len(FIGURES))
    assert measured.means() == mean_figures(scores, **labels)
    assert measured.means()["map"] == round(float(measured.figures[:, 6].mean()), 4)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=4, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_entries_within_a_radius_agree_with_a_count_one_by_one(rows):
    distances = np.array([[float(d) for d, _ in row] for row in rows])
    relevant = np.array([[r for _, r in row] for row in rows])
    distances[0, 0] = np.inf  # taken out
    found = within_radius(distances, relevant, 2)
    precision, recall, answered = [], [], []
    for near, right in zip(distances.tolist(), relevant.tolist(), strict=True):
        kept = [(d, r) for d, r in zip(near, right, strict=True) if d != np.inf]
        hits = [r for d, r in kept if d <= 2]
        wanted = sum(r for _, r in kept)
        precision.append(sum(hits) / len(hits) if hits else 0.0)
        recall.append(sum(hits) / wanted if wanted else 0.0)
        answered.append(bool(hits))
    means = [np.mean(precision), np.mean(recall), np.mean(answered)]
    assert list(found.values()) == pytest.approx(means, abs=1e-4)
