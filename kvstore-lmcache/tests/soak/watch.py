"""What a daemon takes and what went wrong in it: from ``/proc`` and its metrics."""

from __future__ import annotations

import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20

# Each is 0 when no client is there and nothing is under way.
IDLE = (
    "kvstore_memory_used_bytes",
    "kvstore_memory_waiters",
    "kvstore_regions",
    "kvstore_region_size_bytes",
    "kvstore_resp_connections",
    "kvstore_lm_connections",
    "kvstore_in_flight_transfers",
    "kvstore_io_queued",
    "kvstore_io_running",
    "kvstore_gpu_running",
    "kvstore_store_reservations",
)

# Each is 0 unless the daemon or the disk has a fault. A crash leaves index areas unwritten, and a stop closes files.
FAULTS = (
    ("kvstore_store_corrupt_records_total", ""),
    ("kvstore_get_chunks_total", r'status="(corrupt|io_error)"|reason="io_error"'),
    ("kvstore_put_chunks_total", r'reason="io_error"'),
    ("kvstore_store_damaged_segments_total", r'damage="(?!bad-index)'),
    ("kvstore_io_failures_total", r'kind="(?!closed)'),
    ("kvstore_store_io_failures_total", ""),
    ("kvstore_rpc_total", r'code="(internal|unknown)"'),
)


class Metrics:
    """All metrics at one time."""

    def __init__(self, address: str) -> None:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        self._values = [
            (found[1], found[2] or "", float(found[3]))
            for found in re.finditer(r"^(\w+)(?:\{(.*)\})? (\S+)$", text, re.MULTILINE)
        ]

    def series(self, name: str, labels: str = "") -> list[tuple[str, float]]:
        """Labels and value of each series of a metric whose labels this expression finds."""
        return [(have, value) for known, have, value in self._values if known == name and re.search(labels, have)]

    def total(self, name: str, labels: str = "") -> float:
        """The sum of a metric over the labels that this expression finds."""
        return sum(value for _, value in self.series(name, labels))

    def not_idle(self) -> list[str]:
        """What is still in use."""
        busy = [f"{name} is {self.total(name):.0f}" for name in IDLE if self.total(name)]
        held = self.total("kvstore_store_segments", 'state="held"')
        # The one that is written, and once that is half full the next.
        if held > 2 + self.total("kvstore_store_leases"):
            busy.append(f"{held:.0f} segments are held, and two are the log's own")
        return busy

    def faults(self) -> list[str]:
        """What went wrong."""
        return [
            f"{name}{{{have}}} is {value:.0f}"
            for name, labels in FAULTS
            for have, value in self.series(name, labels)
            if value
        ]


@dataclass(frozen=True)
class Footprint:
    """What a process takes of the machine.

    Attributes:
        private_bytes: Resident memory of its own: heap, slabs, threads, libraries' data.
        shared_bytes: Resident memory that it shares, clients' regions among it.
        descriptors: Open files and sockets.
        threads: Threads of the operating system.
    """

    private_bytes: int
    shared_bytes: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Footprint:
        """Reads it.

        Raises:
            OSError: There is no such process.
        """
        status = dict(re.findall(r"^(\w+):\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
        return cls(
            int(status["RssAnon"]) << 10,
            int(status["RssShmem"]) << 10,
            len(list(Path(f"/proc/{pid}/fd").iterdir())),
            int(status["Threads"]),
        )
