"""HashNet: a likelihood of pairs, whose tanh becomes a sign while it is trained.

Cao, Long, Wang and Yu, "HashNet: Deep Learning to Hash by Continuation", ICCV 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class HashNet(nn.Module):
    """The mean over ordered pairs i ≠ j of a batch, of codes h = tanh(beta · outputs):

        w (log(1 + exp(alpha h_i · h_j)) - alpha s h_i · h_j)

    with s = 1 for the same class, else 0, and w = pairs / pairs of the same s, which
    makes up for few pairs of one class. `alpha` defaults to 10 / n_bits as in the
    authors' code, and so does how beta grows: (1 + gamma · step) ** power, in stairs
    of `stair` calls in training.
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
        """How steep tanh is by now."""
        stairs = int(self.step) // self.stair * self.stair
        return float((1 + self.gamma * stairs) ** self.power)

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
