"""How well codes use their bits, and how quickly they are searched."""

from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from hashing.codes import Codes, unpack
from hashing.index.code_index import CodeIndex

TIMED_K = 200  # neighbours that a timed search asks for
MAX_TIMED_QUERIES = 200


def describe_codes(codes: Codes) -> dict[str, Any]:
    """Describe how evenly and independently codes use their bits.

    bias          mean over bits of |2 share of ones - 1|; 0 is best
    entropy       mean over bits; 1 is best
    correlation   mean over pairs of bits of |correlation|; 0 is best
    distinct      number of different codes per entry; 1 is best
    colliding     share of entries whose code another has too; 0 is best
    """
    bits = unpack(codes)
    ones = bits.mean(axis=0)
    counts = np.unique(codes, axis=0, return_counts=True)[1]
    shares = np.stack([ones, 1 - ones])
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    centred = bits - ones
    lengths = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(lengths == 0, 1, lengths)
    is_pair = ~np.eye(len(ones), dtype=np.bool_)
    return {
        "bias": round(float(np.abs(2 * ones - 1).mean()), 4),
        "entropy": round(float(-(shares * logs).sum(axis=0).mean()), 4),
        "correlation": round(float(np.abs(scaled.T @ scaled)[is_pair].mean()), 4),
        "distinct": round(len(counts) / len(codes), 4),
        "colliding": round(float(counts[counts > 1].sum() / len(codes)), 4),
        "largest_bucket": int(counts.max()),
        "ones": ones.round(3).tolist(),
    }


def search_time(queries: Codes, gallery: Codes) -> dict[str, float]:
    """Measure the milliseconds in which an index of the gallery answers one query."""
    index = CodeIndex.build(np.arange(len(gallery)), gallery)
    search = partial(index.search, k=min(TIMED_K, len(gallery)))
    times = []
    for query in queries[:MAX_TIMED_QUERIES]:
        start = perf_counter()
        search(query[np.newaxis])
        times.append((perf_counter() - start) * 1e3)
    return {
        "n_gallery": len(gallery),
        "median_ms": round(float(np.median(times)), 3),
        "p95_ms": round(float(np.quantile(times, 0.95)), 3),
    }
