"""What the daemon said of each chunk: into the part's hits, the counters and the log."""

from __future__ import annotations

from typing import Protocol

from ._complaints import Complaints
from ._paths import Path
from ._proto import kvstore_pb2 as pb
from ._stats import Stats
from ._work import Part

_STORED = (pb.PUT_STATUS_STORED, pb.PUT_STATUS_ALREADY_STORED)


class ProtocolError(Exception):
    """The daemon broke the contract."""


class StoreOutcome(Protocol):
    """What PutResponse and StoreResult have in common."""

    status: pb.PutStatus
    reason: pb.PutReason
    message: str


class Outcomes:
    """Takes the status of each chunk."""

    def __init__(self, stats: Stats, complaints: Complaints):
        self._stats = stats
        self._complaints = complaints

    def loaded(self, path: Path, part: Part, slot: int) -> None:
        """All bytes of a chunk are where they were wanted."""
        part.hits[slot] = True
        self._stats.add("load_bytes", part.sizes[slot])
        self._went(path, part.sizes[slot])

    def missed(self, reason: int) -> None:
        """A chunk is not there."""
        self._stats.add("load_miss_" + _name(pb.MissReason, reason, "MISS_REASON_"))

    def stored(self, path: Path, part: Part, slot: int, outcome: StoreOutcome) -> None:
        """A chunk was stored, or was not."""
        if outcome.status in _STORED:
            part.hits[slot] = True
            if outcome.status == pb.PUT_STATUS_STORED:
                self._stats.add("store_stored")
                self._stats.add("store_bytes", part.sizes[slot])
            else:
                self._stats.add("store_already_stored")
            self._went(path, part.sizes[slot])
            return
        verdict = "rejected" if outcome.status == pb.PUT_STATUS_REJECTED else "shed"
        reason = _name(pb.PutReason, outcome.reason, "PUT_REASON_")
        self._stats.add(f"store_{verdict}_{reason}")
        self._complaints.warn(
            f"store {verdict} {reason}", "the daemon %s a chunk: %s %s", verdict, reason, outcome.message
        )

    def _went(self, path: Path, size_bytes: int) -> None:
        self._stats.add(f"path_{path.value}_chunks")
        self._stats.add(f"path_{path.value}_bytes", size_bytes)


def _name(enum: type[pb.MissReason] | type[pb.PutReason], number: int, prefix: str) -> str:
    """The name of a reason as part of a counter's name; a newer daemon may have reasons that this client lacks."""
    if number not in enum.values():
        return f"reason_{number}"
    return enum.Name(number).removeprefix(prefix).lower()
