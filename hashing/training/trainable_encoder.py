"""The trainable form of an encoder: its embedding head, in full mode its network too.

The head starts as the general embedding: the projections of its parts, read from the
start encoder's graph. A trained head is written back in their place, so the trained
encoder is served as the general one is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from hashing.arrays import Float32Array
from hashing.cards import NETWORK_FILE
from hashing.encoder import Encoder
from hashing.errors import TrainingError
from hashing.networks.architectures import Network, make_network
from hashing.networks.export import PART_TENSORS, read_projections, read_weights
from hashing.networks.feature_network import FeatureNetwork
from hashing.networks.pixels import to_pixels
from hashing.training.training_recipe import TrainingRecipe
from hashing.training.views import FEATURES, Views

MIN_COSINE = 0.99  # of the same picture's embeddings in torch and in the runtime


class EmbeddingHead(nn.Module):
    """Features of each part (B, features) to embeddings (B, dim) of length one.

    Only the projection of `item` is trained: colours need not be learned from a shop,
    and kinds were learned from more pictures than a shop has.
    """

    item_axes: Tensor
    kind_axes: Tensor
    kind_room: Tensor

    def __init__(
        self, parts: Sequence[str], projections: Mapping[str, Float32Array]
    ) -> None:
        super().__init__()
        self.parts = tuple(parts)
        for name, array in projections.items():
            tensor = torch.from_numpy(np.array(array, dtype=np.float32))
            if name.endswith("_weight") or not name.startswith("item_"):
                self.register_buffer(name, tensor)
            else:
                self.register_parameter(name, nn.Parameter(tensor))

    def forward(self, *features: Tensor) -> Tensor:
        named = dict(zip(FEATURES, features, strict=False))
        named["kind"] = named.get("known", named["item"])
        projected = {part: self._project(part, named[part]) for part in self.parts}
        if "kind" in projected:
            kind, gate = projected.pop("kind"), self._gate(named["kind"])
            item = projected["item"] * (1 - gate * self.kind_room)
            n_before = item.shape[1] - kind.shape[1]
            projected["item"] = item + functional.pad(kind * gate, (n_before, 0))
        joined = torch.cat(list(projected.values()), dim=1)
        return functional.normalize(joined)  # (B, dim)

    def _project(self, part: str, features: Tensor) -> Tensor:
        axes, bias, weight = (getattr(self, f"{part}_{name}") for name in PART_TENSORS)
        projected: Tensor = features @ axes + bias
        if part != "kind":  # whose length says how certain it is
            projected = functional.normalize(projected)
        weighted: Tensor = projected * weight
        return weighted

    def _gate(self, combined: Tensor) -> Tensor:
        """Return how far the part `kind` counts: (B, 1), 0 to 1."""
        names = ("centre", "places", "begins", "width")
        centre, places, begins, width = (getattr(self, f"kind_{n}") for n in names)
        directions = functional.normalize(combined - centre)
        nearest = (directions @ places).amax(1, keepdim=True)
        gate: Tensor = ((nearest - begins) / width).clamp(0.0, 1.0)
        return gate

    def projections(self) -> dict[str, Float32Array]:
        """Return the arrays for an encoder's graph."""
        return {name: value.cpu().numpy() for name, value in self.state_dict().items()}


class TrainableEncoder(nn.Module):
    """Views as tensors (B, …) to embeddings (B, dim)."""

    def __init__(
        self, head: EmbeddingHead, network: FeatureNetwork | None = None
    ) -> None:
        """Take a head for features, and in full mode the network that computes them."""
        super().__init__()
        self.head = head
        self.network = network

    def forward(self, *views: Tensor) -> Tensor:
        if self.network is not None:
            views = self.network(*views)
        embeddings: Tensor = self.head(*views)
        return embeddings

    @property
    def dim(self) -> int:
        """Numbers in an embedding; `kind` lies within those of `item`."""
        parts = [part for part in self.head.parts if part != "kind"]
        axes = [getattr(self.head, f"{part}_axes") for part in parts]
        return sum(int(each.shape[1]) for each in axes)

    def train(self, mode: bool = True) -> "TrainableEncoder":
        """Set the mode as nn.Module does, but keep batch normalisation in eval.

        A shop's batches are too few and too alike to estimate statistics from.
        """
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def make_trainable(
    recipe: TrainingRecipe, start: Encoder, views: Views
) -> TrainableEncoder:
    """Make the start encoder trainable.

    Raises TrainingError in full mode if it was not made of the recipe's network.
    """
    parts = [part.name for part in start.card.parts]
    head = EmbeddingHead(parts, read_projections(recipe.start / NETWORK_FILE, parts))
    if recipe.mode != "full":
        return TrainableEncoder(head)
    trainable = TrainableEncoder(head, FeatureNetwork(load_network(recipe)))
    _check_same_network(recipe, start, trainable, views.image(0, 0))
    return trainable


def load_network(recipe: TrainingRecipe) -> Network:
    """Load the recipe's network, with the weights of the start or of a file.

    Raises ValueError for networks whose weights cannot be read from the start.
    """
    if recipe.weights != "start":
        return make_network(recipe.network, weights=Path(recipe.weights))
    network = make_network(recipe.network, weights="packaged")
    read_weights(recipe.start / NETWORK_FILE, network)
    return network


def _check_same_network(
    recipe: TrainingRecipe,
    start: Encoder,
    trainable: TrainableEncoder,
    image: Image.Image,
) -> None:
    """Raise TrainingError unless both compute the same embedding of a picture.

    The head was fitted to the start's network; behind another it would give noise.
    """
    network, item_axes = trainable.network, trainable.head.item_axes
    if network is None or network.network.dim != len(item_axes):
        cosine = 0.0
    else:
        with torch.inference_mode():
            pixels = to_pixels([image], network.input_size)
            ours = trainable.eval()(pixels)[0].numpy()
        cosine = float(ours @ start.features([image]).embedding[0])
    if cosine < MIN_COSINE:
        raise TrainingError(
            f"{recipe.start} was not made of {recipe.network} with these weights "
            f"(cosine {cosine:.2f}): full mode needs the network of its start"
        )
