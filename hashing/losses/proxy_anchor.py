"""Proxy Anchor loss: a learned proxy for each class, pulled by the whole batch.

Kim, Kim, Cho and Kwak, "Proxy Anchor Loss for Deep Metric Learning", CVPR 2020. By
pytorch-metric-learning.
"""

from pytorch_metric_learning import losses
from torch import nn


def proxy_anchor(
    n_classes: int, n_bits: int, *, margin: float = 0.1, alpha: float = 32.0
) -> nn.Module:
    """Make the loss of outputs (B, n_bits) and labels (B,) below n_classes.

    The proxies are parameters of the loss: give them to the optimiser too.
    """
    loss: nn.Module = losses.ProxyAnchorLoss(
        n_classes, n_bits, margin=margin, alpha=alpha
    )
    return loss
