"""Central similarity: every class has a hash centre, and its pictures go there.

Yuan et al., "Central Similarity Quantization for Efficient Image and Video Retrieval",
CVPR 2020.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.losses.targets import class_targets


class CSQ(nn.Module):
    """Of codes h = tanh(outputs) and centres c of ±1, the mean over bits of

    cross-entropy of (h + 1) / 2 against (c + 1) / 2, plus lambda1 (|h| - 1)²
    """

    centres: Tensor  # (n_classes, n_bits)

    def __init__(
        self, n_classes: int, n_bits: int, *, lambda1: float = 1e-4, seed: int = 0
    ) -> None:
        super().__init__()
        self.lambda1 = lambda1
        self.register_buffer("centres", class_targets(n_classes, n_bits, seed=seed))

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        bits = (self.centres[labels] + 1) / 2  # (B, n_bits)
        # (tanh(x) + 1) / 2 is sigmoid(2 x), which has an exact cross-entropy.
        central = functional.binary_cross_entropy_with_logits(2 * outputs, bits)
        off = (torch.tanh(outputs).abs() - 1).square().mean()
        return central + self.lambda1 * off
