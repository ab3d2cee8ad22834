"""A target code for each class, far from all others, for CSQ and OrthoHash.

Rows of a Hadamard matrix differ in half their bits, the most that many codes can. Where
it has too few rows, random bits come near (both papers do the same).
"""

import torch
from torch import Tensor


def hadamard(order: int) -> Tensor:
    """Build Sylvester's matrix (order, order) of ±1, whose rows are orthogonal.

    Raises ValueError unless the order is a power of two.
    """
    if order < 1 or order & (order - 1):
        raise ValueError(f"{order} is no power of two")
    matrix = torch.ones(1, 1)
    while len(matrix) < order:
        matrix = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), matrix)
    return matrix


def make_class_targets(n_classes: int, n_bits: int, *, seed: int = 0) -> Tensor:
    """Make codes (n_classes, n_bits) of ±1.

    They are rows of a Hadamard matrix, then their negatives, where n_bits is a power of
    two and there are at most twice as many classes; otherwise random bits.
    """
    if n_bits & (n_bits - 1) == 0 and n_classes <= 2 * n_bits:
        rows = hadamard(n_bits)
        return torch.cat([rows, -rows])[:n_classes].clone()
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, (n_classes, n_bits), generator=generator) * 2.0 - 1.0
