"""Contrastive loss: pull pairs of one class together, push others a margin apart.

Hadsell, Chopra and LeCun, "Dimensionality Reduction by Learning an Invariant Mapping",
CVPR 2006. By pytorch-metric-learning, on outputs of length one.
"""

from pytorch_metric_learning import losses
from torch import nn


def contrastive(*, pos_margin: float = 0.0, neg_margin: float = 1.0) -> nn.Module:
    """Make the loss of outputs (B, n_bits) and labels (B,); distances are Euclidean."""
    loss: nn.Module = losses.ContrastiveLoss(pos_margin, neg_margin)
    return loss
