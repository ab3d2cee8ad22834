"""The encoder that ships, on products that it was taught and on others.

    python -m benchmarks.bench_shipped [--seeds 3]

Everything is the recipe's (hashing/recipes/lite0.toml), learned anew for each seed of
what the network sees, which it is asked once. "Shipped" learns from all its sources.
"Unseen" are twins: one that was shown no grocery, no sportswear (luma) and nothing of
the warehouse, with labels or without; and for each seed one without 41 of the 81
products of the grocery, drawn by chance. Beside each: the network's own features
("features", float ImageNet), LSH and ITQ of these, and the colour histogram.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.shop import save_result
from hashing import SHIPPED
from hashing.data import PictureSet
from hashing.encoder import Features, open_network
from hashing.evaluation.metrics import same, summarise
from hashing.evaluation.ranking import Side, answerable, closeness, measure
from hashing.fitting.making import Parts, Seen, Shown, learn, look_at, show
from hashing.fitting.recipe import Recipe
from hashing.layers.itq import fit_itq
from hashing.layers.linear import quantise

RECIPE = Path("hashing/recipes/lite0.toml")
DATA = "../shared/data"
QUESTIONS = {
    "grocery photo → train photos, fine": (
        f"{DATA}/grocery.tar:val",
        f"{DATA}/grocery.tar:train",
        "fine_label",
    ),
    "grocery photo → train photos, coarse": (
        f"{DATA}/grocery.tar:val",
        f"{DATA}/grocery.tar:train",
        "coarse_label",
    ),
    "grocery photo → catalogue": (
        f"{DATA}/grocery.tar:val",
        f"{DATA}/grocery.tar:iconic",
        "product_id",
    ),
    "clothing → train": (
        f"{DATA}/clothing.tar:validation",
        f"{DATA}/clothing.tar:train",
        "fine_label",
    ),
    "luma view → main": (
        f"{DATA}/luma.tar:view!=main",
        f"{DATA}/luma.tar:view=main",
        "product_id",
    ),
    "warehouse photo → catalogue": (
        f"{DATA}/warehouse.tar:photo",
        f"{DATA}/warehouse.tar:catalogue",
        "product_id",
    ),
}
SHIPPED_ROWS = list(QUESTIONS)[:4]
UNSEEN_ROWS = list(QUESTIONS)[2:]
TWIN_WITHOUT = ("grocery.tar", "luma.tar", "warehouse.tar")
UNSEEN_PRODUCTS = 41
RANKINGS = ("code", "rerank", "float", "features", "lsh", "itq features", "histogram")
FIGURES = ("hit@1", "hit@5", "knn", "map")

Rows = dict[str, dict[str, float]]  # ranking to figures


class Looked:
    """What the shipped network sees in the pictures of sets, asked once for each."""

    def __init__(self) -> None:
        self._session = open_network(SHIPPED / "network.onnx")
        self._seen: dict[str, Seen] = {}

    def shown(self, recipe: Recipe) -> list[Shown]:
        return [show(self._session, recipe, source) for source in recipe.sources]

    def of(self, text: str) -> Seen:
        if text not in self._seen:
            pictures = PictureSet.parse(text).pictures()
            self._seen[text] = look_at(self._session, pictures)
        return self._seen[text]

    def side(self, parts: Parts, text: str, label: str) -> Side:
        seen, pictures = self.of(text), PictureSet.parse(text)
        embedding = parts.embed(seen)
        features = Features(embedding, seen.item, seen.look, seen.known)
        embeddings = quantise(embedding)
        codes = parts.layer.codes(embeddings)
        return Side(features, embeddings, codes, pictures.column(label), pictures.keys)


def ask(looked: Looked, parts: Parts, question: str) -> tuple[Rows, int]:
    """Figures over the queries that can be answered, by ranking; and their number."""
    queries, gallery, label = QUESTIONS[question]
    asked, found = (looked.side(parts, text, label) for text in (queries, gallery))
    kept = np.isin(asked.labels, found.labels)
    return rows_of(parts, only(asked, kept), found), answerable(asked, found)


def rows_of(parts: Parts, asked: Side, found: Side) -> Rows:
    rows = {
        row["ranking"]: {figure: row[figure] for figure in FIGURES}
        for row in measure(parts.layer, asked, found)
    }
    items = [quantise(side.features.item) for side in (asked, found)]
    n_bits = min(parts.layer.n_bits, len(found) // 8 * 8)
    # On the gallery itself, every bit for the whole code: ITQ at its best.
    layer = fit_itq(items[1], n_bits, prefixes=False)
    scores = closeness(*(layer.codes(item) for item in items))
    figures = summarise(
        np.where(same(asked.keys, found.keys), -np.inf, scores),
        query_labels=asked.labels,
        gallery_labels=found.labels,
    )
    rows["itq features"] = {figure: figures[figure] for figure in FIGURES}
    return {name: rows[name] for name in RANKINGS}


def only(side: Side, kept: np.ndarray) -> Side:
    """Some of the pictures of a side."""
    places = np.flatnonzero(kept)
    features = side.features
    parts = [features.embedding, features.item, features.look, features.known]
    return Side(
        Features(*(None if part is None else part[places] for part in parts)),
        side.embeddings[places],
        side.codes[places],
        [side.labels[place] for place in places],
        tuple(side.keys[place] for place in places),
    )


def without(shown: Iterable[Shown], label: set[str]) -> Iterator[Shown]:
    """Sources without the pictures of some labels."""
    for one in shown:
        kept = np.array([name not in label for name in one.labels], dtype=bool)
        if kept.all():
            yield one
            continue
        again = one.retaken
        if again is not None:
            turns = len(again.known) // len(kept)
            again = some(again, np.repeat(kept, turns))
        labels = [name for name in one.labels if name not in label]
        yield Shown(one.source, some(one.seen, kept), labels, again)


def some(seen: Seen, kept: np.ndarray) -> Seen:
    return Seen(seen.item[kept], seen.look[kept], seen.known[kept])


def unseen_products(
    looked: Looked, recipe: Recipe, shown: list[Shown]
) -> dict[str, Any]:
    """A twin without 41 products: their photos in a gallery of them alone."""
    queries, gallery, label = QUESTIONS["grocery photo → train photos, fine"]
    products = sorted(set(PictureSet.parse(gallery).column(label)))
    drawn = np.random.default_rng(recipe.seed).permutation(products)
    hidden = set(drawn[:UNSEEN_PRODUCTS].tolist())
    left = list(without(shown, hidden))
    parts = learn(recipe, left)
    sides = (looked.side(parts, text, label) for text in (queries, gallery))
    asked, found = (only(s, np.isin(s.labels, list(hidden))) for s in sides)
    return {"n_queries": len(asked), "rows": rows_of(parts, asked, found)}


def summary(runs: list[Rows]) -> Rows:
    """Means over the seeds."""
    return {
        ranking: {
            figure: round(mean(run[ranking][figure] for run in runs), 4)
            for figure in FIGURES
        }
        for ranking in RANKINGS
    }


def print_rows(title: str, rows: Rows) -> None:
    print(f"\n{title}\n{'':14}" + "".join(f"{figure:>8}" for figure in FIGURES))
    for ranking, figures in rows.items():
        cells = "".join(f"{figures[figure]:8.3f}" for figure in FIGURES)
        print(f"{ranking:14}{cells}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    recipe, looked = Recipe.read(RECIPE), Looked()
    shown = looked.shown(recipe)
    strangers = [
        one for one in shown if not any(word in one.source.set for word in TWIN_WITHOUT)
    ]
    runs: dict[str, dict[str, list[Any]]] = {"shipped": {}, "unseen": {}}
    for seed in seeds:
        own = replace(recipe, seed=seed)
        encoders = {
            "shipped": (learn(own, shown), SHIPPED_ROWS),
            "unseen": (learn(own, strangers), UNSEEN_ROWS),
        }
        for name, (parts, questions) in encoders.items():
            for question in questions:
                rows, n_queries = ask(looked, parts, question)
                run = {"n_queries": n_queries, "rows": rows}
                runs[name].setdefault(question, []).append(run)
        run = unseen_products(looked, own, shown)
        runs["unseen"].setdefault("41 groceries", []).append(run)
    result: dict[str, Any] = {"seeds": list(seeds), "network": "efficientnet_lite0"}
    for name, questions in runs.items():
        result[name] = {}
        for question, each in questions.items():
            rows = summary([run["rows"] for run in each])
            result[name][question] = {"mean": rows, "runs": each}
            print_rows(f"{name}: {question}", rows)
    print(save_result("shipped", result))


if __name__ == "__main__":
    main()
