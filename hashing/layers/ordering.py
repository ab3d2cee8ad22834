"""Which bits of a code come first, so that its beginning is a code too.

Bits are taken one by one: next comes the one with which the taken ones agree best with
the embeddings. Agreement is centred kernel alignment (Cortes, Mohri and Rostamizadeh,
"Algorithms for Learning Kernels Based on Centered Alignment", JMLR 13, 2012): over all
pairs of pictures, how the bits that are equal go with how near the pictures are. To
change the order of all bits changes no distance between whole codes.
"""

import numpy as np

from hashing.layers.linear import Floats, unit

SAMPLE = 2000  # pictures whose pairs are looked at
STEEP = 0.2  # of cosine, in which nearness grows e-fold: near pairs count, far hardly


def best_first(bits: Floats, vectors: Floats, *, given: int = 0) -> list[int]:
    """Columns of bits (n, columns), ±1, in order, for vectors (n, dim) from their mean.

    The first `given` columns stay where they are. Each bit's fit is counted once, and
    what two bits say alike is taken from both, so the order takes columns² steps.
    """
    every = -(-len(bits) // SAMPLE)
    near, chosen = _nearness(vectors[::every]), bits[::every]
    chosen = chosen - chosen.mean(axis=0)
    fits = (chosen * (near @ chosen)).sum(axis=0)  # (columns,), with the embeddings
    alike = (chosen.T @ chosen) ** 2  # (columns, columns), over all pairs of pictures
    own, shared = alike.diagonal(), np.zeros(len(fits))
    taken: list[int] = []
    left = np.arange(len(fits))
    fit = length = 0.0  # of what was taken
    while len(left):
        lengths = np.maximum(length + 2 * shared[left] + own[left], 1e-12)
        gains = (fit + fits[left]) / np.sqrt(lengths)
        place = len(taken) if len(taken) < given else int(left[gains.argmax()])
        length += 2 * shared[place] + own[place]
        fit += fits[place]
        shared += alike[place]
        taken.append(place)
        left = left[left != place]
    return taken


def _nearness(vectors: Floats) -> Floats:
    """How near each two of vectors (n, dim) are, (n, n), from its mean both ways."""
    directions = unit(vectors).astype(np.float64)
    near: Floats = np.exp(directions @ directions.T / STEEP)
    np.fill_diagonal(near, 0)
    near -= near.mean(axis=0)
    near -= near.mean(axis=1, keepdims=True)
    return near
