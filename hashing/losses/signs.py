"""The sign of outputs, with a gradient: Bengio, Léonard and Courville, 2013.

"Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
Computation", arXiv 1308.3432.
"""

import torch
from torch import Tensor


def sign(outputs: Tensor) -> Tensor:
    """1 where `x >= 0`, as a bit is made, else -1; the gradient passes unchanged."""
    signs = torch.where(outputs >= 0, 1.0, -1.0).to(outputs.dtype)
    return outputs + (signs - outputs).detach()
