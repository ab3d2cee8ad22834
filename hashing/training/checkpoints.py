"""Checkpoints of a training on disk, complete even after a kill.

torch's generators are kept. Pictures and samples come from generators that are seeded
by their purpose (see `sampling` and `views`), of which nothing need be kept.
"""

import pickle
from pathlib import Path
from typing import Any

import torch

from hashing.disk import fsync
from hashing.errors import CheckpointError

CHECKPOINT_FORMAT = "semblance-training-1"
DAMAGE_ERRORS = (
    *(OSError, RuntimeError, KeyError, EOFError, ValueError, pickle.PickleError),
)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state and torch's generators beside `path`, then rename it."""
    generators = {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    checkpoint = {
        "format": CHECKPOINT_FORMAT,
        "generators": generators,
        "threads": torch.get_num_threads(),
        **state,
    }
    unfinished = path.with_name(f"{path.name}.new")
    torch.save(checkpoint, unfinished)
    fsync(unfinished)
    unfinished.replace(path)
    fsync(path.parent)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Load a state, and set generators and threads as they were; None without a file.

    Raises CheckpointError for a file that is damaged or of another format.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if state["format"] != CHECKPOINT_FORMAT:
            raise CheckpointError(f"{path} is not of format {CHECKPOINT_FORMAT}")
        generators = state["generators"]
    except DAMAGE_ERRORS as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    torch.set_rng_state(generators["torch"])
    torch.set_num_threads(state["threads"])  # the order of sums depends on them
    if generators["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(generators["cuda"])
    return state
