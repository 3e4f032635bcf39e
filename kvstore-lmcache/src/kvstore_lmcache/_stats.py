"""Counters of what the client did."""

from __future__ import annotations

import threading
from collections import Counter

# Always in stats(), so that a reader need not ask whether one is there. A reason that the daemon gives adds its own:
# load_miss_absent, store_shed_no_space and so on.
COUNTERS = (
    "connects",
    "disconnects",
    "lookup_keys",
    "lookup_hits",
    "lookup_failed_calls",
    "lengths_keys",
    "lengths_hits",
    "lengths_failed_calls",
    "load_keys",
    "load_hits",
    "load_bytes",
    "load_failed_calls",
    "store_keys",
    "store_stored",
    "store_already_stored",
    "store_bytes",
    "store_failed_calls",
    "store_dropped",
    "store_dropped_disconnected",
    "store_dropped_queue_full",
    "delete_keys",
    "delete_hits",
    "delete_failed_calls",
    "hash_checks",
    "hash_checks_differ",
    # Chunks that were stored or loaded, by the way that their bytes took; and those that a forced way cannot take.
    "path_in_place_chunks",
    "path_in_place_bytes",
    "path_staged_chunks",
    "path_staged_bytes",
    "path_stream_chunks",
    "path_stream_bytes",
    "path_impossible_chunks",
    # Memory handed over to the daemon, refused by it, and taken back because a call had ended without all its results.
    "regions",
    "regions_refused",
    "regions_fenced",
    "timeouts",
    "protocol_errors",
)


class Stats:
    """Thread-safe counters, all since the start of the client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counter(dict.fromkeys(COUNTERS, 0))

    def add(self, name: str, amount: int = 1) -> None:
        """Raises a counter."""
        with self._lock:
            self._counts[name] += amount

    def snapshot(self) -> dict[str, int]:
        """A copy of all counters."""
        with self._lock:
            return dict(self._counts)
