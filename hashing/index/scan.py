"""Scans of codes that lie contiguously: the k nearest, or all within a radius.

Keeping a heap of the k nearest costs a third of a scan of a million codes; comparing
with a fixed radius costs nothing beside reading them. So where there are many codes, a
sample gives the radius that holds enough of them.
"""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import faiss
import numpy as np

from hashing.codes import Codes
from hashing.index.candidates import Candidates
from hashing.index.row_filter import RowNumbers, RowRange, count_rows

# From this many codes per neighbour on, faiss' heap is quicker than its counting.
HEAP_CODES_PER_NEIGHBOUR = 2500
MIN_SAMPLED_ROWS = 100_000  # below, a heap is quick enough
# More than k are fetched, to see past the ties at the last distance: among uniform
# codes a third of the nearest 200 of a million tie with the last, rarely more.
OVERFETCH_FACTOR, OVERFETCH_EXTRA = 1.75, 32
SAMPLE_RUN_ROWS = 64  # rows read together for the sample: a few cache lines
MIN_SAMPLE_STEP = 16  # at most one row in 16 is sampled
MAX_SAMPLE_ROWS = 10_000


def sample_codes(codes: Codes, ranges: Sequence[RowRange]) -> Codes | None:
    """Copy a sample of the codes in some ranges; None where they are few."""
    n_rows = count_rows(ranges)
    if n_rows < MIN_SAMPLED_ROWS:
        return None
    step = max(MIN_SAMPLE_STEP, n_rows // MAX_SAMPLE_ROWS)
    return np.concatenate(
        [_thin_out(codes[start:stop], step) for start, stop in ranges]
    )


def overfetched(k: int) -> int:
    """Return how many neighbours to ask for, so that the first k are complete."""
    return int(OVERFETCH_FACTOR * k) + OVERFETCH_EXTRA


def scan_ranges(
    query: Codes,
    codes: Codes,
    k: int,
    ranges: Sequence[RowRange],
    sample: Codes | None,
) -> Candidates:
    """Scan some ranges of rows for the k nearest to a query (1, n_bits // 8).

    Usually returns more than k, and fewer where the sample misled: the candidates say
    below which distance they are complete.
    """
    n_rows = count_rows(ranges)
    if sample is not None and n_rows >= MIN_SAMPLE_STEP * SAMPLE_RUN_ROWS * k:
        radius = _estimate_radius(query, sample, k * len(sample) / n_rows)
        return _scan_within_radius(query, codes, radius, ranges)
    k = overfetched(k)
    parts = [
        k_nearest(query, codes[start:stop], k, np.int64(start))
        for start, stop in ranges
    ]
    return parts[0] if len(parts) == 1 else Candidates.merged(parts, k)


def k_nearest(
    query: Codes, codes: Codes, k: int, rows: RowNumbers | np.int64
) -> Candidates:
    """Find the k nearest codes; `rows` are their rows, or the row of the first."""
    k = min(k, len(codes))
    variant = "hc" if len(codes) > HEAP_CODES_PER_NEIGHBOUR * k else "mc"
    distances, at = faiss.knn_hamming(query, codes, k, variant=variant)
    nearest = rows + at[0] if isinstance(rows, np.int64) else rows[at[0]]
    return Candidates.nearest(nearest, distances[0], is_all=k == len(codes))


def _estimate_radius(query: Codes, sample: Codes, expected: float) -> int:
    """Estimate a radius that holds k codes, `expected` of which are in the sample."""
    # Three deviations are added: how many of the nearest were sampled is chance.
    at = min(len(sample), ceil(expected + 3 * sqrt(expected)) + 1)
    distances, _ = faiss.knn_hamming(query, sample, at, variant="hc")
    return int(distances[0, -1]) + 1


def _thin_out(codes: Codes, step: int) -> Codes:
    """Copy every step-th row, or as many in runs where there are enough for runs."""
    n_runs = len(codes) // (SAMPLE_RUN_ROWS * step)
    if n_runs == 0:
        return np.ascontiguousarray(codes[::step])
    whole = codes[: n_runs * SAMPLE_RUN_ROWS * step]
    runs = whole.reshape(n_runs, SAMPLE_RUN_ROWS * step, -1)[:, :SAMPLE_RUN_ROWS]
    return np.ascontiguousarray(runs).reshape(n_runs * SAMPLE_RUN_ROWS, -1)


def _scan_within_radius(
    query: Codes, codes: Codes, radius: int, ranges: Sequence[RowRange]
) -> Candidates:
    """Return all rows nearer than the radius, nearest first."""
    rows, distances = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for start, stop in ranges:
        result: Any = faiss.RangeSearchResult(1)
        part = codes[start:stop]
        faiss.hamming_range_search(  # type: ignore[attr-defined]
            *(faiss.swig_ptr(query), faiss.swig_ptr(part), 1, len(part)),
            *(radius, codes.shape[1], result, None),
        )
        n_hits = int(faiss.rev_swig_ptr(result.lims, 2)[1])
        if n_hits:  # without hits the pointers are null
            # Both lines copy: the memory is freed with `result`.
            labels = faiss.rev_swig_ptr(result.labels, n_hits)
            rows.append(labels + start)
            bits = faiss.rev_swig_ptr(result.distances, n_hits)
            distances.append(bits.astype(np.int32))
    return Candidates.within_radius(
        radius, np.concatenate(rows), np.concatenate(distances)
    )
