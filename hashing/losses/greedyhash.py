"""GreedyHash: a classifier on the bits themselves, with a straight-through gradient.

Su, Zhang, Han and Tian, "Greedy Hash: Towards Fast Optimization for Accurate Hash
Coding in CNN", NeurIPS 2018.
"""

from torch import Tensor, nn
from torch.nn import functional

from hashing.losses.straight_through import straight_through_sign


class GreedyHash(nn.Module):
    """Cross-entropy of a linear classifier on sign(h), plus alpha mean ||h| - 1|^p.

    The classifier is a parameter of the loss: give it to the optimiser too.
    """

    def __init__(
        self, n_classes: int, n_bits: int, *, alpha: float = 0.1, p: float = 3.0
    ) -> None:
        super().__init__()
        self.classifier = nn.Linear(n_bits, n_classes)
        self.alpha, self.p = alpha, p

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        logits = self.classifier(straight_through_sign(outputs))  # (B, n_classes)
        penalty = (outputs.abs() - 1).abs().pow(self.p).mean()
        return functional.cross_entropy(logits, labels) + self.alpha * penalty
