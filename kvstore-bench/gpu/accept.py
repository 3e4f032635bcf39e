"""GPU regions of a PyTorch process and a real daemon on a GPU host: every byte compared, everything killed once.

    python3 accept.py [STEP ...]          all steps without arguments; exits with 1 if one failed

Writes one line for each result. See gpu_host.py for where it runs.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import torch
from gpu_host import (
    CHUNK_405B_TP8_BYTES,
    DEVICE,
    MIB,
    WORK,
    Buffer,
    Client,
    Daemon,
    content,
    free_gpu_bytes,
    own_name,
    synchronize,
)

# Odd lengths, single blocks of checksums, pieces and more.
SIZES = [1, 4095, 65_536, 65_537, 4 * MIB, 4 * MIB + 1, 63 * MIB - 7, *[CHUNK_405B_TP8_BYTES] * 24]
SETTINGS = ("data.capacity=12GiB", "data.max-value-size=128MiB", "data.segment-size=512MiB")
failed = []


def report(step: str, passed: bool, detail: str) -> None:
    print(f"{'ok    ' if passed else 'FAILED'} {step}: {detail}", flush=True)
    if not passed:
        failed.append(step)


def paths(client: Client) -> str:
    stats = client.client.stats()
    counts = {way: stats[f"path_{way}_chunks"] for way in ("in_place", "staged", "stream")}
    return ", ".join(f"{count} {way}" for way, count in counts.items() if count)


def names_of(prefix: str, count: int) -> list[str]:
    return [f"{prefix}@{number}" for number in range(count)]


def way_of(daemon: Daemon) -> str:
    lines = [line.strip() for line in daemon.stat().splitlines() if "gpu" in line.lower() or "path" in line.lower()]
    return "; ".join(lines)


def round_trip(step: str, daemon: Daemon, restart: bool = True) -> None:
    """Stores and loads chunks of many sizes, also after a restart of the daemon."""
    daemon.start()
    print(f"       {step}: {way_of(daemon)}", flush=True)
    buffer = Buffer(768 * MIB)
    places = buffer.place(SIZES)
    names = names_of(step, len(SIZES))
    client = Client(daemon.target)
    buffer.fill(places, 1)
    stored = client.store(names, places)
    for again in ("", " after a restart")[: 2 if restart else 1]:
        if again:
            daemon.stop()
            daemon.start()
            time.sleep(0.2)
            client.until_connected()
        buffer.tensor.zero_()
        synchronize()
        hits = client.load(names, places)
        wrong = buffer.wrong(places, 1, hits)
        good = all(stored) and all(hits) and wrong == 0 and client.client.stats()["path_in_place_chunks"] > 0
        report(step + again, good, f"{sum(map(bool, hits))} of {len(SIZES)} hits, {wrong} wrong; {paths(client)}")
    client.close()


def checksums(daemon: Daemon) -> None:
    """What the GPU's kernel summed up the CPU verifies, and the other way round; a changed byte on disk is a miss."""
    buffer = Buffer(768 * MIB)
    places = buffer.place(SIZES)
    names = names_of("checksums", len(SIZES))
    on_gpu, on_host = Client(daemon.target), Client(daemon.target)
    buffer.fill(places, 2)
    on_gpu.store(names, places)
    copies = [bytearray(size) for size in SIZES]
    hits = on_host.load(names, [memoryview(copy) for copy in copies])
    wrong = sum(bytes(content(size, 2, number).cpu().numpy()) != copies[number] for number, size in enumerate(SIZES))
    report("stored from the GPU, verified by the CPU", all(hits) and not wrong, f"{sum(hits)} hits, {wrong} wrong")
    names = names_of("checksums-host", len(SIZES))
    stored = on_host.store(names, [memoryview(copy) for copy in copies])
    buffer.tensor.zero_()
    hits = on_gpu.load(names, places)
    wrong = buffer.wrong(places, 2, hits)
    report("stored from the host, verified by the GPU", all(stored) and all(hits) and not wrong, f"{wrong} wrong")
    damaged = damage(daemon, bytes(copies[4][:64]), len(copies[4]) // 2)
    hits = on_gpu.load([names[4], "checksums@4"], [places[4], places[5]])
    report("a changed byte on disk", damaged == 2 and not any(hits), f"{damaged} values changed, {sum(hits)} hits")
    on_gpu.close()
    on_host.close()


def damage(daemon: Daemon, beginning: bytes, offset: int) -> int:
    """Flips a byte of every value in the pool that begins so; returns how many."""
    found = 0
    for file in sorted(daemon.data.glob("nodes/*/*.seg")):
        with file.open("r+b") as segment:
            size = file.stat().st_size
            for at in range(0, size, 4096):
                segment.seek(at)
                if segment.read(64) == beginning:
                    segment.seek(at + offset)
                    byte = segment.read(1)
                    segment.seek(at + offset)
                    segment.write(bytes([byte[0] ^ 1]))
                    found += 1
            segment.flush()
            os.fsync(segment.fileno())
    return found


def work(target: str, prefix: str) -> None:
    """A worker's life until it is killed: stores and loads for ever."""
    buffer = Buffer(512 * MIB)
    places = buffer.place([CHUNK_405B_TP8_BYTES] * 24)
    client = Client(target)
    for turn in range(1_000_000):
        names = names_of(f"{prefix}-{turn % 8}", len(places))
        buffer.fill(places, turn % 8)
        client.store(names, places)
        print("stored", flush=True)
        hits = client.load(names, places)
        assert buffer.wrong(places, turn % 8, hits) == 0


def worker_killed(daemon: Daemon) -> None:
    """Five workers killed in the middle: the daemon serves on, and its share of the GPU's memory does not grow."""
    time.sleep(1)
    if DEVICE != "cpu":
        torch.cuda.empty_cache()
    before = free_gpu_bytes()
    for life in range(5):
        command = [sys.executable, __file__, "--work", daemon.target, f"worker{life}"]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(0.05 * life)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    client = Client(daemon.target)
    buffer = Buffer(768 * MIB)
    places = buffer.place(SIZES)
    names = names_of("after-the-workers", len(SIZES))
    buffer.fill(places, 5)
    stored = client.store(names, places)
    buffer.tensor.zero_()
    hits = client.load(names, places)
    wrong = buffer.wrong(places, 5, hits)
    client.close()
    held = buffer.tensor.numel()
    deadline = time.monotonic() + 10
    while (lost := before - free_gpu_bytes() - held) > 64 * MIB and time.monotonic() < deadline:
        time.sleep(0.2)
    good = all(stored) and all(hits) and not wrong and lost <= 64 * MIB
    report(
        "five workers killed", good, f"{sum(hits)} hits after them, {wrong} wrong, {lost / MIB:.0f} MiB of the GPU lost"
    )


def daemon_killed(daemon: Daemon) -> None:
    """The daemon killed under loads and stores: what it had acknowledged is there afterwards, and right."""
    buffer = Buffer(1024 * MIB)
    places = buffer.place([CHUNK_405B_TP8_BYTES] * 48)
    client = Client(daemon.target)
    acknowledged: dict[int, list[str]] = {}
    for life in range(3):
        client.until_connected()
        killer = subprocess.Popen(["sh", "-c", f"sleep {0.5 + 0.5 * life}; kill -9 {daemon.pid}"])
        while killer.poll() is None:
            seed = 100 + len(acknowledged)
            names = names_of(f"killed-{seed}", len(places))
            buffer.fill(places, seed)
            stored = client.store(names, places)
            acknowledged[seed] = [name if hit else "" for name, hit in zip(names, stored, strict=True)]
            hits = client.load(names, places)
            assert buffer.wrong(places, seed, hits) == 0
        daemon.kill()
        daemon.start()
    client.until_connected()
    lost = wrong = total = 0
    for seed, names in acknowledged.items():
        buffer.tensor.zero_()
        hits = client.load([name or "none" for name in names], places)
        wrong += buffer.wrong(places, seed, hits)
        total += sum(map(bool, names))
        lost += sum(bool(name) and not hit for name, hit in zip(names, hits, strict=True))
    client.close()
    report(
        "daemon killed three times",
        total > 0 and not lost and not wrong,
        f"{total} acknowledged, {lost} lost, {wrong} wrong",
    )


def main(steps: Sequence[str]) -> None:
    print(f"accept.py on {own_name()}", flush=True)
    if DEVICE == "cpu":
        print("       host memory stands in for a GPU's: nothing here is said about a GPU", flush=True)
    main_daemon = Daemon("accept", *SETTINGS)
    if "staged" in steps:
        round_trip("staged", main_daemon)
    else:
        main_daemon.start()
    if "checksums" in steps:
        checksums(main_daemon)
    if "workers" in steps:
        worker_killed(main_daemon)
    if "daemon" in steps:
        daemon_killed(main_daemon)
    main_daemon.remove()
    for step, data, settings in (
        ("cufile", WORK / "cufile-pool", ("gds.compatibility=cufile",)),
        ("tmpfs", pathlib.Path("/dev/shm/kvstore-accept"), ("gds.compatibility=cufile",)),
    ):
        if step in steps:
            daemon = Daemon(step, *SETTINGS, *(settings if DEVICE != "cpu" else ()), data=data)
            round_trip(step, daemon, restart=False)
            daemon.remove()
    print("accept.py:", f"FAILED: {', '.join(failed)}" if failed else "all passed", flush=True)
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(*sys.argv[2:4])
    else:
        main(sys.argv[1:] or ["staged", "checksums", "workers", "daemon", "cufile", "tmpfs"])
