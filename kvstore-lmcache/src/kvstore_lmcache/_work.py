"""One submitted batch, cut into parts, and the gate between its memory and everyone else."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from ._memory import address_of, copy
from ._placed import Placed


class Kind(enum.Enum):
    """What a batch asks for."""

    LOOKUP = "lookup"
    LENGTHS = "lengths"
    LOAD = "load"
    STORE = "store"
    DELETE = "delete"


class Part:
    """Some keys of a batch, handled by one worker in one or few calls.

    This process reaches the caller's memory through :meth:`copy_in`, :meth:`copy_out` and :meth:`copy_to`. They hold
    the gate while they copy, and :meth:`finish` shuts it: once a completion is queued or ``close()`` has returned,
    LMCache may reuse or unmap that memory (LMCache #5263), while a thread of gRPC may still hold the part.

    The daemon reaches it between :meth:`lend` and :meth:`give_back`. A part that is lent cannot be finished: who tries
    is heard when it has been given back.

    Where the views are :class:`Placed`, this process copies nothing.

    Attributes:
        keys: The keys as sent.
        sizes: Length of each view in bytes; empty if the batch has no views.
        placed: Where each view lies in memory that is handed over as a whole; None for views of this process's.
        hits: The result so far, by slot, which is the position in ``keys``: True, or for lengths the length in bytes.
    """

    def __init__(
        self, operation: Operation, positions: Sequence[int], keys: list[bytes], views: list[memoryview] | list[Placed]
    ):
        self.operation = operation
        self.positions = positions
        self.keys = keys
        self.sizes = [len(view) for view in views]
        self.hits: list[int] = [False] * len(keys)
        placed = [view for view in views if isinstance(view, Placed)]
        self.placed = placed or None
        self._views = [view for view in views if isinstance(view, memoryview)]
        self._gate = threading.Lock()
        self._shut = False
        self._lent = False
        # What was to be said by a finish() that came while the memory was lent.
        self._last_words: str | None = None

    def remaining_seconds(self) -> float:
        """Time until the deadline; negative once it has passed."""
        return self.operation.deadline_seconds - time.monotonic()

    def copy_in(self, slot: int, offset: int, data: memoryview) -> bool:
        """Writes into a view. Returns False, and writes nothing, once the part is finished."""
        with self._gate:
            if self._shut:
                return False
            with self._views[slot][offset : offset + len(data)] as piece:
                copy(piece, data)
            return True

    def copy_out(self, slot: int, start: int, end: int, take: Callable[[memoryview], bytes]) -> bytes | None:
        """Returns what ``take`` makes of a piece of a view, or None once the part is finished."""
        with self._gate:
            if self._shut:
                return None
            with self._views[slot][start:end] as piece:
                return take(piece)

    def copy_to(self, slot: int, goal: memoryview) -> bool:
        """Copies a whole view over ``goal``. Returns False once the part is finished."""
        with self._gate:
            if self._shut:
                return False
            copy(goal, self._views[slot])
            return True

    def addresses(self) -> list[int] | None:
        """Returns where each view lies, to be used while it is lent; None once the part is finished."""
        with self._gate:
            return None if self._shut else [address_of(view) for view in self._views]

    def lend(self) -> bool:
        """Says that the daemon reaches the views from now on. Returns False, and it must not, once finished."""
        with self._gate:
            self._lent = not self._shut
            return self._lent

    def give_back(self) -> None:
        """Ends what :meth:`lend` began: the daemon does not reach the views any more."""
        with self._gate:
            self._lent = False
            last_words = self._last_words
        if last_words is not None:
            self.finish(last_words)

    def finish(self, error: str = "") -> None:
        """Shuts the gate and hands in the results; if the memory is lent, once it is given back. May be called again.

        Args:
            error: Why there are fewer hits than there could be; empty if there is nothing to say.
        """
        with self._gate:
            if self._shut:
                return
            if self._lent:
                self._last_words = self._last_words or error
                return
            self._shut = True
            for view in self._views:
                view.release()
            self._views = []
        self.operation.part_finished(self, error)


class Operation:
    """A batch from its submission to its completion.

    Args:
        future_id: What the caller knows it by.
        kind: What is asked.
        key_count: Number of keys in the batch.
        deadline_seconds: When it is over, on the clock of ``time.monotonic()``.
        on_finished: Called once, when the last part is finished.

    Attributes:
        results: One per key, True where a part found, loaded, stored or deleted it; for lengths its length in bytes.
        error: The first that a part gave.
        pending_bytes: Its share of the bound on pending stores.
    """

    def __init__(
        self,
        future_id: int,
        kind: Kind,
        key_count: int,
        deadline_seconds: float,
        on_finished: Callable[[Operation], None],
    ):
        self.future_id = future_id
        self.kind = kind
        self.deadline_seconds = deadline_seconds
        self.results: list[int] = [False] * key_count
        self.error = ""
        self.pending_bytes = 0
        self.parts: list[Part] = []
        self._on_finished = on_finished
        self._lock = threading.Lock()
        self._open_parts = 0

    def add_part(self, positions: Sequence[int], keys: list[bytes], views: list[memoryview] | list[Placed]) -> None:
        """Adds a part; all must be added before the first is finished."""
        self.parts.append(Part(self, positions, keys, views))
        self._open_parts += 1

    def part_finished(self, part: Part, error: str) -> None:
        """Takes over the results of a part."""
        with self._lock:
            for position, hit in zip(part.positions, part.hits, strict=True):
                self.results[position] = hit
            self.error = self.error or error
            self._open_parts -= 1
            last = self._open_parts == 0
        if last:
            self._on_finished(self)

    def abort(self, error: str) -> None:
        """Finishes every part that still runs; its keys keep the results they have."""
        for part in self.parts:
            part.finish(error)


def batches(slots: Sequence[int], most_keys: int) -> Iterator[Sequence[int]]:
    """Cuts slots into as many at a time as the daemon takes in one call; 0 is any number."""
    step = most_keys or max(1, len(slots))
    for first in range(0, len(slots), step):
        yield slots[first : first + step]


def split(sizes: Sequence[int], most_parts: int, least_bytes: int) -> list[list[int]]:
    """Deals positions out to at most ``most_parts`` parts of about the same number of bytes.

    Args:
        sizes: Bytes of each position.
        most_parts: At least 1.
        least_bytes: No further part is opened for less than this.

    Returns:
        The positions of each part, none of them empty.
    """
    count = max(1, min(most_parts, len(sizes), sum(sizes) // least_bytes))
    parts: list[list[int]] = [[] for _ in range(count)]
    filled = [0] * count
    for position, size in enumerate(sizes):
        emptiest = filled.index(min(filled))
        parts[emptiest].append(position)
        filled[emptiest] += size
    return [part for part in parts if part]
