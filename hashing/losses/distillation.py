"""Keep what the general embedding knows while a shop's labels are learned.

`SimilarityDistillation` keeps every similarity within a batch: Park et al., "Relational
Knowledge Distillation", CVPR 2019, and Tung and Mori, "Similarity-Preserving Knowledge
Distillation", ICCV 2019. `NeighbourDistillation` keeps who is near: Koohpayegani,
Tejankar and Pirsiavash, "CompRess: Self-Supervised Learning by Compressing
Representations", NeurIPS 2020, with the batch itself as the anchors.

Both are called with outputs (B, n_bits) and the same pictures' general embeddings
(B, dim), not with labels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class SimilarityDistillation(nn.Module):
    """The mean squared change of the cosines within a batch."""

    def forward(self, outputs: Tensor, embeddings: Tensor) -> Tensor:
        student, teacher = (
            functional.normalize(outputs),
            functional.normalize(embeddings),
        )
        return functional.mse_loss(student @ student.T, teacher @ teacher.T)


class NeighbourDistillation(nn.Module):
    """How far the student's neighbours are from the teacher's: their mean divergence.

    For each of a batch, the others' cosines divided by `temperature` become
    probabilities by softmax; the loss is KL(teacher ‖ student).
    """

    def __init__(self, *, temperature: float = 0.04) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, outputs: Tensor, embeddings: Tensor) -> Tensor:
        student, teacher = self._neighbours(outputs), self._neighbours(embeddings)
        return functional.kl_div(
            student, teacher.detach(), reduction="batchmean", log_target=True
        )

    def _neighbours(self, vectors: Tensor) -> Tensor:
        """Log probabilities (B, B - 1) of the others, for each of a batch."""
        units = functional.normalize(vectors.float())
        others = ~torch.eye(len(units), dtype=torch.bool, device=units.device)
        cosines = (units @ units.T)[others].view(len(units), -1)
        return functional.log_softmax(cosines / self.temperature, dim=1)
