"""Regularisers, which ask something of codes beside the classes, and sums of losses.

Each is called as loss(outputs (B, n_bits), labels (B,)) like the other losses, so that
`WeightedSum([(1.0, CSQ(…)), (0.1, BitBalance())])` is a loss too.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Quantisation(nn.Module):
    """Mean of (|x| - 1)²: outputs near ±1 lose little when they become bits.

    Gong and Lazebnik, "Iterative Quantization", CVPR 2011, equation 2.
    """

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        return (outputs.abs() - 1).square().mean()


class BitBalance(nn.Module):
    """Mean over bits of the squared mean output: a bit should be set in half the codes.

    Weiss, Torralba and Fergus, "Spectral Hashing", NeurIPS 2008, equation 1.
    """

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        return outputs.mean(0).square().mean()


class Decorrelation(nn.Module):
    """‖xᵀx / B - I‖² / n_bits²: bits should not repeat each other.

    Weiss, Torralba and Fergus, "Spectral Hashing", NeurIPS 2008, equation 1.
    """

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        correlations = outputs.T @ outputs / len(outputs)  # (n_bits, n_bits)
        identity = torch.eye(len(correlations)).to(correlations)
        return (correlations - identity).square().mean()


class WeightedSum(nn.Module):
    """Sum of several losses, each with its weight."""

    def __init__(self, weighted: Sequence[tuple[float, nn.Module]]) -> None:
        super().__init__()
        self.weights = [weight for weight, _ in weighted]
        self.losses = nn.ModuleList(loss for _, loss in weighted)

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        values = [loss(outputs, labels) for loss in self.losses]
        pairs = zip(self.weights, values, strict=True)
        return torch.stack([weight * value for weight, value in pairs]).sum()
