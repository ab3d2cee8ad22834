"""An encoder's card: `card.json`, the only file that says what its folder holds.

The card has the name, the parts of the embedding, the curve from cosine to probability,
what the encoder was made from, and the checksums of the two files beside it:
`network.onnx` and `layer.npz`. Every card is read and written here.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disk.whole import write_whole
from hashing.errors import CheckpointError
from hashing.match_curves import Curve

ENCODER_FORMAT = "semblance-encoder-1"
NETWORK_FILE, LAYER_FILE, CARD_FILE = "network.onnx", "layer.npz", "card.json"
ENCODER_FILES = (NETWORK_FILE, LAYER_FILE)
FINGERPRINT_DIGITS = 16
LOOK_FACTOR = "look_factor"  # on the card of an encoder that was fitted to a shop


@dataclass(frozen=True)
class Part:
    """A named slice of the embedding, e.g. `item` (what it is) or `look` (colours)."""

    name: str
    start: int
    stop: int
    weight: float  # greatest length within the embedding, relative to other parts


@dataclass(frozen=True)
class EncoderCard:
    """The description of an encoder that its folder holds."""

    name: str
    description: str
    n_bits: int
    dim: int  # numbers in an embedding
    parts: tuple[Part, ...]
    match_curve: Curve  # from cosine to the probability of being the same product
    contents: dict[str, Any]  # the whole of card.json, including the above

    @property
    def look_factor(self) -> float:
        """The factor of the look's weight that was fitted to a shop; 1 without one."""
        return float(self.contents.get(LOOK_FACTOR, 1.0))


def read_card(folder: Path) -> EncoderCard:
    """Read the card in an encoder's folder. Raises CheckpointError."""
    path = folder / CARD_FILE
    try:
        contents = json.loads(read_bytes(path))
        if contents.get("format") != ENCODER_FORMAT or set(
            contents["checksums"]
        ) != set(ENCODER_FILES):
            raise CheckpointError(f"{path} is not of format {ENCODER_FORMAT}")
        return EncoderCard(
            name=contents["name"],
            description=contents["description"],
            n_bits=contents["n_bits"],
            dim=contents["dim"],
            parts=tuple(Part(**part) for part in contents["parts"]),
            match_curve=tuple((float(c), float(p)) for c, p in contents["match"]),
            contents=contents,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged: {error!r}") from error


def write_card(folder: Path, contents: dict[str, Any]) -> None:
    """Write a card; format, fingerprint and checksums are those of the files there."""
    card = {
        "format": ENCODER_FORMAT,
        **contents,
        "fingerprint": compute_fingerprint(folder),
        "checksums": {name: _sha256(folder / name).hex() for name in ENCODER_FILES},
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    write_whole(folder / CARD_FILE, text + "\n")


def compute_fingerprint(folder: Path) -> str:
    """Compute the 16 hex digits that name the network and the hash layer in a folder.

    Encoders with the same fingerprint give the same bits.
    """
    digest = hashlib.sha256(b"".join(_sha256(folder / name) for name in ENCODER_FILES))
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def verify_checksums(folder: Path, card: EncoderCard) -> None:
    """Raise CheckpointError unless the files have the checksums that the card names."""
    for name in ENCODER_FILES:
        if _sha256(folder / name).hex() != card.contents["checksums"][name]:
            raise CheckpointError(f"{folder / name} is damaged: its checksum differs")


def read_bytes(path: Path) -> bytes:
    """Read a file. Raises CheckpointError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def _sha256(path: Path) -> bytes:
    return hashlib.sha256(read_bytes(path)).digest()
