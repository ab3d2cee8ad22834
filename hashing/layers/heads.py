"""Heads that are learned with a loss of `hashing.losses`.

A linear head, as in most of deep hashing (Lai et al., "Simultaneous Feature Learning
and Hash Coding with Deep Neural Networks", CVPR 2015), ends in batch normalisation
instead of a bias (Hoe et al., "One Loss for All", NeurIPS 2021): it centres each bit,
and becomes a `HashLayer` whole.

A second layer (Chen et al., "A Simple Framework for Contrastive Learning of Visual
Representations", ICML 2020) is not linear. Its hidden numbers are then the embedding:
they belong into the exported network, and the linear head behind them is served.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.layers.linear import HashLayer


class LinearHead(nn.Module):
    """Embeddings (B, dim) of length one to outputs (B, n_bits), a bit where >= 0."""

    def __init__(self, dim: int, n_bits: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, n_bits, bias=False)
        self.norm = nn.BatchNorm1d(n_bits, affine=False)

    def forward(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.norm(self.linear(embeddings))
        return outputs

    def hash_layer(self) -> HashLayer:
        """The rotation and thresholds that make the same bits."""
        mean = self.norm.running_mean
        if mean is None:
            raise ValueError("the head has no running mean")
        rotation = self.linear.weight.detach().T.cpu().numpy()
        return HashLayer.of(rotation, mean.cpu().numpy())


class TwoLayerHead(nn.Module):
    """Embeddings (B, dim) to outputs (B, n_bits) by way of `hidden` numbers."""

    def __init__(self, dim: int, n_bits: int, *, hidden: int = 512) -> None:
        super().__init__()
        self.hidden = nn.Linear(dim, hidden)
        self.head = LinearHead(hidden, n_bits)

    def embed(self, embeddings: Tensor) -> Tensor:
        """The hidden numbers (B, hidden) of length one: what the network is to give."""
        return functional.normalize(torch.relu(self.hidden(embeddings)))

    def forward(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.head(self.embed(embeddings))
        return outputs

    def hash_layer(self) -> HashLayer:
        """The rotation and thresholds of what `embed` gives."""
        return self.head.hash_layer()
