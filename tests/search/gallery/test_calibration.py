"""How likely an answer is right: fitted to the shop, kept with its snapshot."""

import io
import json
import random

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from catalogue.media.images import open_photo
from hashing import CodeIndex
from search.answers.similar import similar_to_query
from search.encoders.registry import encoder
from search.engines.engine import current_gallery
from search.gallery import calibration
from search.gallery.calibration import Curves, JudgedAnswers, probabilities
from search.gallery.on_disk import snapshots
from search.gallery.reliability import expected_error, reliability
from search.gallery.rows import Rows
from search.golden.report import keep
from search.models import Snapshot
from tests.builders import make_image, new_product
from tests.search.catalogues import a_query, add_coded_image, embedding

CARD = ((-1.0, 0.01), (0.5, 0.2), (1.0, 0.99))


def answers(n: int, seed: int, *, power: float, products: int = 50) -> JudgedAnswers:
    """Of which those at a cosine c are right in c to the power."""
    rng = np.random.default_rng(seed)
    cosines = rng.random(n)
    return JudgedAnswers(
        product_id=rng.integers(0, products, n),
        rank=np.arange(n) % 20,
        cosine=cosines,
        is_right=rng.random(n) < cosines**power,
    )


def at(curves: Curves, cosine: float) -> float:
    """Return what is said of an answer that is not the first."""
    return float(probabilities(curves.others, np.array([cosine]))[0])


@pytest.mark.parametrize("power", [0.5, 1, 4])
def test_a_fitted_curve_says_what_comes_out_for_other_products(power: float) -> None:
    asked = answers(4000, 0, power=power)
    predicted = calibration.cross_validated(asked, asked, CARD)
    assert expected_error(predicted, asked.is_right) < 0.05
    curves = calibration.fit_curves(asked, CARD)
    for cosine in (0.3, 0.6, 0.9):
        assert at(curves, cosine) == pytest.approx(cosine**power, abs=0.08)


def test_the_card_decides_where_there_is_little_to_learn_from() -> None:
    few, many = (answers(n, 1, power=0.5) for n in (5, 5000))
    by_few, by_many = (
        at(calibration.fit_curves(asked, CARD), 0.5) for asked in (few, many)
    )
    assert by_few == pytest.approx(at(Curves.of_card(CARD), 0.5), abs=0.2)
    assert by_many == pytest.approx(0.5**0.5, abs=0.08)


def test_photos_whose_product_is_known_decide_of_first_answers() -> None:
    own, photos = answers(4000, 4, power=0.2), answers(8000, 5, power=4)
    alone, beside = (calibration.fit_curves(own, CARD, each) for each in (None, photos))
    said = [
        float(probabilities(each.first, np.array([0.6]))[0]) for each in (alone, beside)
    ]
    assert said == pytest.approx([0.6**0.2, 0.6**4], abs=0.16)
    predicted = calibration.cross_validated(photos, own, CARD, photos)
    first = photos.rank == 0
    assert expected_error(predicted[first], photos.is_right[first]) < 0.1
    by_own = calibration.cross_validated(photos, own, CARD)
    assert expected_error(by_own[first], photos.is_right[first]) > 0.3


def test_no_product_is_judged_by_a_curve_that_saw_it() -> None:
    """Of two products, one's answers are all right, the other's all wrong."""
    asked = answers(2000, 2, power=8, products=2)
    asked.is_right[asked.product_id == 0] = True
    asked.is_right[asked.product_id == 1] = False
    predicted = calibration.cross_validated(asked, asked, CARD)
    assert np.median(predicted[asked.product_id == 0]) < 0.1
    assert np.median(predicted[asked.product_id == 1]) > 0.9


def test_the_error_is_the_mean_distance_in_bins() -> None:
    predicted = np.array([0.11, 0.13, 0.19, 0.95])
    is_right = np.array([False, True, False, True])
    low, high = reliability(predicted, is_right)
    assert (low.answers, low.right) == (3, pytest.approx(1 / 3, abs=1e-4))
    assert (high.low, high.high, high.predicted) == (0.9, 1.0, 0.95)
    by_hand = (3 * abs(1 / 3 - 0.43 / 3) + 0.05) / 4
    assert expected_error(predicted, is_right) == pytest.approx(by_hand, abs=1e-3)


def test_a_picture_is_no_answer_to_itself() -> None:
    vectors = np.random.default_rng(0).integers(-127, 128, (8, 256), np.int8)
    nothing = np.zeros(8, np.int64)
    codes = np.packbits(vectors > 0, axis=1)
    rows = Rows(
        *(np.arange(8), np.arange(8) // 2, nothing, nothing),
        *(np.ones(8, bool), codes, vectors),
        words={},
    )
    asked = calibration.judge_own_images(rows, CodeIndex.build(np.arange(8), codes))
    assert len(asked.rank) == 8 * 4  # products; in two, one is its own other picture
    assert asked.cosine.max() < 0.9
    assert asked.is_right.sum() == 8


def test_the_first_answer_has_a_curve_of_its_own() -> None:
    """One product at most is the right one: those behind the first seldom are."""
    asked = answers(6000, 3, power=1)
    asked.is_right[asked.rank > 0] = False
    asked.is_right[asked.rank == 0] = True
    curves = calibration.fit_curves(asked, CARD)
    said = curves.similarities(np.array([0.5, 0.9, 0.8]))
    assert said[1] > 0.9
    assert max(said[0], said[2]) < 0.3
    predicted = calibration.cross_validated(asked, asked, CARD)
    first = asked.rank == 0
    assert expected_error(predicted[first], asked.is_right[first]) < 0.1


def test_no_answer_is_likelier_than_the_most_alike() -> None:
    low, high = ((-1.0, 0.1), (1.0, 0.1)), ((-1.0, 0.6), (1.0, 0.6))
    assert Curves(low, high).similarities(np.array([0.3, 0.5])).tolist() == [0.1, 0.1]
    assert Curves(low, high).similarities(np.empty(0)).tolist() == []


# In the shop


@pytest.fixture
def shop(db: None) -> None:
    """Thirty products of three pictures that are all but equal."""
    chance = random.Random(0)
    for _ in range(30):
        product = new_product()
        vector = np.random.default_rng(chance.randrange(1 << 30)).normal(size=512)
        for _ in range(3):
            noise = np.random.default_rng(chance.randrange(1 << 30)).normal(size=512)
            seen = vector + 0.3 * noise
            add_coded_image(
                product, np.round(seen / np.abs(seen).max() * 127).astype(np.int8)
            )


@pytest.mark.database
def test_a_snapshot_is_built_with_the_curve_of_its_shop(shop: None) -> None:
    snapshot = snapshots.build()
    assert snapshot is not None
    assert snapshot.calibration["products"] == 30
    assert snapshot.calibration["error"] < 0.05
    curves = current_gallery().curves
    assert curves == snapshots.curves_of(snapshot)
    assert curves != Curves.of_card(encoder().card.match_curve)
    # Nothing of this shop looks as its other products do.
    assert at(curves, 0.2) < 0.1
    assert probabilities(curves.first, np.array([0.9])) > 0.9


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("fewest", "queries"), [(12, 12), (13, 18)])
def test_a_snapshot_is_judged_by_golden_photos_where_there_are_enough(
    monkeypatch: pytest.MonkeyPatch, fewest: int, queries: int
) -> None:
    monkeypatch.setattr(calibration, "MIN_PHOTOS", fewest)
    for number in range(6):
        product = new_product(images=range(10 * number, 10 * number + 3))
        for seed in (10 * number, 10 * number + 5):
            keep(open_photo(io.BytesIO(make_image(seed))), product)
    snapshot = snapshots.build()
    assert snapshot is not None
    assert snapshot.calibration["queries"] == queries


@pytest.mark.database
def test_a_shop_with_few_products_keeps_the_encoder_s_curve(db: None) -> None:
    add_coded_image(new_product(), embedding(random.Random(0)))
    snapshot = snapshots.build()
    assert snapshot is not None
    assert snapshot.calibration["error"] is None
    assert current_gallery().curves == Curves.of_card(encoder().card.match_curve)


@pytest.mark.database
def test_results_say_what_the_shop_s_curve_says(shop: None) -> None:
    snapshots.build()
    query = a_query(random.Random(3))
    before = similar_to_query(query.token()).results[0].similarity
    sure = [[-1.0, 0.81], [1.0, 0.81]]
    # Every process takes it over.
    Snapshot.objects.update(curves={"first": sure, "others": sure})
    answer = similar_to_query(query.token())
    assert before != 0.81
    assert {result.similarity for result in answer.results} == {0.81}
    assert answer.match == "exact"


@pytest.mark.database
def test_the_command_fits_anew_and_says_how_well(shop: None) -> None:
    snapshots.build()
    fitted = Snapshot.objects.get().curves
    Snapshot.objects.update(curves={}, calibration={})
    assert current_gallery().curves is None
    out = io.StringIO()
    call_command("calibrate_matches", stdout=out)
    assert "30 products" in out.getvalue()
    assert "expected error 0.0" in out.getvalue()
    assert current_gallery().curves == snapshots.curves_of(Snapshot.objects.get())
    out = io.StringIO()
    call_command("calibrate_matches", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["curves"] == fitted
    assert sum(each["answers"] for each in report["bins"]) == 20 * report["queries"]


@pytest.mark.database
def test_without_a_snapshot_the_command_says_what_to_do(db: None) -> None:
    with pytest.raises(CommandError, match="build one first"):
        call_command("calibrate_matches")


@pytest.mark.database
def test_admin_shows_the_index_and_the_reliability(
    shop: None, admin_client: Client
) -> None:
    snapshots.build()
    page = admin_client.get("/admin/search/snapshot/").content.decode()
    assert "flat" in page
    assert "Expected calibration error" in page
    assert "0.0" in page
