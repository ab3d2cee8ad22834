"""A deep autoencoder with binary codes in the middle.

Salakhutdinov and Hinton, "Semantic Hashing", International Journal of Approximate
Reasoning 50 (2009), with a straight-through gradient (Bengio et al., 2013) in the place
of noise. No labels are needed.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from hashing.embeddings import Embeddings, l2_normalise
from hashing.layers.multilayer import MultilayerHashLayer
from hashing.losses.straight_through import straight_through_sign

STEPS = 300
BATCH = 256
LEARNING_RATE = 1e-3


def fit_autoencoder(
    embeddings: Embeddings,
    n_bits: int,
    *,
    seed: int = 0,
    hidden: int = 512,
    steps: int = STEPS,
) -> MultilayerHashLayer:
    """Train to restore embeddings (n, dim) from n_bits signs; return what encodes."""
    torch.manual_seed(seed)
    vectors = torch.from_numpy(l2_normalise(embeddings))
    dim = vectors.shape[1]
    hidden_layer, output_layer = nn.Linear(dim, hidden), nn.Linear(hidden, n_bits)
    norm = nn.BatchNorm1d(n_bits, affine=False)
    encoder = nn.Sequential(hidden_layer, nn.ReLU(), output_layer, norm)
    decoder = nn.Sequential(
        nn.Linear(n_bits, hidden), nn.ReLU(), nn.Linear(hidden, dim)
    )
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        batch = vectors[rng.permutation(len(vectors))[:BATCH]]
        restored = decoder(straight_through_sign(encoder(batch)))
        loss = 1 - functional.cosine_similarity(restored, batch).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return _encoding_half(hidden_layer, output_layer, norm)


@torch.no_grad()
def _encoding_half(
    hidden_layer: nn.Linear, output_layer: nn.Linear, norm: nn.BatchNorm1d
) -> MultilayerHashLayer:
    """Turn trained layers into a hash layer; thresholds are the outputs' means."""
    means = norm.running_mean
    if means is None:
        raise ValueError("the batch normalisation has no running means")
    return MultilayerHashLayer(
        hidden_layer.weight.T.numpy().copy(),
        hidden_layer.bias.numpy().copy(),
        output_layer.weight.T.numpy().copy(),
        (means - output_layer.bias).numpy().copy(),
        normalises_hidden=False,
    )
