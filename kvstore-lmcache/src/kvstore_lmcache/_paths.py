"""Which way each chunk's bytes go between the caller's memory and the daemon.

- In place: the memory is a file in memory (LMCache's L1 with ``--shm-name``) or on a GPU (:mod:`._gpu_memory`) that the
  daemon maps too, and reads and writes by itself. No copy.
- Staged: one copy to or from memory of this client that the daemon shares.
- Stream: in messages. The only way to a daemon elsewhere.

The first that is possible is taken.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from ._complaints import Complaints
from ._options import Options
from ._placed import Placed
from ._region import Region
from ._session import Session
from ._staging import Staging, aligned
from ._stats import Stats
from ._work import Part

logger = logging.getLogger("kvstore_lmcache")


class Path(enum.Enum):
    """A way, by its name in the options and the counters."""

    IN_PLACE = "in_place"
    STAGED = "staged"
    STREAM = "stream"


_DESCRIPTIONS = {
    Path.IN_PLACE: "in place: the daemon reads and writes %s of this process by itself",
    Path.STAGED: "staged: through %s, with one copy",
    Path.STREAM: "stream: in messages%s",
}


@dataclass
class Route:
    """Slots of a part that go the same way.

    Attributes:
        path: Which way.
        slots: Positions in the part.
        region: Through which region, unless they stream.
        offsets: Where in the region each slot lies, if in place.
    """

    path: Path
    region: Region | None = None
    slots: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)


class Paths:
    """Chooses."""

    def __init__(self, options: Options, staging: Staging, stats: Stats, complaints: Complaints):
        self._wish = options.payload_path
        self._handshake_seconds = options.connect_timeout_millis / 1000
        self._staging = staging
        self._stats = stats
        self._complaints = complaints

    def routes(self, session: Session, part: Part) -> list[Route]:
        """Deals the slots of a part out. One that a forced way cannot take is in none."""
        if part.placed:
            routes = self._placed(session, part, part.placed)
            for route in routes:
                self._announce(session, route)
            return routes
        slots: Sequence[int] = range(len(part.keys))
        routes = []
        addresses = part.addresses()
        if addresses is None:
            return []
        if self._may_go(Path.IN_PLACE) and session.regions.is_possible:
            in_place = self._in_place(session, part, addresses)
            routes += in_place
            taken = {slot for route in in_place for slot in route.slots}
            slots = [slot for slot in slots if slot not in taken]
        if self._may_go(Path.STAGED) and session.regions.is_possible:
            fitting = [slot for slot in slots if aligned(part.sizes[slot]) <= self._staging.size_bytes]
            region = session.regions.find(self._staging, self._limit_seconds(part)) if fitting else None
            if region is not None:
                routes.append(Route(Path.STAGED, region, fitting))
                slots = [slot for slot in slots if slot not in set(fitting)]
        if self._may_go(Path.STREAM) and slots:
            routes.append(Route(Path.STREAM, None, list(slots)))
            slots = []
        if slots:
            self._impossible(part, len(slots))
        for route in routes:
            self._announce(session, route)
        return routes

    def _may_go(self, path: Path) -> bool:
        return self._wish in ("auto", path.value)

    def _placed(self, session: Session, part: Part, placed: Sequence[Placed]) -> list[Route]:
        region = session.regions.find(placed[0].memory, self._limit_seconds(part))
        if region is None:
            self._stats.add("path_impossible_chunks", len(placed))
            return []
        return [Route(Path.IN_PLACE, region, list(range(len(placed))), [view.offset for view in placed])]

    def _in_place(self, session: Session, part: Part, addresses: list[int]) -> list[Route]:
        mappings = session.regions.mappings()
        routes: dict[int, Route] = {}
        for slot, address in enumerate(addresses):
            found = mappings.find(address, part.sizes[slot])
            if found is None:
                continue
            file, offset = found
            region = session.regions.find(file, self._limit_seconds(part))
            if region is not None:
                route = routes.setdefault(region.region_id, Route(Path.IN_PLACE, region))
                route.slots.append(slot)
                route.offsets.append(offset)
        return list(routes.values())

    def _limit_seconds(self, part: Part) -> float:
        return max(0.001, min(part.remaining_seconds(), self._handshake_seconds))

    def _impossible(self, part: Part, count: int) -> None:
        self._stats.add("path_impossible_chunks", count)
        self._complaints.warn(
            "path impossible",
            "a %s of %d chunks cannot go the way that payload_path=%s forces, and goes no other: "
            "in_place needs memory of /dev/shm or a memfd, in_place and staged need a target unix:/path whose daemon "
            "shares memory, staged needs chunks of at most staging_bytes=%d",
            part.operation.kind.value,
            count,
            self._wish,
            self._staging.size_bytes,
        )

    def _announce(self, session: Session, route: Route) -> None:
        if not session.takes_first(route.path.value):
            return
        if route.region is not None:
            detail = route.region.name
        else:
            detail = "" if session.regions.is_possible else ", because the daemon shares no memory with this process"
        logger.info("payload path " + _DESCRIPTIONS[route.path], detail)
