"""Triplet loss: a picture of the same class must be nearer than others, by a margin.

Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition
and Clustering", CVPR 2015. By pytorch-metric-learning, on outputs of length one and
over all triplets of a batch.
"""

from pytorch_metric_learning import losses
from torch import nn


def triplet(*, margin: float = 0.2) -> nn.Module:
    """Make the loss of outputs (B, n_bits) and labels (B,); distances are Euclidean."""
    loss: nn.Module = losses.TripletMarginLoss(margin=margin)
    return loss
