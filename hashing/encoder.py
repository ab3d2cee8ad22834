"""Encoders: pictures to embeddings and codes. The only module that imports the runtime.

An encoder is a folder: `network.onnx` (uint8 picture → float embedding, resizing and
colour histogram included), `layer.npz` (the hash layer) and `card.json`. An encoder
whose hash layer was fitted to a shop is another folder with the same network.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from hashing.arrays import Float32Array
from hashing.cards import (
    LAYER_FILE,
    NETWORK_FILE,
    EncoderCard,
    compute_fingerprint,
    read_card,
    verify_checksums,
)
from hashing.codes import Codes
from hashing.embeddings import Embeddings, quantise_embeddings
from hashing.errors import CheckpointError
from hashing.layers.hash_layer import HashLayer
from hashing.layers.linear import LinearHashLayer
from hashing.layers.stored_layers import load_layer

SHIPPED = Path(__file__).parent / "shipped"

WITH_REGIONS = MappingProxyType({"by_region": np.array(True)})


@dataclass(frozen=True)
class Encoded:
    """Embeddings (n, dim) int8 and codes (n, n_bits // 8) uint8 of n pictures."""

    embeddings: Embeddings
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class Features:
    """Outputs of the network as float32, before anything is rounded."""

    embedding: Float32Array  # (n, dim)
    item: Float32Array  # (n, 1280), pooled features
    look: Float32Array  # (n, 192), a colour histogram
    combined: Float32Array | None = None  # (n, 1856), what `kind` is projected from


class Encoder:
    """Turns pictures into embeddings and codes; safe to use from several threads."""

    def __init__(
        self, session: Any, layer: HashLayer, card: EncoderCard, *, fingerprint: str
    ) -> None:
        """Use `load_encoder`."""
        self.layer = layer
        self.card = card
        self.fingerprint = fingerprint  # see `hashing.cards.compute_fingerprint`
        self._session = session

    @property
    def name(self) -> str:
        """The name on the card."""
        return self.card.name

    @property
    def n_bits(self) -> int:
        """Bits per code."""
        return self.layer.n_bits

    def encode(self, images: Sequence[Image.Image]) -> Encoded:
        """Encode RGB pictures of any size, upright; an empty sequence is allowed.

        Pictures go through the network one at a time, so that the result for one does
        not depend on the others. Raises ValueError for a picture that is not RGB.
        """
        embeddings = np.empty((len(images), self.layer.dim), dtype=np.int8)
        for row, image in enumerate(images):
            (embedding,) = run_network(self._session, image, ["embedding"])
            embeddings[row] = quantise_embeddings(embedding)[0]
        return Encoded(embeddings, self.layer.codes(embeddings))

    def regions(self, images: Iterable[Image.Image]) -> Float32Array:
        """Compute what each region of at least one picture adds to its embedding.

        Returns (n, rows, columns, dim) for a grid of equal cells, starting at the upper
        left, 7 x 7 for the shipped encoder. The sum over the cells is
        `features(images).embedding`, up to rounding: `hashing.networks.region_graph`
        says why. The dot product of a picture's embedding and a cell of another is
        therefore what that cell adds to their cosine.

        Takes about a tenth more time than `encode`. Raises CheckpointError for an
        encoder without regions.
        """
        self._check_regions()
        rows = [
            run_network(self._session, image, ["regions"], WITH_REGIONS)[0]
            for image in images
        ]
        return np.concatenate(rows)

    def encode_with_regions(
        self, image: Image.Image
    ) -> tuple[npt.NDArray[np.int8], Float32Array]:
        """Compute one picture's embedding (dim,) and regions in a single pass.

        The embedding is that of `encode`, the regions (rows, columns, dim) those of
        `regions`, which also says when CheckpointError is raised.
        """
        self._check_regions()
        outputs = ["embedding", "regions"]
        embedding, regions = run_network(self._session, image, outputs, WITH_REGIONS)
        return quantise_embeddings(embedding)[0], regions[0]

    @property
    def has_regions(self) -> bool:
        """Whether the network can compute `regions`."""
        return "regions" in self._output_names

    @property
    def has_linear_layer(self) -> bool:
        """Whether bits are linear in the embedding: a rotation and thresholds."""
        return isinstance(self.layer, LinearHashLayer)

    @property
    def can_explain(self) -> bool:
        """Whether `hashing.explain` works with this encoder."""
        return self.has_regions and self.has_linear_layer

    def features(self, images: Iterable[Image.Image]) -> Features:
        """Compute the features of at least one picture, for fitting and measuring."""
        names = ["embedding", "item", "look"]
        names += ["known"] if "known" in self._output_names else []
        rows = [run_network(self._session, image, names) for image in images]
        return Features(*map(np.concatenate, zip(*rows, strict=True)))

    @property
    def _output_names(self) -> set[str]:
        return {output.name for output in self._session.get_outputs()}

    def _check_regions(self) -> None:
        if not self.has_regions:
            raise CheckpointError(f"the network of {self.name} computes no regions")


def load_encoder(folder: Path) -> Encoder:
    """Load the encoder in a folder.

    Load after a server has forked: the runtime's threads do not survive a fork. Raises
    CheckpointError if a file is missing, damaged or of another format.
    """
    card = read_card(folder)
    verify_checksums(folder, card)
    try:
        layer = load_layer(folder / LAYER_FILE)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{folder / LAYER_FILE} is damaged: {error}") from error
    if (layer.dim, layer.n_bits) != (card.dim, card.n_bits):
        raise CheckpointError(
            f"{folder}: the layer makes {layer.n_bits} bits of {layer.dim} numbers, "
            f"the card says {card.n_bits} of {card.dim}"
        )
    session = open_network(folder / NETWORK_FILE)
    return Encoder(session, layer, card, fingerprint=compute_fingerprint(folder))


def run_network(
    session: Any,
    image: Image.Image,
    outputs: list[str],
    inputs: Mapping[str, npt.NDArray[Any]] = MappingProxyType({}),
) -> Any:
    """Compute outputs of a network, each (1, …), for an RGB picture of any size.

    `inputs`: further inputs beside the picture; all of them have defaults. Raises
    ValueError for a picture that is not RGB.
    """
    if image.mode != "RGB":
        raise ValueError(f"expected an RGB picture, got {image.mode}")
    pixels = np.asarray(image)[np.newaxis]  # (1, height, width, 3)
    return session.run(outputs, {"picture": pixels, **inputs})


def open_network(path: Path) -> Any:
    """Open a network in the runtime, on one thread. Raises CheckpointError."""
    # Must be set before the import, which otherwise writes files for telemetry into the
    # temporary folder and the home.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # 0.1 s and 30 MB, needed only where pictures are encoded

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # requests are the parallelism
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # noqa: BLE001 - the runtime's errors share no base
        raise CheckpointError(f"{path} cannot be run: {error}") from error
