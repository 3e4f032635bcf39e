"""What the workers do with a part: one function for each kind of batch.

None of them raises because of the daemon: a call that fails leaves its keys without a hit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import grpc

from ._complaints import Complaints
from ._frames import decode_get_response, encode_put_data
from ._link import Link
from ._options import Options
from ._proto import kvstore_pb2 as pb
from ._session import Session, Stream, describe
from ._stats import Stats
from ._work import Kind, Part

_STORED = (pb.PUT_STATUS_STORED, pb.PUT_STATUS_ALREADY_STORED)


class ProtocolError(Exception):
    """The daemon broke the contract."""


class Transfers:
    """Runs parts over the current session.

    Args:
        client_id: Who asks, the same for all calls of this client: its own puts in flight count as present for it.
    """

    def __init__(self, options: Options, link: Link, stats: Stats, complaints: Complaints, client_id: str):
        self._options = options
        self._link = link
        self._stats = stats
        self._complaints = complaints
        self._client_id = client_id

    def run(self, lane: int, part: Part) -> None:
        """Does what the part asks for, and finishes it.

        Args:
            lane: Which of the channels for payload.
            part: Its memory is reached only until this returns.
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
            elif kind is Kind.LOAD:
                self._load(session, lane, part)
            elif kind is Kind.STORE:
                self._store(session, lane, part)
            else:
                self._delete(session, part)
        except (grpc.RpcError, ValueError, ProtocolError, TimeoutError) as problem:
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
        for slots in _batches(part, session.hello.limits.keys):
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
        for slots in _batches(part, session.hello.limits.keys):
            request = pb.DeleteRequest(keys=[part.keys[slot] for slot in slots])
            self._take_bits(part, slots, session.delete(request, part.remaining_seconds()).deleted)

    @staticmethod
    def _take_bits(part: Part, slots: range, bits: bytes) -> None:
        if 8 * len(bits) < len(slots):
            raise ProtocolError(f"{len(bits)} bytes of bits for {len(slots)} keys")
        for at, slot in enumerate(slots):
            part.hits[slot] = bool(bits[at // 8] >> at % 8 & 1)

    @staticmethod
    def _take_lengths(part: Part, slots: range, sizes: Sequence[int]) -> None:
        if len(sizes) != len(slots):
            raise ProtocolError(f"{len(sizes)} sizes for {len(slots)} keys")
        for slot, size in zip(slots, sizes, strict=True):
            part.hits[slot] = size

    def _load(self, session: Session, lane: int, part: Part) -> None:
        for slots in _batches(part, session.hello.limits.keys):
            request = pb.GetRequest(
                keys=[part.keys[slot] for slot in slots], expected_lengths=[part.sizes[slot] for slot in slots]
            )
            call = session.get(lane, request, part.remaining_seconds())
            try:
                self._receive(part, slots, call)
            finally:
                call.cancel()

    def _receive(self, part: Part, slots: range, call: Stream[bytes]) -> None:
        filled_bytes = [0] * len(slots)
        for message in call:
            frame = decode_get_response(message)
            at = frame.key_index
            if at >= len(slots):
                raise ProtocolError(f"Get answered for key {at} of {len(slots)}")
            slot = slots[at]
            size = part.sizes[slot]
            if frame.end > frame.start:
                offset = filled_bytes[at]
                filled_bytes[at] += frame.end - frame.start
                if filled_bytes[at] > size:
                    raise ProtocolError(f"Get sent {filled_bytes[at]} bytes where {size} were asked for")
                if not part.copy_in(slot, offset, memoryview(message)[frame.start : frame.end]):
                    return
            if frame.status == pb.GET_STATUS_HIT:
                if filled_bytes[at] != size:
                    raise ProtocolError(f"Get ended after {filled_bytes[at]} of {size} bytes")
                part.hits[slot] = True
                self._stats.add("load_bytes", size)
            elif frame.status == pb.GET_STATUS_MISS:
                self._stats.add("load_miss_" + _name(pb.MissReason, frame.reason, "MISS_REASON_"))

    def _store(self, session: Session, lane: int, part: Part) -> None:
        frame_bytes = min(self._options.frame_bytes, session.hello.limits.frame_bytes or self._options.frame_bytes)
        statuses: list[int | None] = [None] * len(part.keys)
        call = session.put(lane, self._put_requests(part, statuses, frame_bytes), part.remaining_seconds())
        try:
            for response in call:
                if response.index >= len(statuses):
                    raise ProtocolError(f"Put answered for chunk {response.index} of {len(statuses)}")
                statuses[response.index] = response.status
                self._take_status(part, response)
        finally:
            call.cancel()

    def _put_requests(self, part: Part, statuses: list[int | None], frame_bytes: int) -> Iterator[bytes]:
        """The messages of one Put, pulled by a thread of gRPC.

        ``statuses`` fills while they are sent: a chunk that has one already needs no more of its data.
        """
        for slot, (key, size) in enumerate(zip(part.keys, part.sizes, strict=True)):
            begin = pb.PutBegin(key=key, length=size, client_id=self._client_id)
            yield pb.PutRequest(begin=begin).SerializeToString()
            for start in range(0, size, frame_bytes):
                if statuses[slot] is not None:
                    break
                message = part.copy_out(slot, start, min(start + frame_bytes, size), encode_put_data)
                if message is None:
                    return
                yield message

    def _take_status(self, part: Part, response: pb.PutResponse) -> None:
        if response.status in _STORED:
            part.hits[response.index] = True
            if response.status == pb.PUT_STATUS_STORED:
                self._stats.add("store_stored")
                self._stats.add("store_bytes", part.sizes[response.index])
            else:
                self._stats.add("store_already_stored")
            return
        outcome = "rejected" if response.status == pb.PUT_STATUS_REJECTED else "shed"
        reason = _name(pb.PutReason, response.reason, "PUT_REASON_")
        self._stats.add(f"store_{outcome}_{reason}")
        self._complaints.warn(
            f"store {outcome} {reason}", "the daemon %s a chunk: %s %s", outcome, reason, response.message
        )


def _batches(part: Part, most_keys: int) -> Iterator[range]:
    """The slots of a part, as many at a time as the daemon takes in one call."""
    step = most_keys or len(part.keys)
    for first in range(0, len(part.keys), step):
        yield range(first, min(first + step, len(part.keys)))


def _name(enum: type[pb.MissReason] | type[pb.PutReason], number: int, prefix: str) -> str:
    """The name of a reason as part of a counter's name; a newer daemon may have reasons that this client lacks."""
    if number not in enum.values():
        return f"reason_{number}"
    return enum.Name(number).removeprefix(prefix).lower()
