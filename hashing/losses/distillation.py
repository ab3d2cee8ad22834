"""Distillation: keep what a teacher's embeddings say while a student learns labels.

`SimilarityDistillation` keeps all similarities within a batch: Park et al., "Relational
Knowledge Distillation", CVPR 2019, and Tung and Mori, "Similarity-Preserving Knowledge
Distillation", ICCV 2019. `NeighbourDistillation` keeps the nearest neighbours:
Koohpayegani, Tejankar and Pirsiavash, "CompRess: Self-Supervised Learning by
Compressing Representations", NeurIPS 2020, with the batch itself as the anchors.

Both are called with the student's outputs (B, n_bits) and the teacher's embeddings
(B, dim) of the same pictures, not with labels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class SimilarityDistillation(nn.Module):
    """Mean squared change of the cosines within a batch."""

    def forward(self, outputs: Tensor, embeddings: Tensor) -> Tensor:
        student = functional.normalize(outputs)
        teacher = functional.normalize(embeddings)
        return functional.mse_loss(student @ student.T, teacher @ teacher.T)


class NeighbourDistillation(nn.Module):
    """Mean divergence of the student's neighbours from the teacher's.

    For each picture of a batch, the cosines with the others, divided by `temperature`,
    become probabilities by softmax; the loss is KL(teacher ‖ student).
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
        """Return each picture's log probabilities of the others: (B, B - 1)."""
        units = functional.normalize(vectors.float())
        others = ~torch.eye(len(units), dtype=torch.bool, device=units.device)
        cosines = (units @ units.T)[others].view(len(units), -1)
        return functional.log_softmax(cosines / self.temperature, dim=1)
