"""Whether explanations say what mattered: hide it, and see whether codes still agree.

    python -m benchmarks.bench_explain [--pairs 60]

Of each pair (a view or photo, its catalogue picture) a fifth of the query's cells is
painted in the picture's mean colour: those that the explanation puts first, and as many
by chance (mean of three draws). Samek et al., TNNLS 2017. Ten pairs are drawn into the
folder that is printed.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.shop import BASE_DIR, DATA, save_result
from hashing import SHIPPED, load_encoder
from hashing.encoder import Encoder
from hashing.explain import as_text, draw_comparison, explain, measure_deletion
from hashing.picture_sets import PictureSet, open_picture

SEED = 0
DRAWN = 10
DEMO = BASE_DIR / "catalogue" / "demo" / "pictures" / "images"
SETS = {
    "grocery photo": ("grocery.tar:val", "grocery.tar:iconic"),
    "luma view": ("luma.tar:view!=main", "luma.tar:view=main"),
    "warehouse photo": ("warehouse.tar:photo", "warehouse.tar:catalogue"),
}

Pairs = list[tuple[Image.Image, Image.Image]]


def demo_pairs() -> Pairs:
    """Two views of each product of the demo shop."""
    views = sorted(DEMO.glob("*-2.webp"))
    return [
        (
            open_picture(view),
            open_picture(view.with_name(view.name.replace("-2.", "-1."))),
        )
        for view in views
    ]


def set_pairs(queries: str, gallery: str) -> Pairs:
    """Each query that has a picture of its product in the gallery, with the first."""
    asked, found = (PictureSet.parse(f"{DATA}/{text}") for text in (queries, gallery))
    answers: dict[str, Image.Image] = {}
    for product, image in zip(
        found.column("product_id"), found.pictures(), strict=True
    ):
        answers.setdefault(product, image)
    return [
        (image, answers[product])
        for product, image in zip(
            asked.column("product_id"), asked.pictures(), strict=True
        )
        if product in answers
    ]


def measure(encoder: Encoder, pairs: Pairs) -> dict[str, Any]:
    """Means over pairs of what hiding costs, and how often it costs more."""
    rng = np.random.default_rng(SEED)
    lost = [measure_deletion(encoder, *pair, rng) for pair in pairs]
    row: dict[str, Any] = {"pairs": len(pairs)}
    for figure in ("bits", "cosine"):
        ours, chance = (
            np.array([getattr(one, name) for one in lost])
            for name in (figure, f"random_{figure}")
        )
        row[figure] = {
            "explained": round(float(ours.mean()), 4),
            "chance": round(float(chance.mean()), 4),
            "more than chance in": round(float((ours > chance).mean()), 4),
        }
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60, help="of each set, at most")
    options = parser.parse_args()
    encoder = load_encoder(SHIPPED)
    all_pairs = {"demo view": demo_pairs()}
    all_pairs |= {name: set_pairs(*texts) for name, texts in SETS.items()}
    folder = Path(tempfile.mkdtemp(prefix="semblance-explanations-"))
    rows: dict[str, Any] = {}
    print(f"{'lost by hiding':18}{'bits':>8}{'chance':>8}{'cosine':>8}{'chance':>8}")
    for name, pairs in all_pairs.items():
        pairs = pairs[:: max(1, len(pairs) // options.pairs)][: options.pairs]
        for number in range(0, len(pairs), len(pairs) // (DRAWN // len(all_pairs)) - 1):
            told = explain(encoder, *pairs[number])
            draw_comparison(*pairs[number], told).save(folder / f"{name}-{number}.png")
            (folder / f"{name}-{number}.txt").write_text(as_text(told))
        rows[name] = row = measure(encoder, pairs)
        figures = [
            row[f][k] for f in ("bits", "cosine") for k in ("explained", "chance")
        ]
        print(
            f"{name:18}" + "".join(f"{figure:8.3f}" for figure in figures), flush=True
        )
    result = {"seed": SEED, "encoder": encoder.fingerprint, "hidden": 0.2, "rows": rows}
    print(save_result("explain", result), folder)


if __name__ == "__main__":
    main()
