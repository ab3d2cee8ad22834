"""Whether what was said to be likely came out as often: in ten bins of equal width."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = np.linspace(0, 1, 11)


@dataclass(frozen=True)
class Bin:
    """Answers whose probability lies between two numbers, and how it came out."""

    low: float
    high: float
    answers: int
    predicted: float
    right: float


def expected_error(
    predicted: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]
) -> float:
    """Mean distance of what was said from what came out, in ten bins of equal width.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
    Bayesian binning" (AAAI 2015).
    """
    bins = reliability(predicted, is_right)
    apart = sum(each.answers * abs(each.predicted - each.right) for each in bins)
    return round(apart / max(1, len(predicted)), 4)


def reliability(
    predicted: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]
) -> tuple[Bin, ...]:
    """Without the bins that nothing fell into."""
    which = np.digitize(predicted, BINS[1:-1])
    return tuple(
        Bin(
            low=round(float(BINS[at]), 1),
            high=round(float(BINS[at + 1]), 1),
            answers=int((which == at).sum()),
            predicted=round(float(predicted[which == at].mean()), 4),
            right=round(float(is_right[which == at].mean()), 4),
        )
        for at in np.unique(which).tolist()
    )
