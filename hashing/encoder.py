"""Pictures to embeddings and codes. The only module that imports the runtime.

An encoder is a folder: `network.onnx` (uint8 picture → float embedding, with resizing
and colours inside), `layer.npz` (the hash layer) and `card.json` (what it is, what it
was made from, the digests of the other two). A hash layer fitted to a shop is another
folder with the same network.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from hashing.codes import Codes
from hashing.errors import CheckpointError
from hashing.layers.linear import Embeddings, HashLayer, quantise

SHIPPED = Path(__file__).parent / "shipped"
FORMAT = "semblance-encoder-1"
FILES = ("network.onnx", "layer.npz")


@dataclass(frozen=True)
class Part:
    """A named stretch of the embedding, e.g. what the item is or how it looks."""

    name: str
    start: int
    stop: int
    weight: float  # its length beside the others', at most or so; in the embedding


@dataclass(frozen=True)
class Card:
    """What an encoder is, from its `card.json`."""

    name: str
    description: str
    n_bits: int
    dim: int
    parts: tuple[Part, ...]
    match: tuple[tuple[float, float], ...]  # (cosine, share that is the same product)
    contents: dict[str, Any]  # everything on the card, the above included


@dataclass(frozen=True)
class Encoded:
    """Embeddings (n, dim) int8 and codes (n, n_bits // 8) uint8 of n pictures."""

    embeddings: Embeddings
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class Features:
    """What the network sees before anything is rounded, as float32."""

    embedding: npt.NDArray[np.float32]  # (n, dim)
    item: npt.NDArray[np.float32]  # (n, 1280), pooled
    look: npt.NDArray[np.float32]  # (n, 192), a colour histogram
    known: npt.NDArray[np.float32] | None = None  # (n, 1856): kinds are learned of it


class Encoder:
    """Turns pictures into embeddings and codes; safe to use from several threads."""

    def __init__(
        self, session: Any, layer: HashLayer, card: Card, *, fingerprint: str
    ) -> None:
        """Use `load_encoder`."""
        self.layer = layer
        self.card = card
        self.fingerprint = fingerprint  # 16 hex digits: same digits, same bits
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
        """Encode RGB pictures, decoded and upright, of any size; none is allowed.

        Pictures go through the network one at a time, so what one becomes does not
        depend on the others. Raises ValueError for a picture that is not RGB.
        """
        embeddings = np.empty((len(images), self.layer.dim), dtype=np.int8)
        for row, image in enumerate(images):
            embeddings[row] = quantise(see(self._session, image, ["embedding"])[0])[0]
        return Encoded(embeddings, self.layer.codes(embeddings))

    def regions(self, images: Iterable[Image.Image]) -> npt.NDArray[np.float32]:
        """What each region of at least one picture adds to its embedding.

        float32 (n, rows, columns, dim): a grid of equal cells over the picture, 7 x 7
        for the shipped encoder, the first at the left top. The sum over the cells is
        `features(images).embedding`, exact but for rounding: cells are divided by the
        whole picture's lengths; `hashing.regions` says how they come about. So the dot
        product of one picture's embedding and a cell of another is what that cell
        adds to their cosine.

        Takes about a tenth more time than `encode`. Raises CheckpointError for an
        encoder whose network has no regions.
        """
        if not self.has_regions:
            raise CheckpointError(f"the network of {self.name} tells no regions apart")
        wanted = {"by_region": np.array(True)}
        rows = [see(self._session, i, ["regions"], wanted)[0] for i in images]
        return np.concatenate(rows)

    def encode_with_regions(
        self, image: Image.Image
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """One picture's embedding (dim,), as `encode` has it, and its regions
        (rows, columns, dim), in one pass. Raises CheckpointError as `regions` does.
        """
        if not self.has_regions:
            raise CheckpointError(f"the network of {self.name} tells no regions apart")
        wanted = {"by_region": np.array(True)}
        embedding, regions = see(self._session, image, ["embedding", "regions"], wanted)
        return quantise(embedding)[0], regions[0]

    @property
    def has_regions(self) -> bool:
        """Whether `regions` can be asked for."""
        return "regions" in self._outputs

    @property
    def _outputs(self) -> set[str]:
        return {output.name for output in self._session.get_outputs()}

    def features(self, images: Iterable[Image.Image]) -> Features:
        """What the network sees in at least one picture; for measuring."""
        names = ["embedding", "item", "look"]
        names += ["known"] if "known" in self._outputs else []
        rows = [see(self._session, image, names) for image in images]
        seen = dict(
            zip(names, map(np.concatenate, zip(*rows, strict=True)), strict=True)
        )
        known = seen.get("known")
        return Features(seen["embedding"], seen["item"], seen["look"], known)


def load_encoder(path: Path) -> Encoder:
    """Load the encoder in a folder.

    Raises CheckpointError that says what is missing, damaged or of another format.
    Load after a server has forked: the runtime's threads do not survive a fork.
    """
    card = read_card(path)
    stored = {name: _read(path / name) for name in FILES}
    for name, content in stored.items():
        if hashlib.sha256(content).hexdigest() != card.contents["checksums"][name]:
            raise CheckpointError(f"{path / name} is damaged: its checksum differs")
    try:
        layer = HashLayer.load(path / "layer.npz")
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path / 'layer.npz'} is damaged: {error}") from error
    if (layer.dim, layer.n_bits) != (card.dim, card.n_bits):
        raise CheckpointError(
            f"{path}: the layer makes {layer.n_bits} bits of {layer.dim} numbers, "
            f"the card says {card.n_bits} of {card.dim}"
        )
    return Encoder(
        open_network(path / "network.onnx"), layer, card, fingerprint=fingerprint(path)
    )


def fingerprint(path: Path) -> str:
    """16 hex digits that name the network and the hash layer in a folder."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(hashlib.sha256(_read(path / name)).digest())
    return digest.hexdigest()[:16]


def read_card(path: Path) -> Card:
    """The card in an encoder's folder; raises CheckpointError."""
    file = path / "card.json"
    try:
        contents = json.loads(_read(file))
        if contents.get("format") != FORMAT or set(contents["checksums"]) != set(FILES):
            raise CheckpointError(f"{file} is not of format {FORMAT}")
        return Card(
            name=contents["name"],
            description=contents["description"],
            n_bits=contents["n_bits"],
            dim=contents["dim"],
            parts=tuple(Part(**part) for part in contents["parts"]),
            match=tuple((float(c), float(p)) for c, p in contents["match"]),
            contents=contents,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{file} is damaged: {error!r}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def see(
    session: Any,
    image: Image.Image,
    outputs: list[str],
    wanted: Mapping[str, npt.NDArray[Any]] = MappingProxyType({}),
) -> Any:
    """Outputs of the network, each (1, …), for an RGB picture of any size.

    `wanted`: inputs beside the picture, all of which have a default.
    """
    if image.mode != "RGB":
        raise ValueError(f"expected an RGB picture, got {image.mode}")
    pixels = np.asarray(image)[np.newaxis]  # (1, height, width, 3)
    return session.run(outputs, {"picture": pixels, **wanted})


def open_network(path: Path) -> Any:
    """The runtime's session on a network, on one thread; raises CheckpointError."""
    # Before the import: afterwards it has made files in the temporary folder and the
    # home, for an uploader that nobody here asked for.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # 0.1 s and 30 MB, and only who encodes needs it

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
