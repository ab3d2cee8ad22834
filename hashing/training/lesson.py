"""What a step of training asks of a pupil: its labels learned, and nothing forgotten.

The loss is one of `hashing.losses` by name, the same that `bench_methods` compares.
"""

import copy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from hashing.losses.by_name import make_distillation, make_loss
from hashing.losses.terms import WeightedSum
from hashing.training.pupil import Pupil
from hashing.training.recipe import TrainingRecipe


class Lesson(nn.Module):
    """Labels (B,) and views, each (B, …), to what they say against a pupil.

    The pupil as it is now is the general one, which is not to be forgotten. A loss
    with something of its own for every class learns that beside the pupil.
    """

    def __init__(self, pupil: Pupil, recipe: TrainingRecipe, *, n_classes: int) -> None:
        super().__init__()
        self.pupil = pupil
        self.loss, self.distillation = losses_of(
            recipe, n_classes=n_classes, n_bits=pupil.dim
        )
        self.weight = recipe.distillation
        # In a list it is no part of what is trained, saved and shared.
        self._general = [copy.deepcopy(pupil).requires_grad_(False).eval()]

    def forward(self, labels: Tensor, *views: Tensor) -> Tensor:
        kind = labels.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            embeddings = self.pupil(*views)  # (B, dim), of length one
            known = self._general[0](*views)
        # Losses of codes expect numbers about one; the others look at angles alone.
        outputs = embeddings.float() * embeddings.shape[1] ** 0.5
        learned: Tensor = self.loss(outputs, labels)
        forgotten: Tensor = self.distillation(outputs, known.float())
        return learned + self.weight * forgotten


def losses_of(
    recipe: TrainingRecipe, *, n_classes: int, n_bits: int
) -> tuple[nn.Module, nn.Module]:
    """The recipe's loss with its terms, and its distillation.

    Raises ValueError for wrong names.
    """
    of = partial(make_loss, n_classes=n_classes, n_bits=n_bits)
    options: dict[str, Any] = recipe.loss_options
    loss = of(recipe.loss, **options)
    if recipe.terms:
        terms = [(weight, of(name)) for name, weight in recipe.terms.items()]
        loss = WeightedSum([(1.0, loss), *terms])
    return loss, make_distillation(recipe.distil)
