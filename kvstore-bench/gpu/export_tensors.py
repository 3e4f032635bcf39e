"""Shares two tensors by CUDA IPC and, when told, compares them: the client of the region tests.

    python3 export_tensors.py EXPORTS DONE [MEBIBYTES]

Writes a line for each tensor to EXPORTS (GPU's UUID, the handle in hex, offset in its allocation, size in bytes), waits
for the file DONE, and exits with 0 if the second tensor has become equal to the first, byte for byte.
"""

import ctypes
import os
import pathlib
import sys
import time
import uuid

import torch


def export(driver: ctypes.CDLL, tensor: torch.Tensor, gpu: uuid.UUID) -> str:
    """Returns the line of a tensor, which need not start where its allocation does."""
    base, size = ctypes.c_uint64(), ctypes.c_size_t()
    pointer = ctypes.c_uint64(tensor.data_ptr())
    check(driver.cuMemGetAddressRange_v2(ctypes.byref(base), ctypes.byref(size), pointer))
    handle = (ctypes.c_ubyte * 64)()
    check(driver.cuIpcGetMemHandle(handle, base))
    return f"{gpu} {bytes(handle).hex()} {tensor.data_ptr() - base.value} {tensor.numel()}"


def check(result: int) -> None:
    """Ends the program with the driver's number if a call failed."""
    if result != 0:
        raise SystemExit(f"the CUDA driver says {result}")


def main() -> None:
    """Shares, waits, compares."""
    exports, done = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    size = int(sys.argv[3]) << 20 if len(sys.argv) > 3 else 300 << 20
    driver = ctypes.CDLL("libcuda.so.1")
    # not at the start of their allocation, and not a whole number of blocks
    room = torch.randint(0, 256, (size + 4096,), dtype=torch.uint8, device="cuda")
    first = room[1000 : 1000 + size - 777]
    second = torch.zeros_like(first)
    torch.cuda.synchronize()
    raw = (ctypes.c_ubyte * 16)()
    check(driver.cuDeviceGetUuid_v2(raw, 0))
    gpu = uuid.UUID(bytes=bytes(raw))
    text = "".join(export(driver, tensor, gpu) + "\n" for tensor in (first, second))
    partial = exports.with_suffix(".part")
    partial.write_text(text)
    partial.rename(exports)
    print("client", os.getpid(), "shares", first.numel(), "bytes", flush=True)
    while not done.exists():
        time.sleep(0.05)
    equal = torch.equal(first, second)
    print("client: tensors are", "equal, byte for byte" if equal else "DIFFERENT", flush=True)
    raise SystemExit(0 if equal else 1)


if __name__ == "__main__":
    main()
