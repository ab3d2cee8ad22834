"""OrthoHash: one softmax over cosines with binary, orthogonal targets.

Hoe, Ng, Zhang, Chan, Song and Xiang, "One Loss for All: Deep Hashing with a Single
Cosine Similarity based Learning Objective", NeurIPS 2021.
"""

from torch import Tensor, nn
from torch.nn import functional

from hashing.losses.class_targets import make_class_targets


class OrthoHash(nn.Module):
    """Cross-entropy of s · (cosine with each class's target - m for the right class).

    `s` and `m` are those of the authors' code. A scale of √2 · log(n_classes - 1) and a
    margin of 0.4 did a point better in their supplement.
    """

    targets: Tensor  # (n_classes, n_bits)

    def __init__(
        self,
        n_classes: int,
        n_bits: int,
        *,
        s: float = 8.0,
        m: float = 0.2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.s, self.m = s, m
        targets = make_class_targets(n_classes, n_bits, seed=seed)
        self.register_buffer("targets", targets)

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        units = functional.normalize(outputs)
        cosines = units @ functional.normalize(self.targets).T  # (B, n_classes)
        is_right = functional.one_hot(labels, len(self.targets)).to(cosines.dtype)
        return functional.cross_entropy(self.s * (cosines - self.m * is_right), labels)
