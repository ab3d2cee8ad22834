"""Passes over codes that lie together: the k nearest, or all within a radius.

A heap of the k nearest costs a third of a scan of a million codes; comparing with a
radius costs nothing beside reading them. So where there are many, a sample tells a
radius that holds enough.
"""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import faiss
import numpy as np

from hashing.codes import Codes
from hashing.near import Near
from hashing.where import Ids, Stretch, size

HEAP_ABOVE = 2500  # codes for each asked neighbour; below, counting beats a heap
SAMPLE_ABOVE = 100_000  # rows; below, a heap is quick enough
# Asked for, times and over, to see past ties at the last distance: among uniform codes
# a third of the nearest 200 of a million tie with the last. Seldom more do.
TIMES, SPARE = 1.75, 32
RUN = 64  # rows that lie together in the sample: some cache lines
LEAST_STEP = 16  # one row of the sample for so many
MOST_SAMPLED = 10_000


def sampled(codes: Codes, stretches: Sequence[Stretch]) -> Codes | None:
    """Some of the codes in these stretches, by which to guess; None of few."""
    n = size(stretches)
    if n < SAMPLE_ABOVE:
        return None
    step = max(LEAST_STEP, n // MOST_SAMPLED)
    return np.concatenate(
        [_every(step, codes[first:last]) for first, last in stretches]
    )


def scan(
    query: Codes,
    codes: Codes,
    k: int,
    stretches: Sequence[Stretch],
    sample: Codes | None,
) -> Near:
    """The k nearest of the codes in these stretches of rows, as a rule, and more.

    Fewer where the sample misled; what came back says up to where it is complete.
    """
    n = size(stretches)
    if sample is not None and n >= LEAST_STEP * RUN * k:
        radius = _radius(query, sample, k * len(sample) / n)
        return _within(query, codes, radius, stretches)
    k = int(TIMES * k) + SPARE
    parts = [
        nearest(query, codes[start:stop], k, np.int64(start))
        for start, stop in stretches
    ]
    return parts[0] if len(parts) == 1 else Near.merged(parts, k)


def nearest(query: Codes, codes: Codes, k: int, rows: Ids | np.int64) -> Near:
    """The k nearest codes; `rows` are their rows, or the row of the first."""
    k = min(k, len(codes))
    variant = "hc" if len(codes) > HEAP_ABOVE * k else "mc"
    distances, at = faiss.knn_hamming(query, codes, k, variant=variant)
    found = rows + at[0] if isinstance(rows, np.int64) else rows[at[0]]
    return Near.of(found, distances[0], is_all=k == len(codes))


def _radius(query: Codes, sample: Codes, expected: float) -> int:
    """One that holds as many as are wanted; so many of them are in the sample."""
    # Three deviations more: how many of the nearest the sample caught is chance.
    at = min(len(sample), ceil(expected + 3 * sqrt(expected)) + 1)
    distances, _ = faiss.knn_hamming(query, sample, at, variant="hc")
    return int(distances[0, -1]) + 1


def _every(step: int, codes: Codes) -> Codes:
    """One of so many, copied, as runs that lie together."""
    n_runs = len(codes) // (RUN * step)
    if n_runs == 0:
        return np.ascontiguousarray(codes[::step])
    whole = codes[: n_runs * RUN * step].reshape(n_runs, RUN * step, -1)
    return np.ascontiguousarray(whole[:, :RUN]).reshape(n_runs * RUN, -1)


def _within(
    query: Codes, codes: Codes, radius: int, stretches: Sequence[Stretch]
) -> Near:
    """All rows nearer than the radius, nearest first."""
    rows, distances = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for start, stop in stretches:
        found: Any = faiss.RangeSearchResult(1)
        part = codes[start:stop]
        faiss.hamming_range_search(  # type: ignore[attr-defined]
            *(faiss.swig_ptr(query), faiss.swig_ptr(part), 1, len(part)),
            *(radius, codes.shape[1], found, None),
        )
        n = int(faiss.rev_swig_ptr(found.lims, 2)[1])
        if n:  # else there is nothing that the pointers point to
            # Both copy: the memory goes with `found`.
            rows.append(faiss.rev_swig_ptr(found.labels, n) + start)
            distances.append(faiss.rev_swig_ptr(found.distances, n).astype(np.int32))
    return Near.inside(radius, np.concatenate(rows), np.concatenate(distances))


class _Rows:
    """The codes inside a faiss index, as numpy asks for them.

    An array made from this holds on to it, and so keeps the index alive.
    """

    def __init__(self, flat: Any) -> None:
        n_bytes = flat.d // 8
        data = faiss.rev_swig_ptr(flat.xb.data(), flat.ntotal * n_bytes)
        address, _ = data.__array_interface__["data"]
        self._flat = flat
        self.__array_interface__ = {
            "version": 3,
            "shape": (flat.ntotal, n_bytes),
            "typestr": "|u1",
            "data": (address, True),  # read-only: mapped pages cannot be written
        }


def codes_in(flat: Any) -> Codes:
    """Those of a faiss.IndexBinaryFlat (n, n_bits // 8), where they are."""
    if flat.ntotal == 0:
        return np.empty((0, flat.d // 8), dtype=np.uint8)
    return np.asarray(_Rows(flat), dtype=np.uint8)
