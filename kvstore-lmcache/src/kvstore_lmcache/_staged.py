"""Payload that is copied once, to or from memory that the client shares with the daemon."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ._flights import Flight
from ._options import Options
from ._outcomes import Outcomes
from ._paths import Path, Route
from ._session import Session
from ._staging import Staging, aligned
from ._stats import Stats
from ._work import Kind, Part, batches

# Calls of one worker at a time: while the bytes of one travel between memory and disk, those of another are copied.
_FLIGHTS = 2


@dataclass
class _Window:
    """Slots of a part whose bytes lie one after the other in a block of staging memory."""

    flight: Flight
    offset: int
    size_bytes: int
    offsets: list[int]


class Staged:
    """Moves slots of a part through staging memory; raises what a call raises.

    The caller's memory is reached by copies alone, so nothing delays its completion. A block of staging memory is free
    again once each of its items has its result, or the region has ended.
    """

    def __init__(self, options: Options, staging: Staging, outcomes: Outcomes, stats: Stats, client_id: str):
        self._staging = staging
        self._outcomes = outcomes
        self._stats = stats
        self._client_id = client_id
        # Loads and stores have as many workers each as there are channels; twice that leaves room for large values.
        self._window_bytes = staging.size_bytes // (2 * 2 * _FLIGHTS * options.channels)

    def move(self, session: Session, lane: int, part: Part, route: Route) -> None:
        """Stores or loads, whatever the part is for."""
        assert route.region is not None
        windows: deque[_Window] = deque()
        try:
            for slots in self._cut(part, route.slots, session.hello.limits.keys):
                if len(windows) == _FLIGHTS:
                    self._land(windows, part)
                windows.append(self._reserve(windows, part, Flight(route.region, part, slots, self._stats)))
                window = windows[-1]
                if part.operation.kind is Kind.STORE and not self._fill(window, part):
                    return
                window.flight.start(session, lane, window.offsets, self._client_id)
            while windows:
                self._land(windows, part)
        finally:
            for window in windows:
                self._release(window)

    def _cut(self, part: Part, slots: Sequence[int], most_keys: int) -> Iterator[Sequence[int]]:
        for batch in batches(slots, most_keys):
            first = size_bytes = 0
            for at, slot in enumerate(batch):
                if at > first and size_bytes + aligned(part.sizes[slot]) > self._window_bytes:
                    yield batch[first:at]
                    first, size_bytes = at, 0
                size_bytes += aligned(part.sizes[slot])
            yield batch[first:]

    def _reserve(self, windows: deque[_Window], part: Part, flight: Flight) -> _Window:
        sizes = [aligned(part.sizes[slot]) for slot in flight.slots]
        total_bytes = sum(sizes)
        offset = None
        while windows and offset is None:
            # Not waiting: two workers who each hold a block and wait for another one would wait for each other.
            offset = self._staging.blocks.take(total_bytes, deadline_seconds=0)
            if offset is None:
                self._land(windows, part)
        if offset is None:
            offset = self._staging.blocks.take(total_bytes, part.operation.deadline_seconds)
        if offset is None:
            raise TimeoutError
        offsets = [offset + sum(sizes[:at]) for at in range(len(sizes))]
        return _Window(flight, offset, total_bytes, offsets)

    def _fill(self, window: _Window, part: Part) -> bool:
        return all(
            part.copy_to(slot, self._staging.view(offset, part.sizes[slot]))
            for slot, offset in zip(window.flight.slots, window.offsets, strict=True)
        )

    def _land(self, windows: deque[_Window], part: Part) -> None:
        window = windows[0]

        def arrived(item: int) -> bool:
            slot = window.flight.slots[item]
            return part.copy_in(slot, 0, self._staging.view(window.offsets[item], part.sizes[slot]))

        window.flight.settle(Path.STAGED, self._outcomes, arrived)
        windows.popleft()
        self._release(window)

    def _release(self, window: _Window) -> None:
        window.flight.end(lambda: self._staging.blocks.give_back(window.offset, window.size_bytes))
