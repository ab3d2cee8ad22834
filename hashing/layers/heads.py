"""Heads that are trained with labels and a loss of `hashing.losses`.

A linear head, as in most of deep hashing (Lai et al., "Simultaneous Feature Learning
and Hash Coding with Deep Neural Networks", CVPR 2015), ends in batch normalisation
instead of a bias (Hoe et al., "One Loss for All", NeurIPS 2021), which centres each
bit. It becomes a `LinearHashLayer` without loss.

A head with a second layer (Chen et al., "A Simple Framework for Contrastive Learning of
Visual Representations", ICML 2020) is not linear. It becomes a `MultilayerHashLayer`;
or its hidden layer goes into the exported network, whose outputs are then the
embedding, and the linear head behind it is the hash layer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hashing.embeddings import Embeddings, l2_normalise
from hashing.layers.hash_layer import HashLayer
from hashing.layers.linear import LinearHashLayer
from hashing.layers.multilayer import MultilayerHashLayer
from hashing.losses.named_losses import make_loss

STEPS = 150
BATCH = 256
LEARNING_RATE = 1e-3


class LinearHead(nn.Module):
    """Embeddings (B, dim) of length one to outputs (B, n_bits); bits are `x >= 0`."""

    def __init__(self, dim: int, n_bits: int) -> None:
        super().__init__()
        self.n_bits = n_bits
        self.linear = nn.Linear(dim, n_bits, bias=False)
        self.norm = nn.BatchNorm1d(n_bits, affine=False)

    def forward(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.norm(self.linear(embeddings))
        return outputs

    def hash_layer(self) -> LinearHashLayer:
        """Return the rotation and thresholds that make the same bits."""
        rotation = self.linear.weight.detach().T.cpu().numpy()
        return LinearHashLayer.rounded(rotation, self.running_mean().numpy())

    def running_mean(self) -> Tensor:
        """Return the outputs' means (n_bits,), which are the thresholds."""
        mean = self.norm.running_mean
        if mean is None:
            raise ValueError("the head has no running mean")
        return mean.cpu()


class TwoLayerHead(nn.Module):
    """Embeddings (B, dim) of length one to outputs (B, n_bits) by a hidden layer."""

    def __init__(self, dim: int, n_bits: int, *, hidden: int = 512) -> None:
        super().__init__()
        self.n_bits = n_bits
        self.hidden = nn.Linear(dim, hidden)
        self.head = LinearHead(hidden, n_bits)

    def embed(self, embeddings: Tensor) -> Tensor:
        """Compute the hidden layer's outputs (B, hidden), scaled to length one."""
        return functional.normalize(torch.relu(self.hidden(embeddings)))

    def forward(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.head(self.embed(embeddings))
        return outputs

    def hash_layer(self) -> MultilayerHashLayer:
        """Return both layers as one hash layer."""
        return MultilayerHashLayer(
            self.hidden.weight.detach().T.cpu().numpy().copy(),
            self.hidden.bias.detach().cpu().numpy().copy(),
            self.head.linear.weight.detach().T.cpu().numpy().copy(),
            self.head.running_mean().numpy().copy(),
            normalises_hidden=True,
        )


Head = LinearHead | TwoLayerHead


def fit_head(
    embeddings: Embeddings,
    n_bits: int,
    *,
    labels: Sequence[str],
    seed: int = 0,
    hidden: int = 0,
    **training: Any,
) -> HashLayer:
    """Train a head on labelled embeddings (n, dim), with options of `train_head`.

    It has a hidden layer of `hidden` numbers, or none.
    """
    torch.manual_seed(seed)
    dim = embeddings.shape[1]
    head: Head
    if hidden:
        head = TwoLayerHead(dim, n_bits, hidden=hidden)
    else:
        head = LinearHead(dim, n_bits)
    return train_head(head, embeddings, labels, **training).hash_layer()


def train_head(
    head: Head,
    embeddings: Embeddings,
    labels: Sequence[str],
    *,
    loss: str = "supcon",
    steps: int = STEPS,
    **loss_options: Any,
) -> Head:
    """Train a head on labelled embeddings (n, dim) in place and set it to eval.

    `loss` and its options are those of `hashing.losses.named_losses.make_loss`. Batches
    are drawn from torch's global generator. Raises ValueError for unknown options.
    """
    vectors = torch.from_numpy(l2_normalise(embeddings))
    names, numbers = np.unique(labels, return_inverse=True)
    targets = torch.from_numpy(numbers)
    criterion = make_loss(
        loss, n_classes=len(names), n_bits=head.n_bits, **loss_options
    )
    parameters = [*head.parameters(), *criterion.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    for _ in range(steps):
        rows = torch.randint(len(vectors), (BATCH,))
        value = criterion(head(vectors[rows]), targets[rows])
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    head.eval()
    return head
