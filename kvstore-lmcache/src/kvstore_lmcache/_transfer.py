"""What the workers do with a part: one function for each kind of batch.

None of them raises because of the daemon: a call that fails leaves its keys without a hit.
"""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from ._complaints import Complaints
from ._in_place import InPlace
from ._link import Link
from ._options import Options
from ._outcomes import Outcomes, ProtocolError
from ._paths import Path, Paths
from ._proto import kvstore_pb2 as pb
from ._session import Session, describe
from ._staged import Staged
from ._staging import Staging
from ._stats import Stats
from ._streams import Streams
from ._work import Kind, Part, batches


class Transfers:
    """Runs parts over the current session.

    Args:
        staging: The client's memory for chunks that are not in shared memory.
        client_id: Who asks, the same for all calls of this client: its own puts in flight count as present for it.
    """

    def __init__(
        self, options: Options, link: Link, staging: Staging, stats: Stats, complaints: Complaints, client_id: str
    ):
        outcomes = Outcomes(stats, complaints)
        self._paths = Paths(options, staging, stats, complaints)
        self._in_place = InPlace(outcomes, stats, client_id)
        self._staged = Staged(options, staging, outcomes, stats, client_id)
        self._streams = Streams(options, outcomes, client_id)
        self._options = options
        self._link = link
        self._stats = stats
        self._complaints = complaints
        self._client_id = client_id

    def run(self, lane: int, part: Part) -> None:
        """Does what the part asks for, and finishes it.

        Args:
            lane: Which of the channels for payload.
            part: Its memory is reached only until this returns, or, where the daemon does that, until it is given back.
        """
        kind = part.operation.kind
        error = ""
        session = self._link.acquire(part.operation.deadline_seconds)
        if session is None:
            self.refuse(part)
            return
        try:
            # A deadline in the past would still be sent as a call.
            if part.remaining_seconds() <= 0:
                raise TimeoutError
            if kind in (Kind.LOOKUP, Kind.LENGTHS):
                self._lookup(session, part)
            elif kind is Kind.DELETE:
                self._delete(session, part)
            else:
                self._move(session, lane, part)
        except (grpc.RpcError, ValueError, ProtocolError, OSError) as problem:
            error = self._failed(session, kind, problem)
        finally:
            session.leave()
            part.finish(error)

    def refuse(self, part: Part) -> None:
        """Finishes a part for which there is no daemon."""
        if part.operation.kind is Kind.STORE:
            self._stats.add("store_dropped_disconnected", len(part.keys))
        part.finish("no kvstore daemon")

    def _failed(self, session: Session, kind: Kind, problem: Exception) -> str:
        self._stats.add(f"{kind.value}_failed_calls")
        code = problem.code() if isinstance(problem, grpc.Call) else None
        if isinstance(problem, TimeoutError) or code is grpc.StatusCode.DEADLINE_EXCEEDED:
            self._stats.add("timeouts")
            self._complaints.warn(f"{kind.value} timeout", "a %s took longer than its timeout", kind.value)
            self._link.suspect(session)
            return "timed out"
        if code is grpc.StatusCode.UNAVAILABLE:
            self._link.lost(session)
        elif isinstance(problem, ProtocolError):
            self._stats.add("protocol_errors")
        if code is not grpc.StatusCode.CANCELLED:  # by close()
            self._complaints.warn(f"{kind.value} failed", "a %s failed: %s", kind.value, describe(problem))
        return describe(problem)

    def _lookup(self, session: Session, part: Part) -> None:
        for slots in batches(range(len(part.keys)), session.hello.limits.keys):
            request = pb.LookupRequest(
                keys=[part.keys[slot] for slot in slots],
                lease_millis=self._options.lease_millis,
                client_id=self._client_id,
            )
            response = session.lookup(request, part.remaining_seconds())
            if part.operation.kind is Kind.LENGTHS:
                self._take_lengths(part, slots, response.sizes)
            else:
                self._take_bits(part, slots, response.found)

    def _delete(self, session: Session, part: Part) -> None:
        for slots in batches(range(len(part.keys)), session.hello.limits.keys):
            request = pb.DeleteRequest(keys=[part.keys[slot] for slot in slots])
            self._take_bits(part, slots, session.delete(request, part.remaining_seconds()).deleted)

    @staticmethod
    def _take_bits(part: Part, slots: Sequence[int], bits: bytes) -> None:
        if 8 * len(bits) < len(slots):
            raise ProtocolError(f"{len(bits)} bytes of bits for {len(slots)} keys")
        for at, slot in enumerate(slots):
            part.hits[slot] = bool(bits[at // 8] >> at % 8 & 1)

    @staticmethod
    def _take_lengths(part: Part, slots: Sequence[int], sizes: Sequence[int]) -> None:
        if len(sizes) != len(slots):
            raise ProtocolError(f"{len(sizes)} sizes for {len(slots)} keys")
        for slot, size in zip(slots, sizes, strict=True):
            part.hits[slot] = size

    def _move(self, session: Session, lane: int, part: Part) -> None:
        for route in self._paths.routes(session, part):
            if route.path is Path.IN_PLACE:
                self._in_place.move(session, lane, part, route)
            elif route.path is Path.STAGED:
                self._staged.move(session, lane, part, route)
            elif part.operation.kind is Kind.LOAD:
                self._streams.load(session, lane, part, route.slots)
            else:
                self._streams.store(session, lane, part, route.slots)
