"""The shipped encoder on stored activations: its tuned stage and its parts."""

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.unseen.networks import Network, upper
from benchmarks.unseen.worlds import Side
from hashing.cards import read_card
from hashing.embeddings import l2_normalise
from hashing.layers.stored_layers import load_layer
from hashing.networks.architectures import load_imagenet_lite0
from hashing.networks.export import read_projections, read_weights
from hashing.networks.feature_network import LOOK_WEIGHT, TEXTURE_WEIGHT

Floats = npt.NDArray[np.float32]


class Encoder:
    """An encoder's folder, without the stages that every candidate shares."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.layer = load_layer(folder / "layer.npz")
        parts = [part.name for part in read_card(folder).parts]
        self._arrays = read_projections(folder / "network.onnx", parts)

    def embed(self, side: Side) -> Floats:
        """Embeddings (n, dim) of length one, as the exported graph makes them."""
        seen = self.network.features(side.pictures)
        item = l2_normalise(np.asarray(seen.pooled[side.rows], dtype=np.float32))
        look = np.asarray(side.pictures.seen.colours)[side.rows]
        stuff = l2_normalise(np.asarray(seen.stuff[side.rows], dtype=np.float32))
        known = np.hstack(
            [l2_normalise(np.sqrt(item)), LOOK_WEIGHT * look, TEXTURE_WEIGHT * stuff]
        )
        a = self._arrays
        items = l2_normalise(item @ a["item_axes"] + a["item_bias"])
        nearest = (l2_normalise(known - a["kind_centre"]) @ a["kind_places"]).max(
            axis=1
        )
        share = np.clip((nearest - a["kind_begins"]) / a["kind_width"], 0, 1)[:, None]
        kinds = known @ a["kind_axes"] + a["kind_bias"]
        room = a["kind_room"].astype(bool)
        items[:, room] = items[:, room] * (1 - share) + a["kind_weight"] * share * kinds
        looks = l2_normalise(look @ a["look_axes"] + a["look_bias"])
        return l2_normalise(np.hstack([items, a["look_weight"] * looks]))

    @cached_property
    def network(self) -> Network:
        network = load_imagenet_lite0()
        read_weights(self._folder / "network.onnx", network)
        return Network(upper(network), last=True)
