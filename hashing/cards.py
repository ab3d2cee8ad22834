"""Write an encoder's card: what it is, what it was made from, how good it is."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from hashing.data import PictureSet
from hashing.encoder import FILES, FORMAT, Encoder, fingerprint, load_encoder
from hashing.evaluation.metrics import same
from hashing.evaluation.ranking import Side, answerable, measure
from hashing.fitting.recipe import Recipe, Trial
from hashing.layers.linear import HashLayer
from hashing.matching import answers, fit_curve

# A curve to begin with: the card must load before the encoder can be measured.
UNKNOWN = ((-1.0, 0.0), (1.0, 1.0))


def write_card(recipe: Recipe, out: Path, *, command: str) -> None:
    """Write `card.json` beside an encoder's files, then measure and add figures."""
    card: dict[str, Any] = {
        "format": FORMAT,
        "name": recipe.name,
        "description": recipe.description,
        "fingerprint": fingerprint(out),
        "n_bits": recipe.n_bits,
        "dim": recipe.dim,
        "parts": _parts(recipe),
        "input": "uint8 (1, height, width, 3): RGB, upright, 512 pixels at most",
        "command": command,
        "checksums": {name: _checksum(out / name) for name in FILES},
        "limits": recipe.limits,
        "match": UNKNOWN,
        "figures": [],
        "recipe": asdict(recipe),
    }
    _write(card, out)
    encoder = load_encoder(out)
    sides = cache(partial(_side, encoder))
    card["match"] = _match(recipe.match, sides)
    card["figures"] = [_figure(t, encoder.layer, sides) for t in recipe.figures]
    _write(card, out)


def _parts(recipe: Recipe) -> list[dict[str, Any]]:
    stops = accumulate(dim for dim, _ in recipe.parts.values())
    return [
        {"name": name, "start": stop - dim, "stop": stop, "weight": weight}
        for (name, (dim, weight)), stop in zip(recipe.parts.items(), stops, strict=True)
    ]


def _side(encoder: Encoder, text: str, label: str, *, altered: bool = False) -> Side:
    pictures = PictureSet.parse(text)
    return Side.encode(encoder, pictures, label, altered=altered)


def _match(trials: Sequence[Trial], sides: Callable[..., Side]) -> Any:
    """One curve for the answers of several trials, each with its weight in all."""
    seen = [_answers(t, sides) for t in trials]
    weights = [
        np.full(len(found), trial.weight / len(found))
        for trial, (found, _) in zip(trials, seen, strict=True)
    ]
    cosines, right = zip(*seen, strict=True)
    return fit_curve(
        np.concatenate(cosines), np.concatenate(right), np.concatenate(weights)
    )


def _answers(trial: Trial, sides: Callable[..., Side]) -> tuple[Any, Any]:
    queries = sides(trial.queries, trial.label, altered=trial.altered)
    gallery = sides(trial.gallery, trial.label)
    itself = same(queries.keys, gallery.keys) & (not trial.altered)
    return answers(
        queries.embeddings,
        gallery.embeddings,
        is_same_picture=itself,
        is_right=same(queries.labels, gallery.labels),
    )


def _figure(
    trial: Trial, layer: HashLayer, sides: Callable[..., Side]
) -> dict[str, Any]:
    queries = sides(trial.queries, trial.label)
    gallery = sides(trial.gallery, trial.label)
    return {
        **asdict(trial),
        "n_queries": len(queries),
        "n_gallery": len(gallery),
        "n_answerable": answerable(queries, gallery),
        "rows": measure(layer, queries, gallery),
    }


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(card: dict[str, Any], out: Path) -> None:
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (out / "card.json").write_text(text + "\n", encoding="utf-8")
