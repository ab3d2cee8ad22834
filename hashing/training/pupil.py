"""What is trained: the head of an encoder, and in full mode the network before it.

The head begins as the general embedding: for each part its projection, as it is in the
encoder's graph. A trained head goes back into the same places, so the trained encoder
is served as the general one is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.encoder import Encoder
from hashing.errors import TrainingError
from hashing.export import ROLES, read_projections, read_weights
from hashing.fitting.embedding import Array
from hashing.networks import FeatureNetwork, Network, make_network
from hashing.training.recipe import TrainingRecipe
from hashing.training.views import FEATURES, Album, as_pixels

ALIKE = 0.99  # cosine of embeddings, up to which differences are the runtime's


class Head(nn.Module):
    """Features of each part (B, features) to embeddings (B, dim) of length one."""

    kind_axes: Tensor
    kind_room: Tensor

    def __init__(self, parts: Sequence[str], projections: Mapping[str, Array]) -> None:
        super().__init__()
        self.parts = tuple(parts)
        for name, array in projections.items():
            tensor = torch.from_numpy(np.array(array, dtype=np.float32))
            # A colour is a colour: what a look is need not be learned of a shop. And
            # the kinds that are known were learned from more than a shop has.
            if name.endswith("_weight") or not name.startswith("item_"):
                self.register_buffer(name, tensor)
            else:
                self.register_parameter(name, nn.Parameter(tensor))

    def forward(self, *features: Tensor) -> Tensor:
        seen = dict(zip(FEATURES, features, strict=False))
        seen["kind"] = seen.get("known", seen["item"])
        weighed = {part: self._weighed(part, seen[part]) for part in self.parts}
        if "kind" in weighed:
            kind, share = weighed.pop("kind"), self._share(seen["kind"])
            kept = weighed["item"] * (1 - share * self.kind_room)
            before = kept.shape[1] - kind.shape[1]
            weighed["item"] = kept + functional.pad(kind * share, (before, 0))
        joined = torch.cat(list(weighed.values()), dim=1)
        return functional.normalize(joined)  # (B, dim)

    def _weighed(self, part: str, seen: Tensor) -> Tensor:
        axes, bias, weight = (getattr(self, f"{part}_{role}") for role in ROLES)
        projected: Tensor = seen @ axes + bias
        if part != "kind":  # whose length says how sure it is
            projected = functional.normalize(projected)
        weighed: Tensor = projected * weight
        return weighed

    def _share(self, known: Tensor) -> Tensor:
        """How far the kind counts: (B, 1)."""
        centre, places, begins, width = (
            getattr(self, f"kind_{role}")
            for role in ("centre", "places", "begins", "width")
        )
        nearest = (functional.normalize(known - centre) @ places).amax(1, keepdim=True)
        share: Tensor = ((nearest - begins) / width).clamp(0.0, 1.0)
        return share

    def projections(self) -> dict[str, Array]:
        """The numbers as they go into an encoder's graph."""
        return {name: value.cpu().numpy() for name, value in self.state_dict().items()}


class Pupil(nn.Module):
    """Views as tensors (B, …) to embeddings (B, dim)."""

    def __init__(self, head: Head, network: FeatureNetwork | None = None) -> None:
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
        """Numbers in an embedding; where a kind counts, it stands in the item's."""
        parts = [part for part in self.head.parts if part != "kind"]
        axes = [getattr(self.head, f"{part}_axes") for part in parts]
        return sum(int(each.shape[1]) for each in axes)

    def train(self, mode: bool = True) -> "Pupil":
        """As nn.Module's, but batch normalisation keeps ImageNet's statistics.

        A shop's batches are too few and too alike to estimate others from.
        """
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def make_pupil(recipe: TrainingRecipe, start: Encoder, album: Album) -> Pupil:
    """The start encoder as a pupil; raises TrainingError where it cannot be one."""
    parts = [part.name for part in start.card.parts]
    head = Head(parts, read_projections(recipe.start / "network.onnx", parts))
    if recipe.mode != "full":
        return Pupil(head)
    network = FeatureNetwork(network_of(recipe))
    pupil = Pupil(head, network)
    # The head was fitted to the network it came with; before another it is noise.
    image = album.image(0, 0)
    with torch.inference_mode():
        ours = pupil.eval()(as_pixels([image], network.input_size))[0].numpy()
    theirs = start.features([image]).embedding[0]
    if ours @ theirs < ALIKE:
        raise TrainingError(
            f"{recipe.start} was not made of {recipe.network} with these weights "
            f"(cosine {ours @ theirs:.2f}): full mode needs the network of its start"
        )
    return pupil


def network_of(recipe: TrainingRecipe) -> Network:
    """The network of the start, with its weights or those of a file."""
    if recipe.weights != "start":
        return make_network(recipe.network, weights=Path(recipe.weights))
    network = make_network(recipe.network, weights="packaged")
    read_weights(recipe.start / "network.onnx", network)
    return network
