"""What the scripts of this folder share: a daemon of their own, a buffer on the GPU, a client that waits.

They run in the folder that pack_daemon.sh makes. With ``DEVICE=cpu`` shared memory of the host stands in for that of a
GPU, which tries the scripts, and nothing else, on a machine without one.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
from kvstore_lmcache import KvStoreClient
from kvstore_lmcache._calls import Calls
from kvstore_lmcache._gpu_memory import GpuMemory
from kvstore_lmcache._placed import Placed
from kvstore_lmcache._region import file_offer
from kvstore_lmcache._staging import ALIGNMENT_BYTES, memory_file

MIB = 1 << 20
GIB = 1 << 30
CHUNK_405B_TP8_BYTES = 2 * 126 * 256 * 128 * 2
CHUNK_8B_BYTES = 2 * 32 * 256 * 8 * 128 * 2

DEVICE = os.environ.get("DEVICE", "cuda")
KIT = pathlib.Path(os.environ.get("KIT", pathlib.Path(__file__).resolve().parent))
WORK = pathlib.Path(os.environ.get("WORK", "/tmp/kvstore-gpu"))


class Daemon:
    """``kvstore serve`` on a directory of its own.

    Args:
        name: Of its directory, socket and log below WORK.
        disks: Where its pool is, in a directory of its name on each; by default in its directory.
        settings: Further ones, each ``key=value``.
    """

    def __init__(self, name: str, *settings: str, disks: Sequence[pathlib.Path] = ()) -> None:
        self.directory = WORK / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data, *self._more = [disk / name for disk in disks] or [self.directory / "pool"]
        self.target = f"unix:{self.directory}/s"
        self.log = self.directory / "log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and returns when it serves."""
        (self.directory / "s").unlink(missing_ok=True)
        defaults = ("grpc.listen=127.0.0.1:0", f"grpc.unix-socket={self.directory}/s", "admin.listen=")
        more = f"data.more-directories={','.join(map(str, self._more))}"
        arguments = [f"--set={setting}" for setting in (*defaults, more, *self._settings)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(KIT / "kvstore"), "serve", f"--data={self.data}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not (self.directory / "s").exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the daemon did not start:\n{self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def stat(self) -> str:
        """What ``kvstore stat`` prints."""
        command = [str(KIT / "kvstore"), "stat", "--target", self.target]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout

    def kill(self) -> None:
        """As ``kill -9``."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As a service manager stops it."""
        self._end(signal.SIGTERM)

    def remove(self) -> None:
        """Stops it and deletes its files."""
        self.stop()
        for directory in (self.data, *self._more):
            shutil.rmtree(directory, ignore_errors=True)

    def cpu_seconds(self) -> float:
        """What it has used of the processors so far."""
        return cpu_seconds(self.pid)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                print("FAILED: the daemon did not stop in 40 s", flush=True)


class HostMemory:
    """Shared memory of the host in the place of a GPU's."""

    def __init__(self, size_bytes: int) -> None:
        self._fd = memory_file("gpu-stand-in", size_bytes)
        self.tensor = torch.from_file(f"/proc/self/fd/{self._fd}", shared=True, size=size_bytes, dtype=torch.uint8)
        status = os.fstat(self._fd)
        self.identity = (status.st_dev, status.st_ino)
        self.path = "host memory"

    def offer(self) -> Any:
        return file_offer(os.dup(self._fd))


class Buffer:
    """Room for chunks, which the daemon shares.

    Attributes:
        tensor: All of it.
        memory: What is handed over.
    """

    def __init__(self, size_bytes: int) -> None:
        if DEVICE == "cpu":
            self.memory: Any = HostMemory(size_bytes)
            self.tensor = self.memory.tensor
        else:
            self.tensor = torch.zeros(size_bytes, dtype=torch.uint8, device=DEVICE)
            self.memory = GpuMemory(self.tensor.data_ptr(), size_bytes)

    def place(self, sizes: Sequence[int]) -> list[Placed]:
        """Places for chunks, one after the other."""
        places, offset = [], 0
        for size in sizes:
            places.append(Placed(self.memory, offset, size))
            offset += -(-size // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        assert offset <= self.tensor.numel(), "the buffer is too small"
        return places

    def at(self, place: Placed) -> torch.Tensor:
        """The bytes at a place."""
        return self.tensor[place.offset : place.offset + place.size_bytes]

    def fill(self, places: Sequence[Placed], seed: int) -> None:
        """Writes bytes that follow from the seed and the number of the chunk."""
        for number, place in enumerate(places):
            self.at(place).copy_(content(place.size_bytes, seed, number))
        synchronize()

    def wrong(self, places: Sequence[Placed], seed: int, hits: Sequence[int]) -> int:
        """How many of the hits have other bytes than :meth:`fill` wrote."""
        synchronize()
        return sum(
            not torch.equal(self.at(place), content(place.size_bytes, seed, number))
            for number, (place, hit) in enumerate(zip(places, hits, strict=True))
            if hit
        )


class Client:
    """A client whose calls wait for their end."""

    def __init__(self, target: str, **options: Any) -> None:
        self.client = KvStoreClient(target=target, **options)
        self._calls = Calls(self.client)

    def store(self, names: Sequence[str], views: Sequence[Any]) -> list[int]:
        return self._calls.start(lambda: self.client.submit_batch_set(names, views), len(names)).result().results

    def load(self, names: Sequence[str], views: Sequence[Any]) -> list[int]:
        return self._calls.start(lambda: self.client.submit_batch_get(names, views), len(names)).result().results

    def lookup(self, names: Sequence[str]) -> list[int]:
        return self._calls.start(lambda: self.client.submit_batch_exists(names), len(names)).result().results

    def until_connected(self) -> None:
        deadline = time.monotonic() + 30
        while not self.client.stats()["connected"]:
            assert time.monotonic() < deadline, "no daemon"
            time.sleep(0.01)

    def close(self) -> None:
        self._calls.close()


def content(size_bytes: int, seed: int, number: int) -> torch.Tensor:
    """Bytes that no other seed and number have, made where the chunks are."""
    generator = torch.Generator(device=DEVICE)
    generator.manual_seed(seed * 1_000_003 + number)
    words = -(-size_bytes // 8)
    wide = torch.randint(-(1 << 62), 1 << 62, (words,), dtype=torch.int64, device=DEVICE, generator=generator)
    return wide.view(torch.uint8)[:size_bytes]


def synchronize() -> None:
    """Waits for the GPU."""
    if DEVICE != "cpu":
        torch.cuda.synchronize()


def free_gpu_bytes() -> int:
    """Of the GPU, whoever took the rest."""
    return 0 if DEVICE == "cpu" else int(torch.cuda.mem_get_info()[0])


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_name() -> str:
    """Of the GPU and this Python's PyTorch."""
    device = "host memory" if DEVICE == "cpu" else torch.cuda.get_device_name()
    return f"{device}, torch {torch.__version__}, Python {sys.version.split()[0]}"
