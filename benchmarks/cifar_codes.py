"""Codes whose distances say how likely two pictures are of one class.

A head that learned from classes gives every picture the code of one class, however
unsure its network was. Here codes are fitted to what the network believes: their inner
products to likelihoods, as Liu et al. fit them to labels ("Supervised Hashing with
Kernels", CVPR 2012), by tanh that becomes a sign meanwhile (Cao et al., "HashNet",
ICCV 2017). No label is needed, so the whole gallery takes part.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.cifar import N_CLASSES, Split
from benchmarks.cifar_tuning import N_BITS
from hashing.codes import Codes, pack

STEPS, BATCH, RATE = 1500, 512, 2e-3
HIDDEN = 256
STEEPEST = 4.0  # what tanh's argument is multiplied by in the end
LEAST = 1e-6  # probability, so that its logarithm is a number

Array = np.ndarray[Any, Any]


def graded(likely: Array, split: Split, seed: int) -> Codes:
    """Codes (60000, 64) of pictures by their probabilities of classes (60000, 10)."""
    torch.manual_seed(seed)
    probabilities = torch.from_numpy(likely.astype(np.float32))
    gallery = torch.from_numpy(split.gallery)
    told = probabilities.clamp(min=LEAST).log()
    told = (told - told[gallery].mean(0)) / told[gallery].std(0)
    head = nn.Sequential(
        nn.Linear(N_CLASSES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, N_BITS)
    )
    optimiser = torch.optim.Adam(head.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS)
    for step in range(STEPS):
        rows = gallery[torch.randint(len(gallery), (BATCH,))]
        steep = 1 + (STEEPEST - 1) * step / STEPS
        value = unlike(torch.tanh(steep * head(told[rows])), probabilities[rows])
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
    with torch.inference_mode():
        return pack(head(told).numpy())


def unlike(codes: Tensor, probabilities: Tensor) -> Tensor:
    """Mean squared difference of cosines -1..1 and roots of likelihoods, of all pairs.

    The root spreads what is unlikely, of which rankings have most.
    """
    others = ~torch.eye(len(codes), dtype=torch.bool)
    cosines = codes @ codes.T / codes.shape[1]
    same_class = (probabilities @ probabilities.T).sqrt()
    return (cosines - (2 * same_class - 1))[others].square().mean()
