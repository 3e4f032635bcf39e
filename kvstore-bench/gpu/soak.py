"""Two PyTorch processes store and load GPU memory at random through a daemon that evicts, and are killed all the time.

    python3 soak.py SECONDS

Every hit is compared, byte for byte. Prints a line every 20 s and a verdict; exits with 1 for a wrong byte, a worker
that ended by itself, or GPU memory that is gone when the workers are.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

from gpu_host import (
    CHUNK_405B_TP8_BYTES,
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

KEYS = 1500
WORKERS = 2
SIZES = [CHUNK_405B_TP8_BYTES, 4 * MIB + 1, 65_537]


def size_of(number: int) -> int:
    return SIZES[number % len(SIZES)]


def work(target: str, seed: str) -> None:
    """Until it is killed: batches of random keys, of which one in three is stored and the others loaded."""
    random.seed(seed)
    buffer = Buffer(640 * MIB)
    client = Client(target)
    counts = {"stored": 0, "hits": 0, "misses": 0, "wrong": 0}
    while True:
        numbers = random.sample(range(KEYS), 32)
        names = [f"soak@{number}" for number in numbers]
        places = buffer.place([size_of(number) for number in numbers])
        if random.randrange(3) == 0:
            for number, place in zip(numbers, places, strict=True):
                buffer.at(place).copy_(content(place.size_bytes, 1, number))
            synchronize()
            counts["stored"] += sum(map(bool, client.store(names, places)))
        else:
            hits = client.load(names, places)
            synchronize()
            for number, place, hit in zip(numbers, places, hits, strict=True):
                counts["hits" if hit else "misses"] += 1
                if hit and not (buffer.at(place) == content(place.size_bytes, 1, number)).all():
                    counts["wrong"] += 1
        print(json.dumps(counts), flush=True)


def start(target: str, seed: str) -> tuple[subprocess.Popen[bytes], pathlib.Path]:
    log = WORK / f"soak-{seed}.log"
    with log.open("wb") as output:
        worker = subprocess.Popen([sys.executable, __file__, "--work", target, seed], stdout=output, stderr=output)
    return worker, log


def last_counts(log: pathlib.Path) -> dict[str, int]:
    lines = [
        line for line in log.read_text(errors="replace").splitlines() if line.startswith("{") and line.endswith("}")
    ]
    return json.loads(lines[-1]) if lines else {}


def main(seconds: float) -> None:
    print(f"soak.py on {own_name()}, {seconds:.0f} s", flush=True)
    daemon = Daemon("soak", "data.capacity=6GiB", "data.segment-size=256MiB", "data.max-value-size=32MiB")
    daemon.start()
    time.sleep(2)
    free = free_gpu_bytes()
    total = {"stored": 0, "hits": 0, "misses": 0, "wrong": 0}
    deaths = killed = 0
    workers = [start(daemon.target, f"0-{at}") for at in range(WORKERS)]
    deadline = time.monotonic() + seconds
    spoken = time.monotonic()

    def take(log: pathlib.Path) -> None:
        for name, count in last_counts(log).items():
            total[name] += count

    while time.monotonic() < deadline:
        time.sleep(random.uniform(2, 9))
        for at, (worker, log) in enumerate(workers):
            if worker.poll() is not None:
                deaths += 1
                print("FAILED: a worker ended by itself:", log.read_text(errors="replace")[-1500:], flush=True)
            elif at != killed % WORKERS:
                continue
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            take(log)
            killed += 1
            workers[at] = start(daemon.target, f"{killed}-{at}")
            break
        if time.monotonic() - spoken > 20:
            spoken = time.monotonic()
            print(f"{deadline - spoken:4.0f} s left: {killed} killed, {total}", flush=True)
    for worker, log in workers:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        take(log)
    patience = time.monotonic() + 15
    while (lost := free - free_gpu_bytes()) > 32 * MIB and time.monotonic() < patience:
        time.sleep(0.5)
    rss = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    print("".join(line + "; " for line in rss.splitlines() if line.startswith(("VmHWM", "VmRSS"))), flush=True)
    print(daemon.stat(), flush=True)
    daemon.remove()
    good = total["wrong"] == 0 and deaths == 0 and lost <= 32 * MIB and total["hits"] > 0
    print(
        f"{'ok    ' if good else 'FAILED'} soak: {total}, {killed} workers killed, {deaths} ended by themselves, "
        f"{lost / MIB:.0f} MiB of the GPU lost",
        flush=True,
    )
    raise SystemExit(not good)


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    if sys.argv[1:2] == ["--work"]:
        work(*sys.argv[2:4])
    else:
        main(float(sys.argv[1]))
