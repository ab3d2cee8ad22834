"""Central similarity: every class has a hash centre towards which its pictures move.

Yuan et al., "Central Similarity Quantization for Efficient Image and Video Retrieval",
CVPR 2020.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.losses.class_targets import make_class_targets


class CSQ(nn.Module):
    """Cross-entropy between codes and hash centres, and a quantisation penalty.

    For codes h = tanh(outputs) and centres c of ±1, the loss is the mean over bits of

        cross_entropy((h + 1) / 2, (c + 1) / 2) + lambda1 (|h| - 1)²
    """

    centres: Tensor  # (n_classes, n_bits)

    def __init__(
        self, n_classes: int, n_bits: int, *, lambda1: float = 1e-4, seed: int = 0
    ) -> None:
        super().__init__()
        self.lambda1 = lambda1
        centres = make_class_targets(n_classes, n_bits, seed=seed)
        self.register_buffer("centres", centres)

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        bits = (self.centres[labels] + 1) / 2  # (B, n_bits)
        # (tanh(x) + 1) / 2 is sigmoid(2 x), whose cross-entropy can be exact.
        central = functional.binary_cross_entropy_with_logits(2 * outputs, bits)
        penalty = (torch.tanh(outputs).abs() - 1).square().mean()
        return central + self.lambda1 * penalty
