"""What training makes small: views of a product apart, and what was known forgotten."""

import torch
from torch import Tensor
from torch.nn import functional


def contrast(embeddings: Tensor, labels: Tensor, *, temperature: float) -> Tensor:
    """Supervised contrastive loss of embeddings (B, dim) of length one, labels (B,).

    Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020 (arXiv 2004.11362).
    Zero where no two embeddings share a label.
    """
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    similar = embeddings @ embeddings.T / temperature  # (B, B)
    similar = similar.masked_fill(itself, -1e9)
    chances = similar.log_softmax(dim=1)
    positive = (labels[:, None] == labels) & ~itself
    counts = positive.sum(1)
    means = (chances * positive).sum(1) / counts.clamp(min=1)
    return -means[counts > 0].sum() / len(labels)


def forgetting(embeddings: Tensor, known: Tensor) -> Tensor:
    """Mean squared change of the similarities within a batch, both (B, dim).

    Park et al., "Relational Knowledge Distillation", CVPR 2019, and Tung and Mori,
    "Similarity-Preserving Knowledge Distillation", ICCV 2019 (arXiv 1907.09682).
    """
    return functional.mse_loss(embeddings @ embeddings.T, known @ known.T)
