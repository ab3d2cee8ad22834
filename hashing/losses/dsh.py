"""Deep Supervised Hashing: contrastive on outputs that a penalty pulls to ±1.

Liu, Wang, Shan and Chen, "Deep Supervised Hashing for Fast Image Retrieval", CVPR 2016.
"""

import torch
from torch import Tensor, nn


class DSH(nn.Module):
    """The mean over pairs i < j of a batch, of outputs b and squared distances d:

        d / 2 for the same class, max(m - d, 0) / 2 for others
        + alpha (‖|b_i| - 1‖₁ + ‖|b_j| - 1‖₁)

    `m` defaults to twice the bits, as in the paper.
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
        off = (outputs.abs() - 1).abs().sum(1)  # (B,); every output is in as many pairs
        return pair.mean() / 2 + 2 * self.alpha * off.mean()
