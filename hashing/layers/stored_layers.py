"""Read hash layers of any kind from their files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hashing.layers.hash_layer import HashLayer
from hashing.layers.kmeans import KMeansHashLayer
from hashing.layers.linear import LinearHashLayer
from hashing.layers.multilayer import MultilayerHashLayer

LINEAR = "linear"  # the kind of files that name none

KINDS: dict[str, Callable[[Mapping[str, npt.NDArray[Any]]], HashLayer]] = {
    LINEAR: LinearHashLayer.from_arrays,
    "kmeans": KMeansHashLayer.from_arrays,
    "multilayer": MultilayerHashLayer.from_arrays,
}


def load_layer(path: Path) -> HashLayer:
    """Read a layer that `save` wrote; raises OSError, ValueError or KeyError."""
    with np.load(path, allow_pickle=False) as arrays:
        kind = str(arrays["kind"]) if "kind" in arrays else LINEAR
        return KINDS[kind](arrays)
