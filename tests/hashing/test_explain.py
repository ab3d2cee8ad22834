"""Which regions made codes agree: the formula, words, and hiding what mattered."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from hashing import SHIPPED, load_encoder, unpack
from hashing.__main__ import main
from hashing.cards import Part
from hashing.embeddings import quantise_embeddings
from hashing.explain import (
    EVERYWHERE,
    RegionEncoding,
    explain,
    explain_encoded,
    hide_cells,
    measure_deletion,
    name_place,
    spotlight,
)
from hashing.layers.lsh import random_hyperplanes
from hashing.picture_sets import open_picture
from tests.hashing.pictures import noise, picture

DEMO = Path("demo/pictures/images")
PARTS = (Part("item", 0, 5, 0.8), Part("look", 5, 8, 0.6))
TINY = SimpleNamespace(
    layer=random_hyperplanes(8, 16), n_bits=16, card=SimpleNamespace(parts=PARTS)
)


def looked(seed):
    rng = np.random.default_rng(seed)
    regions = rng.standard_normal((2, 3, 8)).astype(np.float32)
    code = TINY.layer.codes(quantise_embeddings(regions.sum(axis=(0, 1))[np.newaxis]))
    return RegionEncoding(regions, code)


def slow_map(picture, code):
    """Cell by cell, bit by bit."""
    rotation = TINY.layer.rotation.astype(float)
    signs = [1 if bit else -1 for bit in unpack(code)[0]]
    whole = picture.regions.sum(axis=(0, 1))
    projected = [float(whole @ rotation[:, bit]) for bit in range(16)]
    length = sum(p * p for p in projected) ** 0.5 * 16**0.5
    cells = np.zeros((2, 3))
    for row in range(2):
        for column in range(3):
            for bit, sign in enumerate(signs):
                moved = float(picture.regions[row, column] @ rotation[:, bit])
                cells[row, column] += moved * sign / length
    return cells


def test_maps_are_the_formula_and_parts_add_up_to_them():
    query, answer = looked(0), looked(1)
    told = explain_encoded(TINY, query, answer)
    assert told.query == pytest.approx(slow_map(query, answer.code))
    assert told.answer == pytest.approx(slow_map(answer, query.code))
    for side in ("query", "answer"):
        parts = sum(getattr(part, side) for part in told.parts)
        assert parts == pytest.approx(getattr(told, side))
    equal = unpack(query.code) == unpack(answer.code)
    assert told.agreement == equal.mean()


def test_shares_add_up_to_one_and_the_largest_is_first():
    for seed in range(5):
        parts = explain_encoded(TINY, looked(seed), looked(seed + 10)).parts
        assert {part.name for part in parts} == {"item", "look"}
        assert sum(part.share for part in parts) in (pytest.approx(1), 0)
        assert parts[0].share >= parts[1].share >= 0
        assert all(-1.0001 <= part.cosine <= 1.0001 for part in parts)


def test_the_same_picture_agrees_in_all_bits_and_parts():
    told = explain_encoded(TINY, looked(3), looked(3))
    assert told.agreement == 1
    assert [part.cosine for part in told.parts] == pytest.approx([1, 1])
    assert np.array_equal(told.query, told.answer)


def test_a_picture_that_is_nothing_agrees_with_nothing():
    nothing = RegionEncoding(np.zeros((2, 3, 8), np.float32), looked(0).code)
    told = explain_encoded(TINY, nothing, nothing)
    assert not told.query.any()
    assert [part.share for part in told.parts] == [0, 0]


@pytest.mark.parametrize(
    ("cell", "where"),
    [
        ((0, 0), "upper left"),
        ((0, 3), "top"),
        ((3, 3), "centre"),
        ((6, 6), "lower right"),
    ],
)
def test_a_place_is_where_most_agrees(cell, where):
    cells = np.full((7, 7), 0.001)
    cells[cell] = 1
    assert name_place(cells) == where


def test_agreement_in_most_cells_or_in_none_is_everywhere():
    assert name_place(np.ones((7, 7))) == EVERYWHERE
    assert name_place(np.zeros((7, 7))) == name_place(-np.ones((7, 7))) == EVERYWHERE


def test_a_spotlight_leaves_light_where_a_map_is_high():
    cells = np.zeros((7, 7))
    cells[1, 1] = 2.0
    lit = np.asarray(spotlight(Image.new("RGB", (70, 70), "white"), cells))
    assert lit[15, 15].min() > 200
    assert lit[55:, 55:].max() < 70
    dark = np.asarray(spotlight(Image.new("RGB", (70, 70), "white"), -cells))
    assert dark.max() < 70


def test_hiding_paints_cells_in_the_mean_and_leaves_the_others():
    image = picture("red", size=(70, 140))
    hidden = np.asarray(hide_cells(image, [0, 48], (7, 7)))
    pixels = np.asarray(image)
    mean = np.rint(pixels.mean(axis=(0, 1)))
    assert (hidden[:20, :10] == mean).all() and (hidden[120:, 60:] == mean).all()
    assert np.array_equal(hidden[20:120], pixels[20:120])


@pytest.fixture(scope="module")
def encoder():
    encoder = load_encoder(SHIPPED)
    if not encoder.has_regions:
        pytest.skip("the encoder that is shipped tells no regions apart")
    return encoder


def test_hiding_the_cells_that_matter_costs_more_than_random_cells(encoder):
    """Of ten products of the demo shop, two views each; see bench_explain for more."""
    rng = np.random.default_rng(0)
    views = sorted(DEMO.glob("*-2.webp"))[::13][:10]
    pairs = [(view, view.with_name(view.name.replace("-2", "-1"))) for view in views]
    lost = [
        measure_deletion(encoder, *map(open_picture, pair), rng, draws=2)
        for pair in pairs
    ]
    for figure in ("bits", "cosine"):
        ours = np.array([getattr(one, figure) for one in lost])
        chance = np.array([getattr(one, f"random_{figure}") for one in lost])
        assert ours.mean() > 1.5 * chance.mean() > 0
        assert (ours > chance).mean() > 0.7


def test_two_colours_agree_in_look_and_two_shapes_in_item(encoder):
    def share(other):
        told = explain(encoder, picture("red", "ellipse"), other)
        return {part.name: part.cosine for part in told.parts}["look"]

    assert share(picture("red", "rectangle")) > share(picture("blue", "ellipse")) + 0.3


def test_the_command_draws_both_pictures_and_describes_the_agreement(
    encoder, tmp_path, capsys
):
    picture("red").save(tmp_path / "a.png")
    noise((50, 90)).save(tmp_path / "b.png")
    files = [str(tmp_path / name) for name in ("a.png", "b.png")]
    out = tmp_path / "why.png"
    assert main(["explain", *files, "--encoder", str(SHIPPED), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "of the bits agree" in told and "look" in told
    with Image.open(out) as drawn:
        assert drawn.size == (640, 640)
