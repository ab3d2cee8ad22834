"""A target code for each class, far from all others: what CSQ and OrthoHash aim at.

Rows of a Hadamard matrix differ in half their bits, which is the most that many codes
can. Where there are too few, fair coins come near (both papers do the same).
"""

import torch
from torch import Tensor


def hadamard(order: int) -> Tensor:
    """Sylvester's matrix (order, order) of ±1, of a power of two, with orthogonal rows.

    Raises ValueError for other orders.
    """
    if order < 1 or order & (order - 1):
        raise ValueError(f"{order} is no power of two")
    matrix = torch.ones(1, 1)
    while len(matrix) < order:
        matrix = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), matrix)
    return matrix


def class_targets(n_classes: int, n_bits: int, *, seed: int = 0) -> Tensor:
    """Codes (n_classes, n_bits) of ±1.

    Rows of a Hadamard matrix, then their opposites, where n_bits is a power of two and
    classes are at most twice as many; otherwise coins.
    """
    if n_bits & (n_bits - 1) == 0 and n_classes <= 2 * n_bits:
        rows = hadamard(n_bits)
        return torch.cat([rows, -rows])[:n_classes].clone()
    coins = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, (n_classes, n_bits), generator=coins) * 2.0 - 1.0
