"""How well codes use their bits, and how quickly they are searched."""

from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from hashing.codes import Codes, unpack
from hashing.index import CodeIndex

WANTED = 200  # neighbours that a timed search asks for
TIMED = 200  # queries whose search is timed


def describe(codes: Codes) -> dict[str, Any]:
    """How codes are used, of bits that should be even, independent and telling apart.

    0 is best of `bias` and `correlation`, both means over bits (pairs of bits) of what
    is absolute, and of `colliding`, the share of entries whose code another has too; 1
    is best of `distinct` and of `entropy`, the mean over bits.
    """
    bits = unpack(codes)
    ones = bits.mean(axis=0)
    counts = np.unique(codes, axis=0, return_counts=True)[1]
    shares = np.stack([ones, 1 - ones])
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    centred = bits - ones
    lengths = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(lengths == 0, 1, lengths)
    off = ~np.eye(len(ones), dtype=np.bool_)
    return {
        "bias": round(float(np.abs(2 * ones - 1).mean()), 4),
        "entropy": round(float(-(shares * logs).sum(axis=0).mean()), 4),
        "correlation": round(float(np.abs(scaled.T @ scaled)[off].mean()), 4),
        "distinct": round(len(counts) / len(codes), 4),
        "colliding": round(float(counts[counts > 1].sum() / len(codes)), 4),
        "largest_bucket": int(counts.max()),
        "ones": ones.round(3).tolist(),
    }


def search_time(queries: Codes, gallery: Codes) -> dict[str, float]:
    """Milliseconds in which an index of the gallery answers one query, 200 wanted."""
    index = CodeIndex.build(np.arange(len(gallery)), gallery)
    search = partial(index.search, k=min(WANTED, len(gallery)))
    times = []
    for query in queries[:TIMED]:
        start = perf_counter()
        search(query[np.newaxis])
        times.append((perf_counter() - start) * 1e3)
    return {
        "n_gallery": len(gallery),
        "median_ms": round(float(np.median(times)), 3),
        "p95_ms": round(float(np.quantile(times, 0.95)), 3),
    }
