"""All candidates that were tried, in the order in which they were.

Of those with `folds` 1 only the worlds of the first fold, and those that nobody was
taught, were asked: they are there to show what one choice changes.
"""

from dataclasses import replace
from typing import Any

from benchmarks.unseen.networks import LAST
from benchmarks.unseen.pictures import CUT
from benchmarks.unseen.twins import Candidate, Making
from hashing.fitting.deep_tuning import DeepTuning

WHITE = Making(root=True, within=0.5, look_weight=0.35)
NO_ROOTS = replace(WHITE, root=False)
FEW, MANY = 160, 480  # steps


def last_stage(name: str, *, folds: int = 3, **tuning: Any) -> Candidate:
    """Tune only the last stage: 0.2 seconds of a core a step."""
    chosen = DeepTuning(**{"steps": FEW, "rate": 1e-3} | tuning)
    return Candidate(f"last stage, {name}", chosen, LAST, making=WHITE, folds=folds)


def three_stages(name: str, **tuning: Any) -> Candidate:
    """Tune from the first of the coarsest maps on: 0.7 seconds of a core a step."""
    chosen = DeepTuning(**{"steps": FEW, "rate": 1e-3, "frozen": 5} | tuning)
    return Candidate(f"three stages, {name}", chosen, CUT, making=WHITE)


CANDIDATES = (
    Candidate("untuned, shipped parts"),
    Candidate("untuned, roots", making=Making(root=True)),
    Candidate("untuned, whitened", making=WHITE),
    last_stage("160 steps"),
    last_stage("480 steps", folds=1, steps=MANY),
    last_stage("160 steps, little distillation", folds=1, distillation=0.3),
    last_stage("160 steps, any kinds in a batch", folds=1, same_kind=0.0),
    replace(three_stages("160 steps"), codes=True),
    replace(three_stages("160 steps, no roots"), making=NO_ROOTS),
    replace(three_stages("160 steps, 0.6 of the way"), way=0.6, folds=1),
)
