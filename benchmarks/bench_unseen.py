"""Worlds that nobody taught: candidates beside ImageNet's features and colours.

    nice -n 19 python -m benchmarks.bench_unseen [--only NAME ...]

Nine worlds are asked photo → catalogue where they can be, alone and among 10,000
pictures of other sets. Two of the six groups that teach are left out at a time: every
candidate is three twins, each asked about the worlds of its two groups. Warehouse,
DreamBooth and street photos are taught to nobody; their figures are means of the three
twins. Figures are hit@1 and hit@5 over the queries to which there is a right answer;
the others are counted apart. Garments are asked by kind, as each has one photo, and
among those of other people.

The shipped encoder was taught groceries, clothes and some demo shops, and saw luma
and the warehouse without labels; its figures there are marked as taught.

Activations of the frozen stages and the twins' weights are kept in the temporary
folder; a broken-off tuning goes on from there.
"""

import argparse
from statistics import mean
from typing import Any

import numpy as np
import torch

from benchmarks.shop import load_result, save_result
from benchmarks.unseen.candidates import CANDIDATES
from benchmarks.unseen.measuring import (
    Hits,
    Ranking,
    by_code,
    by_cosine,
    by_fitted_code,
    by_lsh,
    measure,
    question,
    reranked,
)
from benchmarks.unseen.networks import imagenet
from benchmarks.unseen.sets import SEED
from benchmarks.unseen.shipped import Encoder
from benchmarks.unseen.teaching import FOLDS
from benchmarks.unseen.twins import Candidate, Twin, tuned
from benchmarks.unseen.worlds import Side, World, worlds
from hashing import SHIPPED

TAUGHT_TO_SHIPPED = ("groceries", "garments", "luma", "demo shops")
BASE = "ImageNet, float"

Figures = dict[str, dict[str, Hits]]  # ranking → alone, among → hits


def baselines(world: World) -> Figures:
    """ImageNet's pooled features and the colour histogram."""

    def pooled(side: Side) -> np.ndarray:
        seen = imagenet().features(side.pictures).pooled[side.rows]
        return np.asarray(seen, dtype=np.float32)

    def colours(side: Side) -> np.ndarray:
        return np.asarray(side.pictures.seen.colours)[side.rows]

    return measure(
        world,
        {
            BASE: by_cosine(pooled),
            "ImageNet, LSH": by_lsh(pooled),
            "ImageNet, ITQ": by_fitted_code(pooled),
            "colour histogram": by_cosine(colours),
        },
    )


def encoder_rankings(
    encoder: Encoder | Twin, name: str, *, codes: bool = True
) -> dict[str, Ranking]:
    """Return what an encoder is measured by."""
    if not codes:
        return {f"{name}, float": by_cosine(encoder.embed)}
    reference = encoder.reference if isinstance(encoder, Twin) else None
    return {
        f"{name}, float": by_cosine(encoder.embed),
        f"{name}, re-ranked": reranked(encoder.embed, encoder.layer),
        f"{name}, code": by_code(encoder.embed, encoder.layer),
        f"{name}, code fitted": by_fitted_code(encoder.embed, reference=reference),
    }


def ask(candidate: Candidate) -> tuple[dict[str, Figures], float]:
    """Figures of a candidate in every world, and minutes of a core for one twin."""
    answers: dict[str, list[Figures]] = {}
    minutes = []
    for hidden in FOLDS[: candidate.folds]:
        weights = tuned(candidate, hidden)
        minutes.append(weights.minutes)
        twin = Twin(weights.network, candidate.making, hidden)
        for world in worlds():
            if world.group in (*hidden, ""):
                rankings = encoder_rankings(twin, candidate.name, codes=candidate.codes)
                figures = measure(world, rankings)
                answers.setdefault(world.name, []).append(figures)
    return {name: averaged(each) for name, each in answers.items()}, mean(minutes)


def averaged(each: list[Figures]) -> Figures:
    return {
        ranking: {
            gallery: {
                figure: round(mean(one[ranking][gallery][figure] for one in each), 4)
                for figure in hits
            }
            for gallery, hits in galleries.items()
        }
        for ranking, galleries in each[0].items()
    }


def table(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each ranking and gallery: hit@1 / hit@5 by world.

    At the end of each is how many times ImageNet's hit@1 that is, on average and at
    worst, over the worlds that it was not taught.
    """
    found = result["worlds"]
    rankings = list(dict.fromkeys(r for one in found.values() for r in one["figures"]))
    return [
        table_row(result, ranking, gallery)
        for ranking in rankings
        for gallery in ("alone", "among")
    ]


def table_row(result: dict[str, Any], ranking: str, gallery: str) -> dict[str, Any]:
    row: dict[str, Any] = {"ranking": ranking, "gallery": gallery}
    ratios = []
    for name, world in result["worlds"].items():
        figures, row[name] = world["figures"], ""
        if ranking not in figures:
            continue
        hits = figures[ranking][gallery]
        row[name] = " / ".join(f"{hits[f]:.2f}" for f in ("hit@1", "hit@5"))
        if ranking.startswith("shipped") and world["taught to the shipped encoder"]:
            row[name] += " taught"
            continue
        ratios.append(hits["hit@1"] / figures[BASE][gallery]["hit@1"])
    minutes = result["minutes"].get(ranking.rpartition(", ")[0], "")
    shares = {"mean ×": mean(ratios), "worst ×": min(ratios)}
    return row | {k: round(v, 2) for k, v in shares.items()} | {"minutes": minutes}


def begin() -> dict[str, Any]:
    """Baselines and the shipped encoder in every world."""
    shipped = Encoder(SHIPPED)
    found: dict[str, Any] = {}
    for world in worlds():
        asked = question(world)
        figures = baselines(world) | measure(
            world, encoder_rankings(shipped, "shipped")
        )
        found[world.name] = {
            "queries": len(asked.relevant) - asked.n_unanswerable,
            "unanswerable": asked.n_unanswerable,
            "gallery": asked.relevant.shape[1],
            "taught to the shipped encoder": world.group in TAUGHT_TO_SHIPPED,
            "figures": figures,
        }
        print(world.name, figures[BASE], flush=True)
    return {"seed": SEED, "worlds": found, "minutes": {}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="candidates; others are kept")
    only = parser.parse_args().only
    torch.set_num_threads(1)
    result = load_result("unseen") if only is not None else {}
    if "worlds" not in result:
        result = begin()
        save_result("unseen", result)
    for candidate in CANDIDATES:
        if only is not None and candidate.name not in only:
            continue
        answers, minutes = ask(candidate)
        for name, figures in answers.items():
            result["worlds"][name]["figures"] |= figures
        result["minutes"][candidate.name] = round(minutes, 1)
        result["table"] = table(result)
        save_result("unseen", result)
    result["table"] = table(result)
    for row in result["table"]:
        print(row)
    print(save_result("unseen", result))


if __name__ == "__main__":
    main()
