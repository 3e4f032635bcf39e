"""Payload in messages: Put and Get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ._frames import decode_get_response, encode_put_data
from ._options import Options
from ._outcomes import Outcomes, ProtocolError
from ._paths import Path
from ._proto import kvstore_pb2 as pb
from ._session import Session, Stream
from ._work import Part, batches


class Streams:
    """Moves slots of a part in one or few calls; raises what the call raises."""

    def __init__(self, options: Options, outcomes: Outcomes, client_id: str):
        self._frame_bytes = options.frame_bytes
        self._outcomes = outcomes
        self._client_id = client_id

    def load(self, session: Session, lane: int, part: Part, slots: Sequence[int]) -> None:
        """Gets chunks."""
        for batch in batches(slots, session.hello.limits.keys):
            request = pb.GetRequest(
                keys=[part.keys[slot] for slot in batch], expected_lengths=[part.sizes[slot] for slot in batch]
            )
            call = session.get(lane, request, part.remaining_seconds())
            try:
                self._receive(part, batch, call)
            finally:
                call.cancel()

    def _receive(self, part: Part, slots: Sequence[int], call: Stream[bytes]) -> None:
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
                self._outcomes.loaded(Path.STREAM, part, slot)
            elif frame.status == pb.GET_STATUS_MISS:
                self._outcomes.missed(frame.reason)

    def store(self, session: Session, lane: int, part: Part, slots: Sequence[int]) -> None:
        """Puts chunks, all in one call."""
        frame_bytes = min(self._frame_bytes, session.hello.limits.frame_bytes or self._frame_bytes)
        answered = [False] * len(slots)
        call = session.put(lane, self._put_requests(part, slots, answered, frame_bytes), part.remaining_seconds())
        try:
            for response in call:
                if response.index >= len(slots):
                    raise ProtocolError(f"Put answered for chunk {response.index} of {len(slots)}")
                answered[response.index] = True
                self._outcomes.stored(Path.STREAM, part, slots[response.index], response)
        finally:
            call.cancel()

    def _put_requests(
        self, part: Part, slots: Sequence[int], answered: Sequence[bool], frame_bytes: int
    ) -> Iterator[bytes]:
        """The messages of one Put, pulled by a thread of gRPC.

        ``answered`` fills while they are sent: a chunk that has its status already needs no more of its data.
        """
        for at, slot in enumerate(slots):
            size = part.sizes[slot]
            begin = pb.PutBegin(key=part.keys[slot], length=size, client_id=self._client_id)
            yield pb.PutRequest(begin=begin).SerializeToString()
            for start in range(0, size, frame_bytes):
                if answered[at]:
                    break
                message = part.copy_out(slot, start, min(start + frame_bytes, size), encode_put_data)
                if message is None:
                    return
                yield message
