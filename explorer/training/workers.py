"""The processes that train one network together; torchrun starts them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Workers:
    """This process among those that share every batch.

    Args:
        rank: of this process, counted from 0. The first judges and writes.
        count: of all processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that judges and writes."""
        return self.rank == 0

    @property
    def share(self) -> slice:
        """This process's places in a batch: every `count`-th picture."""
        return slice(self.rank, None, self.count)

    def synchronise(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return the network with BatchNorm over the whole batch, where that can be had.

        Several GPUs share the statistics of the batch (SyncBatchNorm). PyTorch has no such layer
        for CPUs: there each process normalises by its own share of the batch, as a smaller batch
        would, and the running statistics are those of the first.
        """
        if self.count == 1 or device.type != "cuda":
            return model
        synchronised: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return synchronised

    def together(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return the network as all train it: gradients are the mean over the processes."""
        if self.count == 1:
            return model
        places = [device] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(model, device_ids=places)

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over the processes of a tensor that each has."""
        if self.count == 1:
            return value
        total = value.detach().clone()
        distributed.all_reduce(total)
        return total / self.count

    def agree(self, work: Callable[[], T]) -> T:
        """Let the first process do some work and return its result to all."""
        if self.count == 1:
            return work()
        found: list[Any] = [work() if self.first else None]
        distributed.broadcast_object_list(found)
        result: T = found[0]
        return result

    def in_turn(self, work: Callable[[], T]) -> T:
        """Let each process do some work, the first before the others."""
        if self.count == 1:
            return work()
        if not self.first:
            distributed.barrier()
            return work()
        result = work()
        distributed.barrier()
        return result


ALONE = Workers()


def accelerator(local_rank: int = 0) -> torch.device:
    """Return the GPU if there is one, else the CPU.

    Args:
        local_rank: which process of this machine asks; each takes a GPU of its own.
    """
    return torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")


@contextmanager
def working_together() -> Iterator[tuple[Workers, torch.device]]:
    """Join the processes that torchrun started, if it did, and give each its device."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE, accelerator()
        return
    device = accelerator(int(os.environ.get("LOCAL_RANK", "0")))
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Workers(distributed.get_rank(), distributed.get_world_size()), device
        distributed.barrier()  # who leaves while others still talk is cut off in mid-sentence
    finally:
        distributed.destroy_process_group()
