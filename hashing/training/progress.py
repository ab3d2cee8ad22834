"""How far a training has come: its checks, and what is needed to resume it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hashing.errors import TrainingError
from hashing.training.checkpoints import load_checkpoint, save_checkpoint
from hashing.training.curves import write_curves
from hashing.training.trainable_encoder import TrainableEncoder
from hashing.training.training_loss import TrainingLoss
from hashing.training.training_recipe import TrainingRecipe

Weights = dict[str, Tensor]

CHECKPOINT_FILE = "checkpoint.pt"


@dataclass
class TrainingProgress:
    """The checks on held-out products so far, and the weights that did best."""

    folder: Path
    best_step: int = 0
    best_weights: Weights = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        folder: Path,
        recipe: TrainingRecipe,
        loss: TrainingLoss,
        optimiser: torch.optim.Optimizer,
        *,
        resume: bool,
    ) -> "TrainingProgress":
        """Start, or restore encoder, loss and optimiser from the last checkpoint.

        Raises TrainingError if the checkpoint belongs to another recipe.
        """
        folder.mkdir(parents=True, exist_ok=True)
        state = load_checkpoint(folder / CHECKPOINT_FILE) if resume else None
        if state is None:
            return cls(folder)
        if state["recipe"] != recipe.as_card():
            raise TrainingError(
                f"{folder} holds a training of another recipe: start again "
                "without --resume, or give the recipe another `out`"
            )
        loss.encoder.load_state_dict(state["weights"])
        loss.loss.load_state_dict(state["loss"])
        optimiser.load_state_dict(state["optimiser"])
        best = (state["best_step"], state["best_weights"])
        return cls(folder, *best, state["history"])

    @property
    def step(self) -> int:
        """Number of steps at the last check."""
        return int(self.history[-1]["step"])

    @property
    def checks_without_gain(self) -> int:
        """Number of checks since the best one."""
        return sum(row["step"] > self.best_step for row in self.history)

    def record_check(
        self, encoder: TrainableEncoder, step: int, loss: float | None, figure: float
    ) -> None:
        """Record a check, and the weights if it is the best so far."""
        if not self.history or figure > max(row["held_out"] for row in self.history):
            self.best_step, self.best_weights = step, copy_weights(encoder)
        self.history.append({"step": step, "loss": loss, "held_out": figure})

    def save(
        self,
        recipe: TrainingRecipe,
        loss: TrainingLoss,
        optimiser: torch.optim.Optimizer,
    ) -> None:
        """Write curves and checkpoint."""
        write_curves(self.history, self.folder)
        state = {
            "recipe": recipe.as_card(),
            "weights": copy_weights(loss.encoder),
            "loss": copy_weights(loss.loss),
            "optimiser": optimiser.state_dict(),
            "best_step": self.best_step,
            "best_weights": self.best_weights,
            "history": self.history,
        }
        save_checkpoint(self.folder / CHECKPOINT_FILE, state)


def copy_weights(module: nn.Module) -> Weights:
    """Copy a module's weights to the CPU."""
    return {name: t.detach().cpu().clone() for name, t in module.state_dict().items()}
