"""Whether a similarity means what it says: expected calibration error of four shops.

    python -m benchmarks.bench_calibration [--encoder DIR]

Each shop is calibrated on its own pictures as a snapshot is
(search/gallery/calibration.py), and judged on products that its curve has not seen:
the products fall into two halves, each judged by the curve of the other. The queries
are the shop's pictures for each other, and where there are photos that are none of the
shop's, those. Beside it the curve of the encoder's card. Errors are over all answers
that a shopper sees (20 a query), and over the first alone, which decides what the page
says. Of few queries even a curve that is right shows an error, by chance: how large is
beside it. One row has GOLDEN of the photos as golden queries, each photo judged by
those of other products. Nothing is drawn but by seed 0.
"""

# ruff: noqa: E402
import argparse
import csv
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="semblance-bench-")

import django
import numpy as np

django.setup()  # before the shop is imported

from benchmarks.shop import BASE_DIR, DATA, save_result
from hashing import SHIPPED, CodeIndex, Encoder, load_encoder
from hashing.picture_sets import PictureSet, open_picture
from search.gallery import calibration
from search.gallery.calibration import JudgedAnswers
from search.gallery.columns import WORD_COLUMNS, WordColumn
from search.gallery.reliability import expected_error, reliability
from search.gallery.rows import Rows

DEMO = BASE_DIR / "catalogue" / "demo" / "pictures"
GOLDEN = 40  # photos in all: staff has some dozens
DRAWS = 200  # of what chance does to an error
Encoded = tuple[np.ndarray, np.ndarray]  # embeddings, codes


def encode(encoder: Encoder, pictures: list[Any]) -> Encoded:
    parts = [
        encoder.encode(pictures[start : start + 16])
        for start in range(0, len(pictures), 16)
    ]
    return (
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.codes for part in parts]),
    )


def of_set(encoder: Encoder, text: str) -> tuple[Encoded, list[str]]:
    pictures = PictureSet.parse(text)
    return encode(encoder, list(pictures.pictures())), pictures.column("product_id")


def of_demo(encoder: Encoder) -> tuple[Encoded, list[str]]:
    """Return the shop that `load_demo` fills."""
    images, products = [], []
    with (DEMO / "catalogue.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            for name in filter(None, row["images"].split(";")):
                images.append(open_picture(Path(DEMO / "images" / name.strip())))
                products.append(row["sku"])
    return encode(encoder, images), products


def a_shop(encoded: Encoded, numbers: np.ndarray) -> tuple[Rows, CodeIndex]:
    embeddings, codes = encoded
    n = len(codes)
    nothing = np.zeros(n, np.int64)
    rows = Rows(
        image_id=np.arange(n),
        product_id=numbers,
        category_id=nothing,
        price=nothing,
        in_stock=np.ones(n, np.bool_),
        codes=codes,
        embeddings=embeddings,
        words={name: WordColumn.of([""] * n) for name in WORD_COLUMNS},
    )
    return rows, CodeIndex.build(rows.image_id, codes)


def some_of(asked: JudgedAnswers, queries: int) -> JudgedAnswers:
    which = np.random.default_rng(0).permutation(asked.queries)[:queries]
    return asked.only(np.isin(np.cumsum(asked.rank == 0) - 1, which))


def by_chance(predicted: np.ndarray) -> float:
    """Return the error of a curve that is right, where so few are asked."""
    rng = np.random.default_rng(0)
    drawn = [rng.random(len(predicted)) < predicted for _ in range(DRAWS)]
    errors = [expected_error(predicted, is_right) for is_right in drawn]
    return round(float(np.mean(errors)), 4)


def line(
    asked: JudgedAnswers,
    fit_on: JudgedAnswers,
    card: Any,
    golden: JudgedAnswers | None = None,
) -> dict[str, Any]:
    predicted = calibration.cross_validated(asked, fit_on, card, golden)
    by_card = calibration.probabilities(card, asked.cosine)
    first = asked.rank == 0
    error, right = expected_error, asked.is_right
    return {
        "fitted to products": len(np.unique(fit_on.product_id)),
        "queries": asked.queries,
        "error": error(predicted, right),
        "error of first": error(predicted[first], right[first]),
        "by chance": by_chance(predicted[first]),
        "card's error": error(by_card, right),
        "card's error of first": error(by_card[first], right[first]),
        "first right": round(float(right[first].mean()), 4),
        "reliability of first": [
            vars(each) for each in reliability(predicted[first], right[first])
        ],
    }


def measure(encoder: Encoder) -> dict[str, Any]:
    shops = {
        name: of_set(encoder, str(DATA / text))
        for name, text in (
            ("grocery", "grocery.tar:split!=val"),
            ("luma", "luma.tar"),
            ("demo shops", "demoshop.tar"),
        )
    } | {"demo": of_demo(encoder)}
    photos = {"grocery": of_set(encoder, f"{DATA / 'grocery.tar'}:val")}
    card, found = encoder.card.match_curve, {}
    for name, (encoded, products) in shops.items():
        number = {product: at for at, product in enumerate(sorted(set(products)))}
        numbers = np.array([number[product] for product in products])
        rows, index = a_shop(encoded, numbers)
        own = calibration.judge_own_images(rows, index)
        found[f"{name}, own pictures"] = line(own, own, card)
        if name in photos:
            (embeddings, codes), of = photos[name]
            wanted = np.array([number[product] for product in of])
            none = np.full(len(of), -1)
            asked = calibration.judge_answers(
                rows, index, embeddings, codes, wanted, none
            )
            found[f"{name}, photos"] = line(asked, own, card)
            golden = some_of(asked, GOLDEN)
            row = f"{name}, photos, {GOLDEN} golden"
            found[row] = line(asked, own, card, golden)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, default=SHIPPED)
    encoder = load_encoder(parser.parse_args().encoder)
    found = measure(encoder)
    columns = [name for name in next(iter(found.values())) if "reliability" not in name]
    print(f"{'':24}" + "".join(f"{name:>24}" for name in columns))
    for name, row in found.items():
        print(f"{name:24}" + "".join(f"{row[column]:>24}" for column in columns))
    header = {"seed": 0, "encoder": encoder.fingerprint, "goal": 0.05}
    print(save_result("calibration", {**header, "rows": found}))


if __name__ == "__main__":
    main()
