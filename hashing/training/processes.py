"""Several processes that train together, as `torchrun` starts them; one by default."""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from hashing.training.sampling import Draw

# One may see its share of a large shop's pictures an hour before another.
PATIENCE = timedelta(hours=12)


@dataclass(frozen=True)
class Process:
    """This process among those that train together."""

    rank: int
    count: int
    device: torch.device

    @classmethod
    def here(cls) -> "Process":
        """The place that torchrun's environment gives; the only one without it."""
        rank = int(os.environ.get("RANK", "0"))
        count = int(os.environ.get("WORLD_SIZE", "1"))
        has_gpu = torch.cuda.is_available()
        local = os.environ.get("LOCAL_RANK", "0")
        return cls(rank, count, torch.device(f"cuda:{local}" if has_gpu else "cpu"))

    def meet(self) -> None:
        """Begin to train with the others, if there are any."""
        if self.count > 1 and not distributed.is_initialized():
            backend = "nccl" if self.device.type == "cuda" else "gloo"
            distributed.init_process_group(backend, timeout=PATIENCE)

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share(self, draws: list[Draw]) -> list[Draw]:
        """Every `count`-th product of a step: views of one product stay together."""
        own = {*sorted({draw.label for draw in draws})[self.rank :: self.count]}
        return [draw for draw in draws if draw.label in own]

    def shared(self, lesson: nn.Module, *, has_unused: bool) -> nn.Module:
        """A lesson whose gradients are the mean over all processes.

        has_unused: whether there are weights that it never asks anything of.
        """
        if self.count == 1:
            return lesson
        return DistributedDataParallel(lesson, find_unused_parameters=has_unused)

    def wait(self) -> None:
        """Go on when all have come as far as this."""
        if self.count > 1:
            distributed.barrier()

    def leave(self) -> None:
        """Part from the others, if there are any."""
        if distributed.is_initialized():
            distributed.destroy_process_group()
