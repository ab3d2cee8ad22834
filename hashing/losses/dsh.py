"""Deep Supervised Hashing: a contrastive loss with a penalty that pulls outputs to ±1.

Liu, Wang, Shan and Chen, "Deep Supervised Hashing for Fast Image Retrieval", CVPR 2016.
"""

import torch
from torch import Tensor, nn


class DSH(nn.Module):
    """Contrastive loss of outputs b, whose squared distances are d, with a penalty.

    The mean over pairs i < j of a batch of

        d / 2 for the same class, max(m - d, 0) / 2 for others
        + alpha (‖|b_i| - 1‖₁ + ‖|b_j| - 1‖₁)

    `m` defaults to twice the number of bits, as in the paper.
    """

    def __init__(self, *, m: float | None = None, alpha: float = 0.01) -> None:
        super().__init__()
        self.m, self.alpha = m, alpha

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        margin = 2 * outputs.shape[1] if self.m is None else self.m
        first, second = torch.triu_indices(
            len(outputs), len(outputs), offset=1, device=outputs.device
        )  # (pairs,) each
        d = (outputs[first] - outputs[second]).square().sum(1)
        pair = torch.where(labels[first] == labels[second], d, (margin - d).clamp(0))
        # Every output is in equally many pairs: a mean over outputs (B,) is enough.
        penalty = (outputs.abs() - 1).abs().sum(1)
        return pair.mean() / 2 + 2 * self.alpha * penalty.mean()
