"""The encoder that ships, on products that it was taught and on others.

    python -m benchmarks.bench_shipped [--seeds 3]

Everything is the recipe's (hashing/recipes/lite0.toml), tuned and learned anew for each
seed. "Shipped" learns from all its sources. "Unseen" are twins: one that was shown no
grocery, no sportswear (luma) and nothing of the warehouse, with labels or without; and
for each seed one without 41 of the 81 products of the grocery, drawn by chance. Beside
each: the features of the network as it was before ("features", float ImageNet), LSH and
ITQ of these, and the colour histogram.

What the network sees below its last stage is the same for all, and kept in the
temporary folder; it takes half an hour, and each twin five minutes of a core.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any, Self

import numpy as np
import torch
from django.utils.text import slugify
from torch import nn

from benchmarks.shop import save_result
from hashing import SHIPPED
from hashing.embeddings import l2_normalise, quantise_embeddings
from hashing.encoder import Features, open_network
from hashing.evaluation.metrics import equal_pairs, mean_figures
from hashing.evaluation.rankings import (
    EncodedSet,
    code_similarity,
    count_answerable,
    measure_rankings,
)
from hashing.fitting.fit_recipe import FitRecipe, RecipeSource
from hashing.fitting.pipeline import (
    FittedParts,
    ImageFeatures,
    SourceFeatures,
    compute_features,
    compute_source,
    fit_parts,
    make_tuning_views,
)
from hashing.fitting.tuning import (
    BATCH,
    StemMaps,
    TuningViews,
    compute_stem_maps,
    split_last_stage,
    tune,
)
from hashing.layers.itq import fit_itq
from hashing.networks.architectures import load_imagenet_lite0
from hashing.picture_sets import PictureSet

FOLDER = Path(tempfile.gettempdir()) / "semblance-shipped"
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


@dataclass(frozen=True)
class Kept:
    """A source, or a side of a question, as all but the last stage sees it."""

    seen: ImageFeatures  # of the pictures; look and stuff are the same for all
    maps: StemMaps  # of the pictures
    retaken: ImageFeatures | None = None
    retaken_maps: StemMaps | None = None
    subjects: TuningViews | None = None

    def by(self, stage: nn.Module) -> ImageFeatures:
        """Return the pictures as a network with this last stage sees them."""
        return seen_by(stage, self.seen, self.maps)


class Looked:
    """What the networks see in the pictures of sets, asked once for each."""

    def __init__(self, recipe: FitRecipe) -> None:
        self._recipe = recipe
        self._session = open_network(SHIPPED / "network.onnx")
        self._network = load_imagenet_lite0()
        self._kept: dict[str, Kept] = {}
        FOLDER.mkdir(exist_ok=True)

    def source(self, source: RecipeSource) -> Kept:
        shown = compute_source(self._session, self._recipe, source)
        if not source.tuning_label:
            return Kept(shown.pictures, self._maps(source.set))
        maps = self._subjects(source)
        views = maps.reshape(len(shown.pictures.item), -1, *maps.shape[1:])
        labels = PictureSet.parse(source.set).column(source.tuning_label)
        again = views[:, 1 : 1 + source.kind_photos].reshape(-1, *maps.shape[1:])
        subjects = TuningViews(maps, labels, source.tuning_share)
        return Kept(shown.pictures, views[:, 0], shown.photos, again, subjects)

    def side(
        self, stage: nn.Module, parts: FittedParts, text: str, label: str
    ) -> EncodedSet:
        if text not in self._kept:
            seen = compute_features(self._session, PictureSet.parse(text).pictures())
            self._kept[text] = Kept(seen, self._maps(text))
        seen, pictures = self._kept[text].by(stage), PictureSet.parse(text)
        before = self._kept[text].by(split_last_stage(self._network)[1])
        embedding = parts.embed(seen)
        features = Features(embedding, before.item, seen.look, seen.combined)
        embeddings = quantise_embeddings(embedding)
        codes = parts.layer.codes(embeddings)
        return EncodedSet(
            features, embeddings, codes, pictures.column(label), pictures.keys
        )

    def _maps(self, text: str) -> StemMaps:
        def look() -> StemMaps:
            return compute_stem_maps(self._network, PictureSet.parse(text).pictures())

        return kept(text, look)

    def _subjects(self, source: RecipeSource) -> StemMaps:
        def look() -> StemMaps:
            return make_tuning_views(self._network, self._recipe, source).maps

        return kept(f"{source.set} {source.tuning_photos} {self._recipe.seed}", look)


def kept(name: str, look: Callable[[], StemMaps]) -> StemMaps:
    """StemMaps from the temporary folder; looked for where they are not there."""
    path = FOLDER / f"{slugify(name.replace('!=', ' not '))}.npy"
    if not path.exists():
        np.save(path, look())
    maps: StemMaps = np.load(path, mmap_mode="r")
    return maps


@torch.inference_mode()
def seen_by(stage: nn.Module, seen: ImageFeatures, maps: StemMaps) -> ImageFeatures:
    """Return what a network sees with this last stage, of which only things depend."""
    chunks = np.array_split(maps, -(-len(maps) // BATCH))
    pooled = [
        stage(torch.from_numpy(one.astype(np.float32))).mean((2, 3)) for one in chunks
    ]
    item = l2_normalise(torch.cat(pooled).numpy())
    combined = np.hstack(
        [l2_normalise(np.sqrt(item)), seen.combined[:, item.shape[1] :]]
    )
    return ImageFeatures(item, seen.look, combined)


@dataclass(frozen=True)
class Twin:
    """An encoder in its pieces."""

    stage: nn.Module
    parts: FittedParts

    @classmethod
    def of(
        cls, recipe: FitRecipe, shown: Sequence[tuple[RecipeSource, Kept, set[str]]]
    ) -> Self:
        """Tuned and learned from sources without some labels each."""
        network = load_imagenet_lite0()
        left = [
            (source, *without(one, source, hidden)) for source, one, hidden in shown
        ]
        taught = [one.subjects for _, one, _ in left if one.subjects is not None]
        stage = split_last_stage(
            tune(network, taught, recipe.tuning, seed=recipe.seed)
        )[1]
        learned = [
            SourceFeatures(
                source,
                one.by(stage),
                labels,
                one.retaken and seen_by(stage, one.retaken, one.retaken_maps),
            )
            for source, one, labels in left
        ]
        return cls(stage, fit_parts(recipe, learned))


def ask(looked: Looked, twin: Twin, question: str) -> tuple[Rows, int]:
    """Figures over the queries that can be answered, by ranking; and their number."""
    queries, gallery, label = QUESTIONS[question]
    asked, found = (
        looked.side(twin.stage, twin.parts, text, label) for text in (queries, gallery)
    )
    kept = np.isin(asked.labels, found.labels)
    return rows_of(twin.parts, only(asked, kept), found), count_answerable(asked, found)


def rows_of(parts: FittedParts, asked: EncodedSet, found: EncodedSet) -> Rows:
    rows = {
        row["ranking"]: {figure: row[figure] for figure in FIGURES}
        for row in measure_rankings(parts.layer, asked, found)
    }
    items = [quantise_embeddings(side.features.item) for side in (asked, found)]
    n_bits = min(parts.layer.n_bits, len(found) // 8 * 8)
    # On the gallery itself, every bit for the whole code: ITQ at its best.
    layer = fit_itq(items[1], n_bits, prefixes=False)
    scores = code_similarity(*(layer.codes(item) for item in items))
    figures = mean_figures(
        np.where(equal_pairs(asked.keys, found.keys), -np.inf, scores),
        query_labels=asked.labels,
        gallery_labels=found.labels,
    )
    rows["itq features"] = {figure: figures[figure] for figure in FIGURES}
    return {name: rows[name] for name in RANKINGS}


def only(side: EncodedSet, kept: np.ndarray) -> EncodedSet:
    """Return some of the pictures of a side."""
    places = np.flatnonzero(kept)
    features = side.features
    parts = [features.embedding, features.item, features.look, features.combined]
    return EncodedSet(
        Features(*(None if part is None else part[places] for part in parts)),
        side.embeddings[places],
        side.codes[places],
        [side.labels[place] for place in places],
        tuple(side.keys[place] for place in places),
    )


def without(
    one: Kept, source: RecipeSource, hidden: set[str]
) -> tuple[Kept, list[str]]:
    """Return a source without some labels, and the labels that are left."""
    names = PictureSet.parse(source.set).column(source.label) if source.label else []
    left = np.array([name not in hidden for name in names], dtype=bool)
    if left.all():
        return one, names
    labels = [name for name in names if name not in hidden]
    again, subjects = np.repeat(left, source.kind_photos), one.subjects
    return replace(
        one,
        seen=some(one.seen, left),
        maps=one.maps[left],
        retaken=one.retaken and some(one.retaken, again),
        retaken_maps=None if one.retaken_maps is None else one.retaken_maps[again],
        subjects=subjects
        and TuningViews(
            subjects.maps[np.repeat(left, subjects.n_views)],
            [name for name, stays in zip(subjects.labels, left, strict=True) if stays],
            subjects.share,
        ),
    ), labels


def some(seen: ImageFeatures, kept: np.ndarray) -> ImageFeatures:
    return ImageFeatures(seen.item[kept], seen.look[kept], seen.combined[kept])


def unseen_products(
    looked: Looked, recipe: FitRecipe, sources: Sequence[tuple[RecipeSource, Kept]]
) -> dict[str, Any]:
    """Return a twin without 41 products: their photos in a gallery of them alone."""
    queries, gallery, label = QUESTIONS["grocery photo → train photos, fine"]
    products = sorted(set(PictureSet.parse(gallery).column(label)))
    drawn = np.random.default_rng(recipe.seed).permutation(products)
    hidden = set(drawn[:UNSEEN_PRODUCTS].tolist())
    twin = Twin.of(recipe, [(source, one, hidden) for source, one in sources])
    sides = (
        looked.side(twin.stage, twin.parts, text, label) for text in (queries, gallery)
    )
    asked, found = (only(s, np.isin(s.labels, list(hidden))) for s in sides)
    return {"n_queries": len(asked), "rows": rows_of(twin.parts, asked, found)}


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
    recipe = FitRecipe.read(RECIPE)
    looked = Looked(recipe)
    sources = [(source, looked.source(source)) for source in recipe.sources]
    strange = [
        (source, one)
        for source, one in sources
        if not any(word in source.set for word in TWIN_WITHOUT)
    ]
    runs: dict[str, dict[str, list[Any]]] = {"shipped": {}, "unseen": {}}
    for seed in seeds:
        own = replace(recipe, seed=seed)
        for name, taught, questions in (
            ("shipped", sources, SHIPPED_ROWS),
            ("unseen", strange, UNSEEN_ROWS),
        ):
            twin = Twin.of(own, [(source, one, set()) for source, one in taught])
            for question in questions:
                rows, n_queries = ask(looked, twin, question)
                run = {"n_queries": n_queries, "rows": rows}
                runs[name].setdefault(question, []).append(run)
                print_rows(f"{name}, seed {seed}: {question}", rows)
        run = unseen_products(looked, own, sources)
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
