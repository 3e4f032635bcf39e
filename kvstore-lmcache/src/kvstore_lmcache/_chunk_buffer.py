"""The memory from which LMCache's chunks are allocated, and what of it the daemon shares."""

from __future__ import annotations

import logging
import mmap
import os
from typing import Any

import torch
from lmcache.v1.memory_management import MemoryObj

try:
    from lmcache.v1.memory_allocators.tensor_memory_allocator import TensorMemoryAllocator
except ImportError:  # LMCache 0.4
    from lmcache.v1.memory_management import TensorMemoryAllocator

from ._gpu_memory import GpuMemory
from ._placed import Placed
from ._region import Offer, file_offer
from ._regions import SharedMemory
from ._staging import ALIGNMENT_BYTES, memory_file

logger = logging.getLogger("kvstore_lmcache")


class ChunkBuffer:
    """One tensor, and LMCache's allocator over it.

    Args:
        size_bytes: How large; a multiple of 64 KiB.
        device: PyTorch's name of the GPU; ``cpu`` for shared memory of the host, which is for tests.

    Attributes:
        allocator: LMCache's.
        memory: What is handed over to the daemon; None if CUDA does not export it.
        device: As given.
        size_bytes: As given.
    """

    def __init__(self, size_bytes: int, device: str):
        self.size_bytes = size_bytes
        self.device = torch.device(device)
        self.memory: SharedMemory | None = None
        if self.device.type == "cuda":
            tensor = torch.empty(size_bytes, dtype=torch.uint8, device=self.device)
            try:
                with torch.cuda.device(self.device):
                    self.memory = GpuMemory(tensor.data_ptr(), size_bytes)
            except OSError as error:
                logger.warning("the buffer on %s cannot be shared with the daemon: %s", device, error)
        else:
            self.memory = HostMemory(size_bytes)
            tensor = torch.frombuffer(self.memory.mapped, dtype=torch.uint8)
        self.allocator = TensorMemoryAllocator(tensor, align_bytes=ALIGNMENT_BYTES)

    def placed(self, memory_obj: MemoryObj) -> Placed:
        """Where a chunk lies in :attr:`memory`."""
        assert self.memory is not None
        return Placed(self.memory, memory_obj.metadata.address, memory_obj.get_size())

    def owns(self, memory_obj: MemoryObj) -> bool:
        """Whether a chunk was allocated here."""
        return memory_obj.parent() is self.allocator

    def bytes_of(self, memory_obj: MemoryObj) -> Any:
        """A chunk as a tensor of bytes."""
        return memory_obj.raw_tensor[: memory_obj.get_size()]

    def synchronize(self) -> None:
        """Waits until the GPU has done what this process has given it to do so far.

        LMCache copies chunks here on a stream of its own, and does not wait for copies to a GPU.
        """
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class HostMemory:
    """Shared memory of the host, as a stand-in for that of a GPU.

    Attributes:
        mapped: The memory.
    """

    def __init__(self, size_bytes: int):
        self._fd = memory_file("kvstore-buffer", size_bytes)
        self.mapped = mmap.mmap(self._fd, size_bytes)
        status = os.fstat(self._fd)
        self.identity = (status.st_dev, status.st_ino)
        self.path = f"{size_bytes} bytes of host memory"

    def offer(self) -> Offer:
        """Returns what to hand over to the daemon."""
        return file_offer(os.dup(self._fd))

    def __del__(self) -> None:
        os.close(self._fd)
