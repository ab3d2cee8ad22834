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
    def join(cls) -> "Process":
        """Take the place that torchrun's environment gives, and meet the others."""
        rank = int(os.environ.get("RANK", "0"))
        count = int(os.environ.get("WORLD_SIZE", "1"))
        has_gpu = torch.cuda.is_available()
        if count > 1 and not distributed.is_initialized():
            backend = "nccl" if has_gpu else "gloo"
            distributed.init_process_group(backend, timeout=PATIENCE)
        local = os.environ.get("LOCAL_RANK", "0")
        return cls(rank, count, torch.device(f"cuda:{local}" if has_gpu else "cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share(self, draws: list[Draw]) -> list[Draw]:
        """Every `count`-th product of a step: views of one product stay together."""
        own = {*sorted({draw.label for draw in draws})[self.rank :: self.count]}
        return [draw for draw in draws if draw.label in own]

    def shared(self, pupil: nn.Module) -> nn.Module:
        """A pupil whose gradients are the mean over all processes."""
        if self.count == 1:
            return pupil
        # The layer of ImageNet's classes is there, and nothing uses it.
        return DistributedDataParallel(pupil, find_unused_parameters=True)

    def wait(self) -> None:
        """Go on when all have come as far as this."""
        if self.count > 1:
            distributed.barrier()

    def leave(self) -> None:
        """Part from the others, if there are any."""
        if distributed.is_initialized():
            distributed.destroy_process_group()
