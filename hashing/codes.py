"""Binary codes: bits packed eight to a byte, compared by Hamming distance.

Bit order is numpy's: the first bit is the highest of the first byte.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]  # (n, n_bits // 8)


def pack(bits: npt.NDArray[Any]) -> Codes:
    """Pack (n, n_bits) bits into codes (n, n_bits // 8).

    Numbers are cut at zero: `x >= 0` makes a bit, so zero is a one and NaN is not.
    Raises ValueError unless `bits` is a table whose width divides by eight.
    """
    if bits.ndim != 2 or bits.shape[1] % 8:
        raise ValueError(f"expected (n, a multiple of 8) bits, got {bits.shape}")
    is_set = bits if bits.dtype == np.bool_ else bits >= 0
    return np.packbits(is_set, axis=1)


def unpack(codes: Codes) -> npt.NDArray[np.bool_]:
    """Unpack codes (n, n_bits // 8) into bits (n, n_bits)."""
    _check(codes)
    return np.unpackbits(codes, axis=1).astype(np.bool_)


def hamming(a: Codes, b: Codes) -> npt.NDArray[np.int32]:
    """Bits that differ between each of a (n, bytes) and each of b (m, bytes): (n, m).

    Meant for small sets and as the reference; `CodeIndex` searches large ones.
    """
    _check(a)
    _check(b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"codes of {a.shape[1]} and of {b.shape[1]} bytes")
    distances = np.empty((len(a), len(b)), dtype=np.int32)
    for row, code in enumerate(a):  # one row at a time keeps memory at (m, bytes)
        distances[row] = np.bitwise_count(code ^ b).sum(axis=1, dtype=np.int32)
    return distances


def _check(codes: Codes) -> None:
    if codes.ndim != 2 or codes.dtype != np.uint8:
        raise ValueError(f"codes are uint8 (n, bytes), got {codes.dtype} {codes.shape}")
