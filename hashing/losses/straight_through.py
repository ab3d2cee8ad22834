"""The sign of outputs with a straight-through gradient.

Bengio, Léonard and Courville, "Estimating or Propagating Gradients Through Stochastic
Neurons for Conditional Computation", arXiv 1308.3432 (2013).
"""

import torch
from torch import Tensor


def straight_through_sign(outputs: Tensor) -> Tensor:
    """Return 1 where `x >= 0`, as for bits, else -1; the gradient passes unchanged."""
    signs = torch.where(outputs >= 0, 1.0, -1.0).to(outputs.dtype)
    return outputs + (signs - outputs).detach()
