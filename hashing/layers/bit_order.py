"""The order of a code's bits, chosen so that its prefixes are good codes too.

Bits are added greedily: the next is the one with which the chosen bits align best with
the embeddings. Alignment is centred kernel alignment (Cortes, Mohri and Rostamizadeh,
"Algorithms for Learning Kernels Based on Centered Alignment", JMLR 13, 2012), between
the number of equal bits of two pictures and the nearness of their embeddings. The order
of bits changes no distance between whole codes.
"""

from math import ceil

import numpy as np

from hashing.arrays import Float64Array
from hashing.embeddings import l2_normalise

MAX_SAMPLE = 2000  # pictures whose pairs are compared
KERNEL_WIDTH = 0.2  # of cosine, by which nearness grows e-fold: near pairs dominate
MIN_SQUARED_NORM = 1e-12


def order_bits(
    bits: Float64Array, vectors: Float64Array, *, n_fixed: int = 0
) -> list[int]:
    """Order the columns of bits (n, columns), ±1, for centred vectors (n, dim).

    The first `n_fixed` columns keep their place. Alignments of single bits and of pairs
    are computed once, so ordering takes columns² steps.
    """
    step = ceil(len(bits) / MAX_SAMPLE)
    kernel, sample = _centred_kernel(vectors[::step]), bits[::step]
    sample = sample - sample.mean(axis=0)
    alignments = (sample * (kernel @ sample)).sum(axis=0)  # (columns,)
    overlaps = (sample.T @ sample) ** 2  # (columns, columns), over all pairs
    own, with_chosen = overlaps.diagonal(), np.zeros(len(alignments))
    chosen: list[int] = []
    remaining = np.arange(len(alignments))
    alignment = squared_norm = 0.0  # of the chosen bits
    while len(remaining):
        squared_norms = squared_norm + 2 * with_chosen[remaining] + own[remaining]
        norms = np.sqrt(np.maximum(squared_norms, MIN_SQUARED_NORM))
        gains = (alignment + alignments[remaining]) / norms
        is_fixed = len(chosen) < n_fixed
        column = len(chosen) if is_fixed else int(remaining[gains.argmax()])
        squared_norm += 2 * with_chosen[column] + own[column]
        alignment += alignments[column]
        with_chosen += overlaps[column]
        chosen.append(column)
        remaining = remaining[remaining != column]
    return chosen


def _centred_kernel(vectors: Float64Array) -> Float64Array:
    """Compute how near each two of vectors (n, dim) are, centred both ways: (n, n)."""
    directions = l2_normalise(vectors).astype(np.float64)
    kernel: Float64Array = np.exp(directions @ directions.T / KERNEL_WIDTH)
    np.fill_diagonal(kernel, 0)
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    return kernel
