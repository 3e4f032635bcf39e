"""All doors of one daemon at once, on a disk so small that eviction never rests.

``python -m soak.run --minutes 20`` from ``kvstore-lmcache/tests``: exit code 0 if every byte that came back was right,
nothing leaked and no counter of faults moved. Clients are killed all the time; the daemon is restarted, by turns killed
and stopped, during the first half, so that the second half shows one process grow, or not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import IO

from real_daemon import RealDaemon, _free_port
from soak.doors import KINDS
from soak.watch import MIB, Footprint, Metrics

TESTS = Path(__file__).resolve().parents[1]
SETTINGS = ("data.segment-size=64MiB", "data.max-value-size=16MiB", "memory.slab-size=64MiB", "lease.max-duration=1s")
CAPACITY = "256MiB"
START_SECONDS = 180
IDLE_SECONDS = 40

# The last life of the daemon must be this long for its growth to say anything: until then the heap is first touched.
FLAT_SECONDS = 240
GROWTH_MAX = 1.05
DESCRIPTORS_MAX = 24

# As many as there are, and once more: a pin that is never given back would keep its segment.
EVICTED_MIN = 8


class Client:
    """A process that uses one door."""

    def __init__(self, kind: str, address: str, seed: int, errors: IO[bytes]) -> None:
        self.kind = kind
        self.counts: Counter[str] = Counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.client", kind, address, str(seed)],
            cwd=TESTS,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def stop(self) -> int:
        """Asks it to end, and returns its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(90)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"{"):  # LMCache prints too
                self.counts = Counter(json.loads(line))


class Soak:
    """One run.

    Args:
        seconds: How long clients are busy.
        kill_seconds: How often one of them is killed.
        restart_seconds: How often the daemon is restarted, during the first half.
    """

    def __init__(self, seconds: float, kill_seconds: float, restart_seconds: float) -> None:
        self._seconds = seconds
        self._kill_seconds = kill_seconds
        self._restart_seconds = restart_seconds
        self._admin = f"127.0.0.1:{_free_port()}"
        self._daemon = RealDaemon(CAPACITY, (*SETTINGS, f"admin.listen={self._admin}"))
        self._clients: dict[str, Client] = {}
        self._ended: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._seed = 0
        self._lives = 0
        self._evicted = 0.0
        self._evicted_in_last_life = 0.0
        self._problems: list[str] = []
        self._samples: list[tuple[float, Footprint]] = []

    def run(self) -> list[str]:
        """Returns what is wrong."""
        try:
            self._daemon.start()
            idle = Footprint.of(self._daemon.pid)
            for kind in KINDS:
                self._start(kind)
            self._await_first_counts()
            self._keep_busy()
            self._end_clients()
            self._check_idle(idle)
            self._check_flat()
            self._check_counts()
            if self._problems:
                self._errors.seek(0)
                print(self._errors.read()[-4000:].decode(errors="replace"), self._complaints(), sep="\n")
        finally:
            for client in self._clients.values():
                client.kill()
            self._daemon.remove()
            self._errors.close()
        return self._problems

    def _complaints(self) -> str:
        """What the daemon logged that is more than news, the last of it."""
        lines = [line for line in self._daemon.log().splitlines() if " INFO " not in line]
        return "\n".join(lines[-60:])

    def _address(self, kind: str) -> str:
        doors = {
            "tcp": self._daemon.tcp_target,
            "resp": f"127.0.0.1:{self._daemon.resp_port}",
            "lm": self._daemon.lm_url.removeprefix("lm://"),
        }
        return doors.get(kind, self._daemon.target)

    def _start(self, kind: str) -> None:
        self._seed += 1
        self._clients[kind] = Client(kind, self._address(kind), self._seed, self._errors)

    def _await_first_counts(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not all(client.counts for client in self._clients.values()) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _keep_busy(self) -> None:
        started = time.monotonic()
        next_kill, next_restart, next_row = self._kill_seconds, self._restart_seconds, 0.0
        self._lives = 1
        print(HEADER, flush=True)
        while (now := time.monotonic() - started) < self._seconds:
            self._notice_ended()
            if now >= next_kill:
                self._kill_one()
                next_kill = now + self._kill_seconds
            if now >= next_restart and now < self._seconds / 2:
                self._restart()
                next_restart = time.monotonic() - started + self._restart_seconds
            footprint = Footprint.of(self._daemon.pid)
            self._samples.append((now, footprint))
            if now >= next_row:
                self._print_row(now, footprint)
                next_row = now + 60
            time.sleep(1)
        self._print_row(self._seconds, self._samples[-1][1])

    def _kill_one(self) -> None:
        # the start of LMCache takes more of a core than all the others together
        kind = random.choices(KINDS, weights=[1 if kind == "plugin" else 4 for kind in KINDS])[0]
        self._clients[kind].kill()
        self._forget(kind)
        self._start(kind)

    def _restart(self) -> None:
        self._collect(Metrics(self._admin))
        if self._lives % 2:
            self._daemon.kill()
        else:
            self._daemon.stop()
        self._daemon.start()
        self._lives += 1
        self._samples.clear()

    def _notice_ended(self) -> None:
        for kind, client in list(self._clients.items()):
            if not client.is_alive():
                self._problems.append(f"a client of {kind} ended by itself: {client.stop()}")
                self._forget(kind)
                self._start(kind)

    def _end_clients(self) -> None:
        """Half of them close what they have, the others are just gone."""
        for at, (kind, client) in enumerate(list(self._clients.items())):
            if at % 2:
                client.kill()
            elif code := client.stop():
                self._problems.append(f"a client of {kind} ended with {code}")
            self._forget(kind)
        self._clients.clear()

    def _forget(self, kind: str) -> None:
        self._ended[kind] += self._clients[kind].counts

    def _counts(self) -> dict[str, Counter[str]]:
        return {
            kind: ended + (self._clients[kind].counts if kind in self._clients else Counter())
            for kind, ended in self._ended.items()
        }

    def _collect(self, metrics: Metrics) -> None:
        """Before a daemon ends, and its counters with it."""
        self._evicted_in_last_life = metrics.total("kvstore_store_evicted_segments_total")
        self._evicted += self._evicted_in_last_life
        self._problems += metrics.faults()
        used, capacity = (metrics.total(f"kvstore_store_{what}_bytes") for what in ("used", "capacity"))
        if used > capacity:
            self._problems.append(f"{used:.0f} bytes of disk are used, {capacity:.0f} allowed")

    def _check_idle(self, idle: Footprint) -> None:
        deadline = time.monotonic() + IDLE_SECONDS
        while (busy := Metrics(self._admin).not_idle()) and time.monotonic() < deadline:
            time.sleep(0.2)
        self._problems += [f"with no client for {IDLE_SECONDS} s, {one}" for one in busy]
        self._collect(Metrics(self._admin))
        left = Footprint.of(self._daemon.pid)
        print(f"descriptors, idle: {idle.descriptors} at the start, {left.descriptors} at the end")
        if left.descriptors > idle.descriptors + DESCRIPTORS_MAX:
            self._problems.append(f"{left.descriptors} descriptors are open, {idle.descriptors} were at the start")
        print("in use when idle:", "; ".join(busy) or "nothing: no slab, no region, no connection, no reservation")

    def _check_flat(self) -> None:
        """Compares the middle third of the last life with its last third."""
        seconds = self._seconds_of_last_life()
        third = len(self._samples) // 3
        middle, last = (
            statistics.median(footprint.private_bytes for _, footprint in part)
            for part in (self._samples[third : 2 * third], self._samples[-third:])
        )
        print(
            f"private memory, last life of {seconds:.0f} s: {middle / MIB:.0f} MiB, then {last / MIB:.0f} MiB (medians)"
        )
        if seconds >= FLAT_SECONDS and last > GROWTH_MAX * middle:
            self._problems.append(f"private memory grew from {middle / MIB:.0f} to {last / MIB:.0f} MiB")

    def _seconds_of_last_life(self) -> float:
        return self._samples[-1][0] - self._samples[0][0]

    def _check_counts(self) -> None:
        print(f"{'door':10} {'stored':>9} {'hits':>9} {'misses':>9} {'wrong':>6} {'failures':>9}")
        for kind, counts in self._counts().items():
            columns = (counts[name] for name in ("stored", "hits", "misses", "wrong", "failures"))
            print("{:10} {:9} {:9} {:9} {:6} {:9}".format(kind, *columns))
            if counts["wrong"]:
                self._problems.append(f"{kind}: {counts['wrong']} values came back wrong")
            if not counts["stored"] or not counts["hits"]:
                self._problems.append(f"{kind}: {counts['stored']} stored, {counts['hits']} hits: it was not tried")
        print(f"{self._evicted:.0f} segments evicted, {self._lives} lives of the daemon")
        enough = EVICTED_MIN if self._seconds_of_last_life() >= FLAT_SECONDS else 1
        if self._evicted_in_last_life < enough:
            self._problems.append(f"{self._evicted_in_last_life:.0f} segments were evicted in the last life")

    def _print_row(self, now: float, footprint: Footprint) -> None:
        metrics = Metrics(self._admin)
        counts = sum(self._counts().values(), Counter())
        print(
            f"{now / 60:6.1f} {self._lives:5} {footprint.private_bytes / MIB:11.0f} "
            f"{footprint.shared_bytes / MIB:10.0f} {footprint.descriptors:5} {footprint.threads:7} "
            f"{metrics.total('kvstore_memory_used_bytes') / MIB:8.1f} "
            f"{metrics.total('kvstore_regions'):7.0f} {counts['stored']:9} {counts['hits']:9} {counts['misses']:9} "
            f"{counts['wrong']:5} {self._evicted + metrics.total('kvstore_store_evicted_segments_total'):7.0f}",
            flush=True,
        )


HEADER = (
    "minute  life private MiB shared MiB   fds threads slab MiB regions    stored      hits    misses wrong evicted"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20, help="default: %(default)s")
    parser.add_argument(
        "--kill-seconds", type=float, default=7, help="between two killed clients, default: %(default)s"
    )
    parser.add_argument("--restart-seconds", type=float, default=120, help="of the daemon, default: %(default)s")
    options = parser.parse_args()
    problems = Soak(options.minutes * 60, options.kill_seconds, options.restart_seconds).run()
    print("\n".join(["FAILED", *problems]) if problems else "passed")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
