"""How far a training has come: what a run that was broken off needs to go on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hashing.errors import TrainingError
from hashing.training.checkpoints import load_checkpoint, save_checkpoint
from hashing.training.curves import write_curves
from hashing.training.lesson import Lesson
from hashing.training.pupil import Pupil
from hashing.training.recipe import TrainingRecipe

Weights = dict[str, Tensor]

CHECKPOINT = "checkpoint.pt"


@dataclass
class Progress:
    """Checks on held-out products so far, and the weights that did best in them."""

    folder: Path
    best_step: int = 0
    best_weights: Weights = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        folder: Path,
        recipe: TrainingRecipe,
        lesson: Lesson,
        optimiser: torch.optim.Optimizer,
        *,
        resume: bool,
    ) -> "Progress":
        """Set pupil, loss and optimiser to where a run was broken off; or begin."""
        folder.mkdir(parents=True, exist_ok=True)
        state = load_checkpoint(folder / CHECKPOINT) if resume else None
        if state is None:
            return cls(folder)
        if state["recipe"] != recipe.as_card():
            raise TrainingError(
                f"{folder} holds a training of another recipe: begin anew "
                "without --resume, or give the recipe another `out`"
            )
        lesson.pupil.load_state_dict(state["weights"])
        lesson.loss.load_state_dict(state["loss"])
        optimiser.load_state_dict(state["optimiser"])
        best = (state["best_step"], state["best_weights"])
        return cls(folder, *best, state["history"])

    @property
    def step(self) -> int:
        """Steps done at the last check."""
        return int(self.history[-1]["step"])

    @property
    def checks_without_gain(self) -> int:
        """Checks since the best one."""
        return sum(row["step"] > self.best_step for row in self.history)

    def note(self, pupil: Pupil, step: int, loss: float | None, figure: float) -> None:
        """Take down a check, and the weights if it is the best so far."""
        if not self.history or figure > max(row["held_out"] for row in self.history):
            self.best_step, self.best_weights = step, copy_of(pupil)
        self.history.append({"step": step, "loss": loss, "held_out": figure})

    def save(
        self, recipe: TrainingRecipe, lesson: Lesson, optimiser: torch.optim.Optimizer
    ) -> None:
        """Write curves and checkpoint."""
        write_curves(self.history, self.folder)
        state = {
            "recipe": recipe.as_card(),
            "weights": copy_of(lesson.pupil),
            "loss": copy_of(lesson.loss),
            "optimiser": optimiser.state_dict(),
            "best_step": self.best_step,
            "best_weights": self.best_weights,
            "history": self.history,
        }
        save_checkpoint(self.folder / CHECKPOINT, state)


def copy_of(module: nn.Module) -> Weights:
    """A module's weights, on the CPU."""
    return {name: t.detach().cpu().clone() for name, t in module.state_dict().items()}
