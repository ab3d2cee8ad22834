"""How far a training has come, on disk: whole or not there, also after a kill.

Torch's generators are kept; pictures and samples draw from generators of their own,
seeded by what they are for (see `sampling` and `views`), of which nothing need be kept.
"""

import pickle
from pathlib import Path
from typing import Any

import torch

from hashing.disk import sync
from hashing.errors import CheckpointError

FORMAT = "semblance-training-1"
DAMAGE = (OSError, RuntimeError, KeyError, EOFError, ValueError, pickle.PickleError)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state and every generator's, put in place by an atomic rename."""
    generators = {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    threads = torch.get_num_threads()
    beside = path.with_name(f"{path.name}.new")
    whole = {"format": FORMAT, "generators": generators, "threads": threads, **state}
    torch.save(whole, beside)
    sync(beside)
    beside.replace(path)
    sync(path.parent)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The state, generators and threads set as they were; None if there is none.

    Raises CheckpointError for a file that is damaged or of another format.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if state["format"] != FORMAT:
            raise CheckpointError(f"{path} is not of format {FORMAT}")
        generators = state["generators"]
    except DAMAGE as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    torch.set_rng_state(generators["torch"])
    torch.set_num_threads(state["threads"])  # sums are rounded by how they are shared
    if generators["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(generators["cuda"])
    return state
