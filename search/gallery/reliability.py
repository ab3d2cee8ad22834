"""Reliability of probabilities: how often what was predicted came true, in ten bins."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = np.linspace(0, 1, 11)


@dataclass(frozen=True)
class Bin:
    """Answers whose probability lies in a range, and the share that was right."""

    low: float
    high: float
    answers: int
    predicted: float
    right: float


def expected_error(
    predicted: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]
) -> float:
    """Return the expected calibration error, over ten bins of equal width.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
    Bayesian binning" (AAAI 2015).
    """
    bins = reliability(predicted, is_right)
    apart = sum(each.answers * abs(each.predicted - each.right) for each in bins)
    return round(apart / max(1, len(predicted)), 4)


def reliability(
    predicted: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]
) -> tuple[Bin, ...]:
    """Return the bins that have answers in them."""
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
