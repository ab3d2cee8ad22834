"""95 % confidence intervals of means, by bootstrap over groups of queries.

Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 1979.
Queries of one group, such as photos of one product, succeed and fail together; so
groups are resampled, not queries (Field and Welsh, "Bootstrapping Clustered Data",
JRSS B 2007).
"""

from collections.abc import Sequence

import numpy as np

from hashing.arrays import Float64Array

RESAMPLES = 2000
QUANTILES = (0.025, 0.975)
SEED = 0


def bootstrap_interval(
    values: Float64Array, groups: Sequence[str]
) -> tuple[Float64Array, Float64Array]:
    """Return low and high ends (…) for the means over queries of values (queries, …).

    groups: the group of each query.
    """
    names, members = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, members, values)
    counts = np.bincount(members)
    rng = np.random.default_rng(SEED)
    resamples = rng.integers(len(names), size=(RESAMPLES, len(names)))
    sizes = counts[resamples].sum(axis=1)
    totals = np.stack([sums[rows].sum(axis=0) for rows in resamples])
    # Transposed, so that resamples are the last axis and divide by their sizes.
    low, high = np.quantile(totals.T / sizes, QUANTILES, axis=-1)
    return low.T, high.T
