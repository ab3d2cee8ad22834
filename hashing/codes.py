"""Binary codes: bits packed eight to a byte, compared by Hamming distance.

Bits are ordered as numpy packs them: the first bit is the highest of the first byte.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hashing.arrays import BoolArray

Codes = npt.NDArray[np.uint8]  # (n, n_bits // 8)


def pack(bits: npt.NDArray[Any]) -> Codes:
    """Pack bits (n, n_bits) into codes (n, n_bits // 8).

    Numbers become bits by `x >= 0`: zero gives 1 and NaN gives 0. Raises ValueError
    unless `bits` is two-dimensional and its width divides by eight.
    """
    if bits.ndim != 2 or bits.shape[1] % 8:
        raise ValueError(f"expected (n, a multiple of 8) bits, got {bits.shape}")
    is_set = bits if bits.dtype == np.bool_ else bits >= 0
    return np.packbits(is_set, axis=1)


def unpack(codes: Codes) -> BoolArray:
    """Unpack codes (n, n_bits // 8) into bits (n, n_bits). Raises ValueError."""
    check_codes(codes)
    return np.unpackbits(codes, axis=1).astype(np.bool_)


def hamming(a: Codes, b: Codes) -> npt.NDArray[np.int32]:
    """Count the bits that differ between a (n, bytes) and b (m, bytes): (n, m).

    Compares every pair: for small sets, and as the reference that `CodeIndex` is tested
    against. Raises ValueError for codes of different lengths.
    """
    check_codes(a)
    check_codes(b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"codes of {a.shape[1]} and of {b.shape[1]} bytes")
    distances = np.empty((len(a), len(b)), dtype=np.int32)
    for row, code in enumerate(a):  # row by row, so that memory stays at (m, bytes)
        distances[row] = np.bitwise_count(code ^ b).sum(axis=1, dtype=np.int32)
    return distances


def check_codes(codes: Codes) -> None:
    """Raise ValueError unless codes are uint8 (n, bytes)."""
    if codes.ndim != 2 or codes.dtype != np.uint8:
        raise ValueError(f"codes are uint8 (n, bytes), got {codes.dtype} {codes.shape}")
