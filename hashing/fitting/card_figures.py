"""The card of an encoder made by a recipe: its match curve and figures are measured."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from hashing.arrays import BoolArray, Float64Array
from hashing.cards import write_card
from hashing.encoder import Encoder, load_encoder
from hashing.evaluation.metrics import equal_pairs
from hashing.evaluation.rankings import EncodedSet, count_answerable, measure_rankings
from hashing.fitting.fit_recipe import FitRecipe, RetrievalTask
from hashing.layers.hash_layer import HashLayer
from hashing.match_curves import Curve, fit_isotonic, nearest_answers
from hashing.picture_sets import PictureSet

# A placeholder: the card must be loaded before the encoder can be measured.
UNKNOWN_CURVE = ((-1.0, 0.0), (1.0, 1.0))
INPUT = "uint8 (1, height, width, 3): RGB, upright, 512 pixels at most"

EncodeSet = Callable[..., EncodedSet]  # of SET[:SPLIT] and the column of labels


def write_measured_card(recipe: FitRecipe, folder: Path, *, command: str) -> None:
    """Write a card beside an encoder's other files, measure it, and add the figures."""
    card: dict[str, Any] = {
        "name": recipe.name,
        "description": recipe.description,
        "n_bits": recipe.n_bits,
        "dim": recipe.dim,
        "parts": _parts(recipe),
        "input": INPUT,
        "command": command,
        "limits": recipe.limits,
        "match": UNKNOWN_CURVE,
        "figures": [],
        "recipe": asdict(recipe),
    }
    write_card(folder, card)
    encoder = load_encoder(folder)
    encode = cache(partial(_encode, encoder))
    card["match"] = _fit_match_curve(recipe.match, encode)
    card["figures"] = [_measure(t, encoder.layer, encode) for t in recipe.figures]
    write_card(folder, card)


def _parts(recipe: FitRecipe) -> list[dict[str, Any]]:
    stops = accumulate(dim for dim, _ in recipe.parts.values())
    return [
        {"name": name, "start": stop - dim, "stop": stop, "weight": weight}
        for (name, (dim, weight)), stop in zip(recipe.parts.items(), stops, strict=True)
    ]


def _encode(
    encoder: Encoder, spec: str, label: str, *, altered: bool = False
) -> EncodedSet:
    pictures = PictureSet.parse(spec)
    return EncodedSet.encode(encoder, pictures, label, altered=altered)


def _fit_match_curve(tasks: Sequence[RetrievalTask], encode: EncodeSet) -> Curve:
    """Fit one curve to the answers of several tasks, each by its weight."""
    answers = [_answers(task, encode) for task in tasks]
    weights = [
        np.full(len(cosines), task.weight / len(cosines))
        for task, (cosines, _) in zip(tasks, answers, strict=True)
    ]
    cosines, is_right = zip(*answers, strict=True)
    return fit_isotonic(
        np.concatenate(cosines), np.concatenate(is_right), np.concatenate(weights)
    )


def _answers(task: RetrievalTask, encode: EncodeSet) -> tuple[Float64Array, BoolArray]:
    """Return cosine and rightness of the nearest answers to a task's queries."""
    queries = encode(task.queries, task.label, altered=task.altered)
    gallery = encode(task.gallery, task.label)
    is_same_picture = equal_pairs(queries.keys, gallery.keys)
    # The original of an altered query is its right answer.
    return nearest_answers(
        queries.embeddings,
        gallery.embeddings,
        is_same_picture=is_same_picture & (not task.altered),
        is_right=equal_pairs(queries.labels, gallery.labels),
    )


def _measure(
    task: RetrievalTask, layer: HashLayer, encode: EncodeSet
) -> dict[str, Any]:
    queries = encode(task.queries, task.label)
    gallery = encode(task.gallery, task.label)
    return {
        **asdict(task),
        "n_queries": len(queries),
        "n_gallery": len(gallery),
        "n_answerable": count_answerable(queries, gallery),
        "rows": measure_rankings(layer, queries, gallery),
    }
