"""StoreFrom and LoadInto, and when the memory that they name may be used for something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ._outcomes import Outcomes, ProtocolError
from ._paths import Path
from ._proto import kvstore_pb2 as pb
from ._region import Region
from ._session import Session, Stream
from ._stats import Stats
from ._work import Kind, Part

# What the daemon has begun it also ends after the timeout. This much later its call is given up: the gap spares the
# caller a fence, and everyone else who uses the region the loss of it.
GRACE_SECONDS = 1.0


class Flight:
    """One call. Whoever makes one calls :meth:`end`, whatever happens in between.

    Args:
        region: Where the items lie.
        part: Whose items they are.
        slots: Which of its slots.
    """

    def __init__(self, region: Region, part: Part, slots: Sequence[int], stats: Stats):
        self.slots = slots
        self._region = region
        self._part = part
        self._stats = stats
        self._call: Stream[pb.StoreResult] | Stream[pb.LoadResult] | None = None
        # Items that the daemon may be working on.
        self._open: set[int] = set()

    def start(self, session: Session, lane: int, offsets: Sequence[int], client_id: str) -> None:
        """Sends the call; raises as :meth:`Session.lookup`, and TimeoutError if it is too late for it."""
        part = self._part
        remaining_seconds = part.remaining_seconds()
        if remaining_seconds <= 0:
            raise TimeoutError
        items = [
            pb.RegionItem(key=part.keys[slot], offset=offset, length=part.sizes[slot])
            for slot, offset in zip(self.slots, offsets, strict=True)
        ]
        timeout_millis = max(1, int(remaining_seconds * 1000))
        limit_seconds = remaining_seconds + GRACE_SECONDS
        region_id = self._region.region_id
        self._open = set(range(len(items)))
        if part.operation.kind is Kind.STORE:
            store = pb.StoreFromRequest(
                region_id=region_id, items=items, client_id=client_id, timeout_millis=timeout_millis
            )
            self._call = session.store_from(lane, store, limit_seconds)
        else:
            load = pb.LoadIntoRequest(region_id=region_id, items=items, timeout_millis=timeout_millis)
            self._call = session.load_into(lane, load, limit_seconds)

    def settle(self, path: Path, outcomes: Outcomes, arrived: Callable[[int], bool]) -> None:
        """Takes the results until the call ends; raises what the call raises, and ProtocolError for wrong results.

        Args:
            path: For the counters.
            outcomes: Gets the results.
            arrived: Told which item (not slot) is in the region; returns whether it is where it was wanted.
        """
        for result in self._results():
            slot = self.slots[result.index]
            if isinstance(result, pb.StoreResult):
                outcomes.stored(path, self._part, slot, result)
            elif result.status == pb.GET_STATUS_MISS:
                outcomes.missed(result.reason)
            elif result.status != pb.GET_STATUS_HIT:
                raise ProtocolError(f"LoadInto answered with status {result.status}")
            elif arrived(result.index):
                outcomes.loaded(path, self._part, slot)

    def end(self, then: Callable[[], None]) -> None:
        """Calls ``then`` as soon as the daemon cannot reach the items any more: now, if each has its result."""
        if not self._open:
            then()
            return
        if self._call is not None:
            self._call.cancel()
        self._stats.add("regions_fenced")
        self._region.give_up(then)

    def _results(self) -> Iterator[pb.StoreResult | pb.LoadResult]:
        assert self._call is not None
        for result in self._call:
            if result.index not in self._open:
                raise ProtocolError(f"a result for item {result.index} of {len(self.slots)}, or a second one for it")
            self._open.discard(result.index)
            yield result
        if self._open:
            raise ProtocolError(f"no result for {len(self._open)} of {len(self.slots)} items")
