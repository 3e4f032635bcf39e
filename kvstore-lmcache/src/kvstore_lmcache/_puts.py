"""The keys whose stores are under way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait


class Puts:
    """Which stores of this client have not ended. Thread-safe.

    Until the daemon has answered, a key counts as present for whoever stores it, a load of it waits, and a second store
    of it is ignored: LMCache was seen to put other bytes over those that were still on their way.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[str, Future[None]] = {}

    def begin(self, names: Sequence[str], end: Future[None]) -> list[int]:
        """Takes up those that are not under way; returns their positions.

        Args:
            names: May contain one twice; the first counts.
            end: To be given to :meth:`end`.
        """
        with self._lock:
            taken = []
            for position, name in enumerate(names):
                if name not in self._ends:
                    self._ends[name] = end
                    taken.append(position)
            return taken

    def end(self, names: Sequence[str], end: Future[None]) -> None:
        """Says that those that :meth:`begin` took up are over, and wakes who waits for them."""
        with self._lock:
            for name in names:
                del self._ends[name]
        end.set_result(None)

    def are_under_way(self, names: Sequence[str]) -> list[bool]:
        """One for each."""
        with self._lock:
            return [name in self._ends for name in names]

    def wait_for(self, names: Sequence[str]) -> None:
        """Returns when no store of these keys is under way; each ends within its own time limit."""
        with self._lock:
            ends = {self._ends[name] for name in names if name in self._ends}
        wait(ends)

    def wait_for_one(self) -> bool:
        """Returns when a store has ended; False at once if none is under way."""
        with self._lock:
            ends = set(self._ends.values())
        wait(ends, return_when=FIRST_COMPLETED)
        return bool(ends)
