"""How far a mean may be off: 95 % intervals by drawing queries anew.

Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 1979.
Queries of one group, say photos of one product, succeed and fail together; so groups
are drawn, not queries (Field and Welsh, "Bootstrapping Clustered Data", JRSS B 2007).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
ENDS = (0.025, 0.975)

Floats = npt.NDArray[np.float64]


def interval(values: Floats, groups: Sequence[str]) -> tuple[Floats, Floats]:
    """Low and high ends (…) for the means over queries of values (queries, …)."""
    names, owner = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, owner, values)
    counts = np.bincount(owner)
    drawn = np.random.default_rng(0).integers(len(names), size=(RESAMPLES, len(names)))
    sizes = counts[drawn].sum(axis=1)
    totals = np.stack([sums[rows].sum(axis=0) for rows in drawn])
    low, high = np.quantile(totals.T / sizes, ENDS, axis=-1)  # drawn are last
    return low.T, high.T
