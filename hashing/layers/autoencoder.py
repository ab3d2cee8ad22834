"""A deep autoencoder with bits in the middle.

Salakhutdinov and Hinton, "Semantic Hashing", International Journal of Approximate
Reasoning 50 (2009), with the gradient passed through the sign (Bengio et al., 2013)
instead of noise. No labels are needed. The encoder is not linear: its codes are for
comparison, a shop is served by a rotation and thresholds.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from hashing.codes import Codes, pack
from hashing.layers.linear import Embeddings, unit
from hashing.losses.signs import sign

STEPS = 300
BATCH = 256


@dataclass(frozen=True)
class Autoencoder:
    """The half of a trained autoencoder that makes codes."""

    encoder: nn.Module
    n_bits: int

    def codes(self, embeddings: Embeddings) -> Codes:
        """Codes (n, n_bits // 8) of embeddings (n, dim)."""
        with torch.inference_mode():
            outputs = self.encoder(torch.from_numpy(unit(embeddings)))
        return pack(outputs.numpy())


def fit_autoencoder(
    embeddings: Embeddings,
    n_bits: int,
    *,
    seed: int = 0,
    hidden: int = 512,
    steps: int = STEPS,
) -> Autoencoder:
    """Learn to restore embeddings (n, dim) from n_bits signs, for `steps` batches."""
    torch.manual_seed(seed)
    vectors = torch.from_numpy(unit(embeddings))
    dim = vectors.shape[1]
    encoder = nn.Sequential(
        *(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, n_bits)),
        nn.BatchNorm1d(n_bits, affine=False),
    )
    decoder = nn.Sequential(
        nn.Linear(n_bits, hidden), nn.ReLU(), nn.Linear(hidden, dim)
    )
    numbers = [*encoder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.Adam(numbers, lr=1e-3)
    rows = np.random.default_rng(seed)
    for _ in range(steps):
        batch = vectors[rows.permutation(len(vectors))[:BATCH]]
        restored = decoder(sign(encoder(batch)))
        loss = 1 - functional.cosine_similarity(restored, batch).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return Autoencoder(encoder.eval(), n_bits)
