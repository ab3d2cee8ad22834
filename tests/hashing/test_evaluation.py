"""Measuring an encoder: rankings, reports, and the command that writes them."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from hashing import SHIPPED, hamming, load_encoder
from hashing.__main__ import main
from hashing.evaluation.classifier import fit_classifier
from hashing.evaluation.code_statistics import describe_codes
from hashing.evaluation.intervals import bootstrap_interval
from hashing.evaluation.measurement import Measurement, evaluate
from hashing.evaluation.metrics import FIGURES as ALL_FIGURES
from hashing.evaluation.metrics import RECALL_LEVELS
from hashing.evaluation.rankings import (
    SHORTLIST,
    asymmetric_similarity,
    code_similarity,
    cosines,
    rerank,
)
from hashing.evaluation.report import as_html, as_text
from hashing.layers.lsh import random_hyperplanes
from hashing.picture_sets import PictureSet
from tests.hashing.pictures import picture, write_set

FIGURES = {*ALL_FIGURES}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("sets") / "shop")


@pytest.fixture(scope="module")
def report(shop):
    return evaluate(
        load_encoder(SHIPPED),
        gallery=PictureSet.parse(f"{shop}:catalogue"),
        queries=PictureSet.parse(f"{shop}:photo"),
        label="fine_label",
    )


def test_every_ranking_has_every_figure_between_zero_and_one(report):
    names = [row["ranking"] for row in report["rows"]]
    assert names == [
        *("code", "asymmetric", "rerank", "float", "features", "lsh", "histogram"),
        "classifier",
    ]
    for row in report["rows"]:
        assert row.keys() == FIGURES | {"ranking", "n_bits", "95%"}
        for name in FIGURES:
            low, high = row["95%"][name]
            assert 0 <= low <= row[name] <= high <= 1


def test_every_length_of_code_is_measured(report):
    measured = {(row["ranking"], row["n_bits"]) for row in report["lengths"]}
    every = range(32, 257, 32)
    assert measured == {(name, bits) for name in ("code", "lsh") for bits in every}
    whole = next(row for row in report["rows"] if row["ranking"] == "code")
    last = [row for row in report["lengths"] if row["ranking"] == "code"][-1]
    assert (last["n_bits"], last["map"]) == (256, whole["map"])


def test_the_report_has_curves_codes_and_search_times(report):
    assert len(report["recalls"]) == len(RECALL_LEVELS)
    for curve in report["curves"].values():
        assert len(curve) == len(RECALL_LEVELS)
        assert all(0 <= precision <= 1 for precision in curve)
    assert len(report["codes"]["ones"]) == 256
    assert set(report["within 2 bits"]) == {"code", "lsh"}
    assert 0 < report["search"]["median_ms"] <= report["search"]["p95_ms"]


def test_trained_classes_are_reported_apart_from_others(shop):
    report = evaluate(
        load_encoder(SHIPPED),
        gallery=PictureSet.parse(f"{shop}:catalogue"),
        queries=PictureSet.parse(f"{shop}:photo"),
        label="fine_label",
        trained_on=PictureSet.parse(f"{shop}:fine_label!=red"),
    )
    seen, unseen = report["seen"]["seen"], report["seen"]["unseen"]
    assert (seen["n_queries"], unseen["n_queries"]) == (6, 2)
    for group in (seen, unseen):
        assert [r["ranking"] for r in group["rows"]] == [
            r["ranking"] for r in report["rows"]
        ]
    whole = {row["ranking"]: row["map"] for row in report["rows"]}
    for known, other in zip(seen["rows"], unseen["rows"], strict=True):
        both = (6 * known["map"] + 2 * other["map"]) / 8
        assert both == pytest.approx(whole[known["ranking"]], abs=2e-4)


def test_the_page_says_why_something_is_not_there(report):
    assert report["right answers"] == {"least": 1, "most": 1}
    groups = {"seen": {"n_queries": 8, "rows": report["rows"]}}
    page = as_html(report | {"seen": groups | {"unseen": {"n_queries": 0, "rows": []}}})
    assert "1 answer a query" in page and "lines are about level" in page
    assert "ITQ is fitted where" in page  # of four pictures no 32 bits
    assert "All of these queries are of classes that were trained on" in page
    assert "never trained on" not in page
    assert as_text(report | {"seen": groups}).count("rerank") == 1
    both = groups | {"unseen": {"n_queries": 1, "rows": report["rows"]}}
    page = as_html(report | {"seen": both, "right answers": {"least": 0, "most": 3}})
    assert "Classes that were never trained on" in page
    assert "0 to 3 answers a query" in page and "about level" not in page


def test_queries_answered_right_are_not_among_the_worst(shop):
    measurement = Measurement.encode(
        load_encoder(SHIPPED),
        gallery=PictureSet.parse(f"{shop}:catalogue"),
        queries=PictureSet.parse(f"{shop}:photo"),
        label="fine_label",
    )
    examples = measurement.examples()
    ranks = {"best": [], "worst": []}
    for example in examples:
        ranks[example.group].append(example.right_rank)
    assert ranks["best"] == [1, 1, 1, 1]
    assert all(rank > 1 for rank in ranks["worst"])


def test_a_class_that_is_predicted_is_found_and_one_never_learned_is_not():
    rng = np.random.default_rng(0)
    centres = 4 * rng.standard_normal((3, 10))
    features = np.concatenate([c + rng.standard_normal((30, 10)) for c in centres])
    labels = ["a"] * 30 + ["b"] * 30 + ["c"] * 30
    classify = fit_classifier(features, labels)
    assert classify.n_bits == 2
    right = classify(features) == np.repeat([0, 1, 2], 30)
    assert right.mean() > 0.95
    with pytest.raises(ValueError, match="two classes"):
        fit_classifier(features, ["a"] * 90)


def test_intervals_agree_with_drawing_groups_in_a_loop():
    values = np.random.default_rng(1).random((12, 2))
    groups = ["a"] * 6 + ["b"] * 4 + ["c"] * 2
    low, high = bootstrap_interval(values, groups)
    rng, means = np.random.default_rng(5), []
    for _ in range(4000):
        drawn = rng.choice(["a", "b", "c"], 3)
        rows = [row for name in drawn for row in range(12) if groups[row] == name]
        means.append(values[rows].mean(axis=0))
    slow_low, slow_high = np.quantile(means, (0.025, 0.975), axis=0)
    assert low == pytest.approx(slow_low, abs=0.02)
    assert high == pytest.approx(slow_high, abs=0.02)


def test_plain_colours_are_found_by_colour(report):
    rows = {row["ranking"]: row for row in report["rows"]}
    assert rows["histogram"]["hit@1"] == 1
    assert rows["rerank"]["hit@1"] == 1
    assert (report["n_queries"], report["n_gallery"]) == (8, 4)


def test_on_the_same_side_each_query_is_taken_out(shop):
    pictures = PictureSet.parse(f"{shop}:catalogue")  # one of each: nothing is left
    report = evaluate(
        load_encoder(SHIPPED), gallery=pictures, queries=pictures, label="fine_label"
    )
    assert report["n_answerable"] == 0
    assert all(row["hit@1"] == row["map"] == 0 for row in report["rows"])


def test_a_picture_is_taken_out_of_an_overlapping_gallery_too(shop):
    report = evaluate(
        load_encoder(SHIPPED),
        gallery=PictureSet.parse(f"{shop}"),
        queries=PictureSet.parse(f"{shop}:catalogue"),
        label="path",
    )
    assert report["n_answerable"] == 0


def test_closeness_is_one_for_equal_and_minus_one_for_opposite_codes():
    codes = np.array([[0, 0], [255, 255]], dtype=np.uint8)
    assert code_similarity(codes, codes).tolist() == [[1, -1], [-1, 1]]


def test_reranking_sorts_the_shortlist_and_leaves_the_others_behind():
    rng = np.random.default_rng(0)
    n = SHORTLIST + 50
    by_code = 1 - 2 * rng.permutation(n)[None] / n  # no ties
    by_embedding = rng.uniform(-1, 1, (1, n))
    order = np.argsort(-rerank(by_code, by_embedding)[0])
    shortlist = np.argsort(-by_code[0])[:SHORTLIST]
    best = shortlist[np.argsort(-by_embedding[0, shortlist])]
    assert order[:SHORTLIST].tolist() == best.tolist()
    assert order[SHORTLIST:].tolist() == np.argsort(-by_code[0])[SHORTLIST:].tolist()


def test_ties_with_the_last_of_the_shortlist_are_in_it():
    by_code = np.zeros((1, SHORTLIST + 5))
    by_embedding = np.linspace(0, 1, SHORTLIST + 5)[None]
    assert rerank(by_code, by_embedding).tolist() == by_embedding.tolist()


def test_asymmetric_scores_are_those_of_the_formula():
    rng = np.random.default_rng(0)
    layer = random_hyperplanes(16, 24)
    queries = rng.integers(-90, 90, (3, 16)).astype(np.int8)
    gallery = layer.codes(rng.integers(-90, 90, (5, 16)).astype(np.int8))
    scores = asymmetric_similarity(layer, queries, gallery)
    for q, projection in enumerate(layer.project(queries)):
        for g, code in enumerate(np.unpackbits(gallery, axis=1)):
            signs = [1 if bit else -1 for bit in code]
            dot = sum(p * sign for p, sign in zip(projection, signs, strict=True))
            norm = np.sqrt((projection**2).sum() * 24)
            assert scores[q, g] == pytest.approx(dot / norm, abs=1e-6)


def test_cosines_agree_with_the_formula():
    a, b = np.array([[3, 4]], np.int8), np.array([[4, 3], [-3, -4]], np.int8)
    assert cosines(a, b) == pytest.approx(np.array([[0.96, -1]]))


def test_codes_are_described_as_a_slow_count_does():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 2, (40, 1), dtype=np.uint8) * np.uint8(255)
    codes = np.concatenate([codes, rng.integers(0, 4, (40, 1), dtype=np.uint8)], axis=1)
    figures = describe_codes(codes)
    bits = np.unpackbits(codes, axis=1).astype(float)
    shares = [column.mean() for column in bits.T]
    logs = [
        -sum(p * np.log2(p) for p in (share, 1 - share) if p > 0) for share in shares
    ]
    assert figures["bias"] == pytest.approx(
        np.mean([abs(2 * s - 1) for s in shares]), abs=1e-4
    )
    assert figures["entropy"] == pytest.approx(np.mean(logs), abs=1e-4)
    pairs = [
        abs(np.corrcoef(bits[:, i], bits[:, j])[0, 1])
        if bits[:, i].std() and bits[:, j].std()
        else 0.0
        for i in range(16)
        for j in range(16)
        if i != j
    ]
    assert figures["correlation"] == pytest.approx(np.mean(pairs), abs=1e-4)
    counts = {code: [*map(bytes, codes)].count(code) for code in map(bytes, codes)}
    assert figures["distinct"] == round(len(counts) / 40, 4)
    assert figures["colliding"] == sum(n for n in counts.values() if n > 1) / 40
    assert figures["largest_bucket"] == max(counts.values())
    assert figures["ones"] == [round(share, 3) for share in shares]


class Addresses(HTMLParser):
    found: list[str]

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href")]
        self.tags = [*getattr(self, "tags", []), tag]


def test_evaluate_writes_a_report_for_programs_and_one_for_people(
    shop, tmp_path, capsys
):
    options = ["--encoder", str(SHIPPED), "--report", str(tmp_path / "report")]
    sides = ["--gallery", f"{shop}:catalogue", "--queries", f"{shop}:photo"]
    assert main(["evaluate", *options, *sides, "--label", "fine_label"]) == 0
    stored = json.loads((tmp_path / "report" / "report.json").read_text())
    assert (stored["n_queries"], stored["n_gallery"]) == (8, 4)
    assert stored["encoder"]["fingerprint"] == load_encoder(SHIPPED).fingerprint
    page = (tmp_path / "report" / "report.html").read_text()
    assert "rerank" in page and "histogram" in page
    parser = Addresses()
    parser.feed(page)
    assert parser.found
    assert all(
        address.startswith("data:image/jpeg;base64,") for address in parser.found
    )
    assert parser.tags.count("svg") == 4
    assert parser.tags.count("figure") == parser.tags.count("img") == len(parser.found)
    assert "script" not in parser.tags and "link" not in parser.tags
    assert "url(" not in page
    assert "rerank" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"--encoder": "nowhere"}, "card.json"),
        ({"--gallery": "nowhere"}, "nowhere"),
        ({"--label": "brand"}, "brand"),
    ],
)
def test_sets_that_cannot_be_measured_are_named_in_one_line(
    shop, tmp_path, capsys, change, reason
):
    options = {
        "--encoder": str(SHIPPED),
        "--gallery": f"{shop}:catalogue",
        "--queries": f"{shop}:photo",
        "--label": "fine_label",
        "--report": str(tmp_path),
    }
    words = [word for pair in (options | change).items() for word in pair]
    assert main(["evaluate", *words]) == 1
    assert reason in capsys.readouterr().err


def test_encode_writes_one_row_a_picture(tmp_path, capsys):
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    picture("red").save(folder / "b.png")
    picture("blue").save(folder / "deep" / "a.jpg")
    (folder / "notes.txt").write_text("no picture")
    words = ["--encoder", str(SHIPPED), "--images", str(folder)]
    assert main(["encode", *words, "--out", str(tmp_path / "codes.npz")]) == 0
    with np.load(tmp_path / "codes.npz") as stored:
        assert stored["paths"].tolist() == ["b.png", "deep/a.jpg"]
        assert stored["codes"].shape == (2, 32)
        assert stored["embeddings"].dtype == np.int8
        expected = load_encoder(SHIPPED).encode([picture("red")])
        assert hamming(stored["codes"][:1], expected.codes)[0, 0] == 0
        assert str(stored["fingerprint"]) == load_encoder(SHIPPED).fingerprint


def test_encode_names_the_file_that_is_no_picture(tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"nothing")
    words = ["--encoder", str(SHIPPED), "--images", str(tmp_path)]
    assert main(["encode", *words, "--out", str(tmp_path / "codes.npz")]) == 1
    assert "broken.png" in capsys.readouterr().err
