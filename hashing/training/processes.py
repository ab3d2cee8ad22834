"""Processes that train together, as `torchrun` starts them; one by default."""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from hashing.training.sampling import DrawnView

# A process may finish its share of a large shop's pictures an hour before another.
PEER_TIMEOUT = timedelta(hours=12)


@dataclass(frozen=True)
class TrainingProcess:
    """This process among those that train together."""

    rank: int
    count: int
    device: torch.device

    @classmethod
    def from_environment(cls) -> "TrainingProcess":
        """Read torchrun's environment variables; without them, be the only process."""
        rank = int(os.environ.get("RANK", "0"))
        count = int(os.environ.get("WORLD_SIZE", "1"))
        has_gpu = torch.cuda.is_available()
        local_rank = os.environ.get("LOCAL_RANK", "0")
        device = torch.device(f"cuda:{local_rank}" if has_gpu else "cpu")
        return cls(rank, count, device)

    def join(self) -> None:
        """Connect to the other processes, if there are any."""
        if self.count > 1 and not distributed.is_initialized():
            backend = "nccl" if self.device.type == "cuda" else "gloo"
            distributed.init_process_group(backend, timeout=PEER_TIMEOUT)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files and logs."""
        return self.rank == 0

    def own_share(self, draws: list[DrawnView]) -> list[DrawnView]:
        """Keep every `count`-th product of a step, with all of its views."""
        labels = sorted({draw.label for draw in draws})
        own = {*labels[self.rank :: self.count]}
        return [draw for draw in draws if draw.label in own]

    def distribute(self, module: nn.Module, *, has_unused: bool) -> nn.Module:
        """Average a module's gradients over all processes.

        has_unused: whether it has parameters that never get a gradient.
        """
        if self.count == 1:
            return module
        return DistributedDataParallel(module, find_unused_parameters=has_unused)

    def wait(self) -> None:
        """Wait until all processes have come this far."""
        if self.count > 1:
            distributed.barrier()

    def leave(self) -> None:
        """Disconnect from the other processes, if there are any."""
        if distributed.is_initialized():
            distributed.destroy_process_group()
