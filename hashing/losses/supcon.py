"""Supervised contrastive loss: all pictures of a class are positives of one softmax.

Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020. By
pytorch-metric-learning, with cosines.
"""

from pytorch_metric_learning import losses
from torch import nn


def supcon(*, temperature: float = 0.1) -> nn.Module:
    """Make the loss of outputs (B, n_bits) and labels (B,)."""
    loss: nn.Module = losses.SupConLoss(temperature=temperature)
    return loss
