"""The loss of a step: labels are learned, and the general embedding is kept."""

import copy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from hashing.losses.named_losses import make_distillation, make_loss
from hashing.losses.regularisers import WeightedSum
from hashing.training.trainable_encoder import TrainableEncoder
from hashing.training.training_recipe import TrainingRecipe


class TrainingLoss(nn.Module):
    """Labels (B,) and views, each (B, …), to the loss of an encoder.

    The encoder as it is when this is made is the teacher, whose similarities are kept.
    Parameters of a loss with something for every class are trained beside it.
    """

    def __init__(
        self, encoder: TrainableEncoder, recipe: TrainingRecipe, *, n_classes: int
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.loss, self.distillation = make_losses(
            recipe, n_classes=n_classes, n_bits=encoder.dim
        )
        self.weight = recipe.distillation
        # In a list it is no submodule, so it is neither trained nor saved.
        self._teacher = [copy.deepcopy(encoder).requires_grad_(False).eval()]

    def forward(self, labels: Tensor, *views: Tensor) -> Tensor:
        device = labels.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            embeddings = self.encoder(*views)  # (B, dim), of length one
            kept = self._teacher[0](*views)
        # Losses of codes expect outputs of about one; the others use angles alone.
        outputs = embeddings.float() * embeddings.shape[1] ** 0.5
        by_label: Tensor = self.loss(outputs, labels)
        distance: Tensor = self.distillation(outputs, kept.float())
        return by_label + self.weight * distance


def make_losses(
    recipe: TrainingRecipe, *, n_classes: int, n_bits: int
) -> tuple[nn.Module, nn.Module]:
    """Make the recipe's loss with its terms, and its distillation.

    Raises ValueError for unknown names.
    """
    make = partial(make_loss, n_classes=n_classes, n_bits=n_bits)
    options: dict[str, Any] = recipe.loss_options
    loss = make(recipe.loss, **options)
    if recipe.terms:
        terms = [(weight, make(name)) for name, weight in recipe.terms.items()]
        loss = WeightedSum([(1.0, loss), *terms])
    return loss, make_distillation(recipe.distil)
