"""Memory of a GPU, handed over to the daemon by CUDA IPC.

Of CUDA only the driver's library is used, through ctypes: PyTorch has loaded it already, and gives no access to what is
needed here. https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__MEM.html
"""

from __future__ import annotations

import ctypes
import itertools
import struct

from ._region import Offer
from ._regions import NO_FILE

LIBRARY = "libcuda.so.1"

_GPU_MEMORY = b"\x02"
_UUID_BYTES = 16
_HANDLE_BYTES = 64

_numbers = itertools.count()


class GpuMemory:
    """Some bytes of one allocation of this process on a GPU, which it keeps allocated as long as this is in use.

    Must be made in a thread in which the GPU's context is current, as it is after PyTorch has allocated there.

    Args:
        address: Where they begin on the GPU.
        size_bytes: How many they are.
        library: CUDA's driver.

    Raises:
        OSError: The driver is missing, or does not export this memory. It does not export what PyTorch allocates with
            ``expandable_segments``.
    """

    def __init__(self, address: int, size_bytes: int, library: str = LIBRARY):
        cuda = ctypes.CDLL(library)
        device = ctypes.c_int()
        _check(cuda, "cuCtxGetDevice", ctypes.byref(device))
        uuid = ctypes.create_string_buffer(_UUID_BYTES)
        _check(cuda, "cuDeviceGetUuid_v2", uuid, device)
        base, allocated_bytes = ctypes.c_uint64(), ctypes.c_size_t()
        _check(
            cuda,
            "cuMemGetAddressRange_v2",
            ctypes.byref(base),
            ctypes.byref(allocated_bytes),
            ctypes.c_uint64(address),
        )
        handle = ctypes.create_string_buffer(_HANDLE_BYTES)
        _check(cuda, "cuIpcGetMemHandle", handle, base)
        offset = address - base.value
        message = _GPU_MEMORY + uuid.raw + handle.raw + struct.pack("<QQ", offset, size_bytes)
        self._offer = Offer(message, size_bytes)
        self.identity = (NO_FILE, next(_numbers))
        self.path = f"{size_bytes} bytes of GPU {device.value}"

    def offer(self) -> Offer:
        """Returns what to hand over to the daemon."""
        return self._offer


def _check(cuda: ctypes.CDLL, function: str, *arguments: object) -> None:
    try:
        result = cuda[function](*arguments)
    except AttributeError as error:
        raise OSError(f"CUDA's driver has no {function}") from error
    if result != 0:
        raise OSError(f"{function} failed with CUDA error {result}")
