"""HashNet: a likelihood of pairs, whose tanh turns into a sign during training.

Cao, Long, Wang and Yu, "HashNet: Deep Learning to Hash by Continuation", ICCV 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class HashNet(nn.Module):
    """Weighted negative log likelihood of pairs of codes h = tanh(beta · outputs).

    The mean over ordered pairs i ≠ j of a batch of

        w (log(1 + exp(alpha h_i · h_j)) - alpha s h_i · h_j)

    where s is 1 for the same class and 0 otherwise, and w = pairs / pairs of the same
    s, which makes up for few pairs of one class. `alpha` defaults to 10 / n_bits, as in
    the authors' code; beta grows as theirs does, (1 + gamma · step) ** power, once
    every `stair` calls in training.
    """

    step: Tensor

    def __init__(
        self,
        *,
        alpha: float | None = None,
        gamma: float = 0.005,
        power: float = 0.5,
        stair: int = 200,
    ) -> None:
        super().__init__()
        self.alpha, self.gamma, self.power, self.stair = alpha, gamma, power, stair
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    @property
    def beta(self) -> float:
        """Steepness of tanh at this step."""
        last_stair = int(self.step) // self.stair * self.stair
        return float((1 + self.gamma * last_stair) ** self.power)

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        alpha = 10 / outputs.shape[1] if self.alpha is None else self.alpha
        h = torch.tanh(self.beta * outputs)
        if self.training:
            self.step += 1
        pairs = ~torch.eye(len(h), dtype=torch.bool, device=h.device)
        theta = alpha * (h @ h.T)[pairs]  # (B · (B - 1),)
        s = (labels[:, None] == labels)[pairs].to(theta.dtype)
        weights = torch.where(s > 0, s.mean(), 1 - s.mean()).reciprocal()
        return (weights * (functional.softplus(theta) - s * theta)).mean()
