"""Rates of LMCache's plugins between GPU memory and disk: ours, LMCache's own GdsBackend, and cuFile alone.

    python3 compare.py PLACE [PLACE ...]

A place is ``disks`` (the eight file systems of fast_disks.sh, O_DIRECT) or ``cache`` (one file system's page cache).
Both plugins are driven as LMCache drives them: batched_submit_put_task, batched_contains, batched_get_blocking, 391
chunks of 15.75 MiB (100,000 tokens of Llama-3.1-405B on one of eight GPUs, 6.2 GB) and 192 of 32 MiB (an 8B model).
GdsBackend has 32 threads. In ``disks`` its first level of directories is spread over the eight; ours has a directory
on each. Each line is one pass; bytes are compared after the last. Prints lines of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import torch
from gpu_host import DEVICE, GIB, MIB, WORK, Daemon, content, cpu_seconds, free_gpu_bytes, own_name, synchronize
from lmcache.utils import CacheEngineKey
from lmcache.v1.config import LMCacheEngineConfig
from lmcache.v1.metadata import LMCacheMetadata

DISKS = [pathlib.Path(f"/mnt/l{number}") for number in range(8)]
SHAPES = {"405B TP8, 15.75 MiB": ((126, 2, 256, 1, 128), 391), "8B, 32 MiB": ((32, 2, 256, 8, 128), 192)}
BUFFER_MIB = 7168
PASSES = 3
LOOKUPS = 100
if DEVICE == "cpu":
    DISKS = [WORK / f"l{number}" for number in range(8)]
    SHAPES = {"small": ((8, 2, 256, 1, 128), 24)}
    BUFFER_MIB = 64


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


class Host:
    """What LMCache is to a backend: a loop, a configuration, an engine's shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.metadata = LMCacheMetadata(
            model_name="m",
            world_size=1,
            local_world_size=1,
            worker_id=0,
            local_worker_id=0,
            kv_dtype=torch.bfloat16,
            kv_shape=shape,
            chunk_size=256,
        )

    def ours(self, daemon: Daemon) -> Any:
        from kvstore_lmcache.gpu_backend import KvStoreGpuBackend

        options = {"class_name": "KvStoreGpuBackend", "target": daemon.target, "buffer_mib": BUFFER_MIB, "channels": 16}
        config = LMCacheEngineConfig.from_defaults(
            chunk_size=256,
            storage_plugins=["LocalCPUBackend"],
            extra_config={f"storage_plugin.LocalCPUBackend.{name}": value for name, value in options.items()},
        )
        return KvStoreGpuBackend(device_name(), config, self.metadata, None, self.loop)

    def gds(self, place: str, directory: pathlib.Path) -> Any:
        from lmcache.v1.storage_backend.gds_backend import GdsBackend

        config = LMCacheEngineConfig.from_defaults(
            chunk_size=256,
            local_cpu=False,
            gds_path=str(directory),
            gds_buffer_size=BUFFER_MIB,
            extra_config={"use_direct_io": place == "disks", "disk_io_threads": 32},
        )
        return GdsBackend(config, self.metadata, self.loop, device_name())


def device_name() -> str:
    return "cpu" if DEVICE == "cpu" else "cuda:0"


def keys_of(turn: int, count: int) -> list[Any]:
    # Both plugins write their hashes down; GdsBackend's directories are the first digits.
    return [
        CacheEngineKey("m", 1, 0, (turn * 1000 + number + 1) * 11400714819323198485 % (1 << 62), torch.bfloat16)
        for number in range(count)
    ]


def fill(chunk: Any, turn: int, number: int) -> None:
    chunk.raw_tensor[: chunk.get_size()].copy_(content(chunk.get_size(), turn, number))


def is_right(chunk: Any, turn: int, number: int) -> bool:
    return torch.equal(chunk.raw_tensor[: chunk.get_size()], content(chunk.get_size(), turn, number))


def measure(who: str, place: str, name: str, host: Host, backend: Any, count: int, cpu: Callable[[], float]) -> None:
    """Stores new chunks and loads them again, PASSES times."""
    free = free_gpu_bytes()
    figures: dict[str, list[float]] = {"store": [], "load": [], "lookup": [], "store_cpu": [], "load_cpu": []}
    wrong = missing = 0
    for turn in range(PASSES):
        keys = keys_of(turn, count)
        chunks = []
        for number in range(count):
            chunk = backend.allocate(host.metadata.get_shapes(), host.metadata.get_dtypes(), eviction=False)
            assert chunk is not None, "the buffer is too small"
            fill(chunk, turn, number)
            chunks.append(chunk)
        synchronize()
        size_bytes = sum(chunk.get_size() for chunk in chunks)
        before, started = cpu(), time.perf_counter()
        wait(backend.batched_submit_put_task(keys, chunks))
        took = time.perf_counter() - started
        figures["store"].append(size_bytes / took / 1e9)
        figures["store_cpu"].append((cpu() - before) / size_bytes * 1e9)
        for chunk in chunks:
            chunk.ref_count_down()
        for _ in range(LOOKUPS):
            started = time.perf_counter()
            found = backend.batched_contains(keys)
            figures["lookup"].append((time.perf_counter() - started) * 1e3)
            missing += count - found
        before, started = cpu(), time.perf_counter()
        loaded = backend.batched_get_blocking(keys)
        synchronize()
        took = time.perf_counter() - started
        figures["load"].append(size_bytes / took / 1e9)
        figures["load_cpu"].append((cpu() - before) / size_bytes * 1e9)
        wrong += sum(chunk is not None and not is_right(chunk, turn, number) for number, chunk in enumerate(loaded))
        missing += loaded.count(None)
        for chunk in loaded:
            if chunk is not None:
                chunk.ref_count_down()
    rates = {what: round(statistics.median(values), 3) for what, values in figures.items()}
    say(
        who=who,
        place=place,
        chunks=name,
        count=count,
        store_gb_s=rates["store"],
        load_gb_s=rates["load"],
        prefix_ms=round(size_bytes / rates["load"] / 1e6, 1),
        lookup_ms=rates["lookup"],
        first_lookup_ms=round(figures["lookup"][0], 2),
        last_lookups_ms=round(statistics.median(figures["lookup"][-50:]), 3),
        store_core_s_per_gb=rates["store_cpu"],
        load_core_s_per_gb=rates["load_cpu"],
        passes={what: [round(value, 2) for value in figures[what]] for what in ("store", "load")},
        wrong=wrong,
        missing=missing,
        gpu_gib_used_in_the_run=round((free - free_gpu_bytes()) / GIB, 2),
    )


@contextlib.contextmanager
def gds_directory(place: str) -> Iterator[pathlib.Path]:
    """A directory for GdsBackend, in ``disks`` with its first level spread."""
    directory = WORK / "gds"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    parts = []
    if place == "disks":
        digits = "0123456789abcdef"
        for number, first in enumerate(a + b for a in digits for b in digits):
            part = DISKS[number % 8] / "gds" / first
            part.mkdir(parents=True, exist_ok=True)
            parts.append(part)
            (directory / first).symlink_to(part)
    yield directory
    for part in parts:
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)


def daemon_for(place: str, *settings: str) -> Daemon:
    """Ours: in ``disks`` with a directory on each, in ``cache`` its files are not read with O_DIRECT."""
    common = ["data.max-value-size=32MiB"]
    if DEVICE != "cpu":
        common += ["gds.read-threads=32", "gds.write-threads=32"]
    if place == "disks":
        return Daemon("compare", *common, "data.capacity=3GiB", "data.segment-size=104MiB", *settings, disks=DISKS)
    return Daemon("compare", *common, "data.capacity=22GiB", "data.direct-io=off", *settings)


def raw(place: str) -> None:
    """What cuFile alone reads and writes, and what the bus gives."""
    import ctypes

    import cufile
    from cufile.bindings import cuFileBufRegister

    threads, size = 16, 512 * MIB
    roots = DISKS if place == "disks" else [WORK / f"raw{number}" for number in range(8)]
    buffer = torch.empty(threads * 64 * MIB, dtype=torch.uint8, device=DEVICE)
    pointer = ctypes.c_void_p(buffer.data_ptr())
    driver = cufile.CuFileDriver()
    cuFileBufRegister(pointer, buffer.numel(), flags=0)
    files = []
    for number in range(threads):
        root = roots[number % 8]
        root.mkdir(exist_ok=True, parents=True)
        path = root / f"raw{number}"
        path.touch()
        files.append(cufile.CuFile(str(path), "r+", use_direct_io=place == "disks"))
        files[-1].open()
    result: dict[str, list[float]] = {"write": [], "read": []}
    with ThreadPoolExecutor(threads) as pool:

        def move(number: int, what: str) -> None:
            step = 4 * MIB
            call = getattr(files[number], what)
            for at in range(0, size, step):
                done = call(pointer, step, file_offset=at, dev_offset=number * 64 * MIB + at % (64 * MIB))
                assert done in (None, step), done

        for _ in range(3):
            for what in result:
                started = time.perf_counter()
                list(pool.map(move, range(threads), [what] * threads))
                result[what].append(threads * size / (time.perf_counter() - started) / 1e9)
    for number, file in enumerate(files):
        file.close()
        (roots[number % 8] / f"raw{number}").unlink()
    del driver
    say(
        who="cuFile alone, 16 threads, 4 MiB",
        place=place,
        store_gb_s=round(statistics.median(result["write"]), 2),
        load_gb_s=round(statistics.median(result["read"]), 2),
    )


def bus() -> None:
    """What a copy between pinned host memory and the GPU gives."""
    host = torch.empty(GIB, dtype=torch.uint8, pin_memory=True)
    device = torch.empty(GIB, dtype=torch.uint8, device=DEVICE)
    rates = []
    for target, source in ((device, host), (host, device)):
        target.copy_(source)
        synchronize()
        started = time.perf_counter()
        for _ in range(5):
            target.copy_(source, non_blocking=True)
        synchronize()
        rates.append(round(5 * GIB / (time.perf_counter() - started) / 1e9, 1))
    say(who="bus, pinned memory", to_gpu_gb_s=rates[0], from_gpu_gb_s=rates[1])


def ours(place: str, label: str, *settings: str) -> None:
    """Measures our plugin with a daemon of these settings."""
    free = free_gpu_bytes()
    for name, (shape, count) in SHAPES.items():
        daemon = daemon_for(place, *settings)
        daemon.start()
        used = free - free_gpu_bytes()
        host = Host(shape)
        backend = host.ours(daemon)
        deadline = time.monotonic() + 20
        while not backend.stats()["regions"] and time.monotonic() < deadline:
            time.sleep(0.05)
        own = os.getpid()
        measure(label, place, name, host, backend, count, lambda: daemon.cpu_seconds() + cpu_seconds(own))
        stats = backend.stats()
        say(
            who=label,
            place=place,
            chunks=name,
            daemon_gpu_mib=round(used / MIB),
            in_place=stats["path_in_place_chunks"],
            staged=stats["path_staged_chunks"],
            streamed=stats["path_stream_chunks"],
            regions=stats["regions"],
        )
        backend.close()
        del backend
        daemon.remove()
        if DEVICE != "cpu":
            torch.cuda.empty_cache()


def gds(place: str) -> None:
    """Measures LMCache's own."""
    for name, (shape, count) in SHAPES.items():
        with gds_directory(place) as directory:
            host = Host(shape)
            backend = host.gds(place, directory)
            own = os.getpid()
            measure("GdsBackend", place, name, host, backend, count, lambda: cpu_seconds(own))
            backend.close()
            del backend
            torch.cuda.empty_cache()


def attempt(step: Callable[..., None], *arguments: str) -> None:
    """One step that fails does not take the others with it."""
    try:
        step(*arguments)
    except Exception as error:
        say(failed=step.__name__, arguments=arguments, error=f"{type(error).__name__}: {error}")


def main(places: Sequence[str]) -> None:
    say(compare=own_name())
    if DEVICE != "cpu":
        attempt(bus)
    for place in places:
        if DEVICE != "cpu":
            attempt(raw, place)
            attempt(gds, place)
        if place == "disks" or DEVICE == "cpu":
            # In the page cache it would read from the disk: it tells the kernel to keep nothing there.
            attempt(ours, place, "kvstore")
        if DEVICE != "cpu":
            attempt(ours, place, "kvstore, cufile_compat", "gds.compatibility=cufile")


if __name__ == "__main__":
    main(sys.argv[1:])
