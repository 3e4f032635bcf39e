"""Payload that the daemon reads from, and writes to, the caller's own memory."""

from __future__ import annotations

from ._flights import Flight
from ._outcomes import Outcomes
from ._paths import Path, Route
from ._session import Session
from ._stats import Stats
from ._work import Part, batches


class InPlace:
    """Moves slots of a part without a copy; raises what the call raises.

    The part is lent from before the call until each item has its result, or until the region has ended: neither a
    timeout nor ``close()`` completes it sooner.
    """

    def __init__(self, outcomes: Outcomes, stats: Stats, client_id: str):
        self._outcomes = outcomes
        self._stats = stats
        self._client_id = client_id

    def move(self, session: Session, lane: int, part: Part, route: Route) -> None:
        """Stores or loads, whatever the part is for."""
        assert route.region is not None
        for batch in batches(range(len(route.slots)), session.hello.limits.keys):
            if not part.lend():
                return
            flight = Flight(route.region, part, [route.slots[at] for at in batch], self._stats)
            try:
                flight.start(session, lane, [route.offsets[at] for at in batch], self._client_id)
                flight.settle(Path.IN_PLACE, self._outcomes, arrived=lambda _: True)
            finally:
                flight.end(part.give_back)
