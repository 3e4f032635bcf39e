"""A daemon in a few lines: a real gRPC server on a real socket, with a dictionary for a disk, that can misbehave."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field

import grpc

from fake_regions import FakeRegion, FakeRegions
from kvstore_lmcache._proto import kvstore_pb2 as pb
from kvstore_lmcache._proto.kvstore_pb2_grpc import KvStoreServicer, add_KvStoreServicer_to_server

KIB = 1024
MIB = 1024 * KIB


@dataclass
class Faults:
    """What to do wrong; read at the moment it matters."""

    # Before answering a call, by the name of its method; before each frame of a Get under the name "frame", and before
    # a chunk is stored under the name "commit". An item of StoreFrom or LoadInto that has begun is held under the name
    # "item": then the daemon has the client's memory in its hands.
    delay_seconds: dict[str, float] = field(default_factory=dict)
    # As delay_seconds, until the event.
    hold: dict[str, threading.Event] = field(default_factory=dict)
    # Every Put of a chunk is answered so, right after its begin.
    shed: pb.PutReason | None = None
    # A Get breaks off with UNAVAILABLE after so many frames.
    cut_get_after_frames: int | None = None
    # A Get sends so many bytes more (or fewer) than the value has.
    extra_bytes: int = 0
    # Hello names this version whatever was asked for.
    wire_version: int = 1
    # Get answers for a key that was not asked for.
    stray_index: bool = False
    # Lookup's bitmap is empty.
    short_bitmap: bool = False
    # StoreFrom and LoadInto end without the result of the last item.
    lost_result: bool = False


class FakeDaemon(KvStoreServicer):
    """What proto/kvstore/v1/kvstore.proto promises. What it holds survives :meth:`kill` and :meth:`start`.

    Args:
        target: ``unix:/path`` or ``127.0.0.1:port``; port 0 takes any, and keeps it over a restart.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.values: dict[bytes, bytes] = {}
        self.faults = Faults()
        self.limits = pb.Limits(
            key_bytes=1024, value_bytes=1 << 30, keys=64, frame_bytes=512 * KIB, lease_millis=60_000
        )
        self.epoch = 0
        self.hellos: list[pb.HelloRequest] = []
        self.lookups: list[pb.LookupRequest] = []
        self.gets: list[pb.GetRequest] = []
        self.begins: list[pb.PutBegin] = []
        self.store_froms: list[pb.StoreFromRequest] = []
        self.load_intos: list[pb.LoadIntoRequest] = []
        # Items that are in the client's memory now, and the most that ever were.
        self.items_under_way = 0
        self.most_items_under_way = 0
        self.data_bytes = 0
        self.longest_frame_bytes = 0
        # Ends every delay.
        self._killed = threading.Event()
        self._in_flight: dict[bytes, str] = {}
        self._lock = threading.Lock()
        self._server: grpc.Server | None = None
        is_local = target.startswith("unix:")
        self.regions = FakeRegions(target.removeprefix("unix:") + ".regions") if is_local else None

    def start(self) -> None:
        self.epoch += 1
        self._killed = threading.Event()
        self._server = grpc.server(
            futures.ThreadPoolExecutor(32),
            options=[("grpc.max_receive_message_length", 20 * MIB), ("grpc.so_reuseport", 0)],
        )
        add_KvStoreServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        port = self._server.add_insecure_port(self.target)
        if self.target.endswith(":0"):
            self.target = self.target.removesuffix("0") + str(port)
        if self.regions is not None:
            self.regions.start()
        self._server.start()

    def kill(self) -> None:
        self._killed.set()
        if self._server is not None:
            self._server.stop(grace=None).wait(10)
            self._server = None
            self._in_flight.clear()
        if self.regions is not None:
            self.regions.stop()

    def Hello(self, request: pb.HelloRequest, context: grpc.ServicerContext) -> pb.HelloResponse:  # noqa: N802
        self._delay("Hello")
        self.hellos.append(request)
        return pb.HelloResponse(
            wire_version=self.faults.wire_version,
            server_version="fake",
            node="n1",
            pool="p1",
            epoch=self.epoch,
            limits=self.limits,
            io_path="odirect",
            region_socket=self.regions.path if self.regions is not None else "",
        )

    def Lookup(self, request: pb.LookupRequest, context: grpc.ServicerContext) -> pb.LookupResponse:  # noqa: N802
        self._delay("Lookup")
        self.lookups.append(request)
        self._check_keys(list(request.keys), context)
        sizes = [len(self.values.get(key, b"")) for key in request.keys]
        found = [
            size > 0 or (request.client_id != "" and self._in_flight.get(key) == request.client_id)
            for size, key in zip(sizes, request.keys, strict=True)
        ]
        leading = found.index(False) if False in found else len(found)
        if self.faults.short_bitmap:
            return pb.LookupResponse()
        return pb.LookupResponse(found=_bits(found), sizes=sizes, leading_hits=leading, lease_id=1, lease_millis=1000)

    def Put(  # noqa: N802
        self, requests: Iterator[pb.PutRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.PutResponse]:
        self._delay("Put")
        index = -1
        begin: pb.PutBegin | None = None
        received = bytearray()
        for request in requests:
            if request.HasField("begin"):
                if begin is not None:
                    yield self._reject(index, begin, pb.PUT_REASON_TRUNCATED)
                index += 1
                begin, received = request.begin, bytearray()
                self.begins.append(begin)
                early = self._begin(index, begin)
                if early is not None:
                    yield early
                    begin = None
            if request.data:
                self.data_bytes += len(request.data)
                self.longest_frame_bytes = max(self.longest_frame_bytes, len(request.data))
                if index < 0 or len(request.data) > self.limits.frame_bytes:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "data")
                if begin is None:
                    continue
                received += request.data
                if len(received) > begin.length:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "data: more than begin.length")
            if begin is not None and len(received) == begin.length:
                yield self._commit(index, begin, bytes(received))
                begin = None
        if begin is not None:
            yield self._reject(index, begin, pb.PUT_REASON_TRUNCATED)

    def Get(self, request: pb.GetRequest, context: grpc.ServicerContext) -> Iterator[pb.GetResponse]:  # noqa: N802
        self._delay("Get")
        self.gets.append(request)
        self._check_keys(list(request.keys), context)
        frames = 0
        for index, key in enumerate(request.keys):
            value = self.values.get(key)
            if value is None:
                yield pb.GetResponse(index=index, status=pb.GET_STATUS_MISS, reason=pb.MISS_REASON_ABSENT)
                continue
            expected = request.expected_lengths[index] if request.expected_lengths else 0
            if expected not in (0, len(value)):
                yield pb.GetResponse(index=index, status=pb.GET_STATUS_MISS, reason=pb.MISS_REASON_OTHER_LENGTH)
                continue
            value = value[: len(value) + self.faults.extra_bytes] + bytes(max(0, self.faults.extra_bytes))
            for start in range(0, len(value), self.limits.frame_bytes):
                self._delay("frame")
                if frames == self.faults.cut_get_after_frames:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "going away")
                frames += 1
                data = value[start : start + self.limits.frame_bytes]
                yield pb.GetResponse(
                    index=index + 1000 if self.faults.stray_index else index,
                    length=len(value) if start == 0 else 0,
                    data=data,
                    status=pb.GET_STATUS_HIT if start + len(data) == len(value) else pb.GET_STATUS_UNSPECIFIED,
                )

    def RegisterRegion(  # noqa: N802
        self, request: pb.RegisterRegionRequest, context: grpc.ServicerContext
    ) -> pb.RegisterRegionResponse:
        region = self.regions.register(request.ticket) if self.regions is not None else None
        if region is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "ticket")
        elif region.size_bytes != request.size_bytes:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "size_bytes")
        return pb.RegisterRegionResponse(region_id=region.region_id if region is not None else 0)

    def StoreFrom(  # noqa: N802
        self, request: pb.StoreFromRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.StoreResult]:
        self.store_froms.append(request)
        self._delay("StoreFrom")
        region = self._region(request.region_id, list(request.items), context)
        deadline = time.monotonic() + (request.timeout_millis or 1 << 31) / 1000
        for index, item in enumerate(request.items):
            if self.faults.lost_result and index == len(request.items) - 1:
                return
            begin = pb.PutBegin(key=item.key, length=item.length, client_id=request.client_id)
            self.begins.append(begin)
            with self._item(region, deadline) as denied:
                if denied is not None:
                    yield pb.StoreResult(index=index, status=pb.PUT_STATUS_SHED, reason=denied[0])
                    continue
                done = self._begin(index, begin)
                if done is None:
                    value = region.read(item.offset, item.length)
                    self._stuck("item")
                    # Read again at the end, as a slow disk does: what changed meanwhile would be stored wrongly.
                    if region.read(item.offset, item.length) != value:
                        value = b"torn"
                    done = self._commit(index, begin, value)
            yield pb.StoreResult(index=index, status=done.status, reason=done.reason, message=done.message)

    def LoadInto(  # noqa: N802
        self, request: pb.LoadIntoRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.LoadResult]:
        self.load_intos.append(request)
        self._delay("LoadInto")
        region = self._region(request.region_id, list(request.items), context)
        deadline = time.monotonic() + (request.timeout_millis or 1 << 31) / 1000
        for index, item in enumerate(request.items):
            if self.faults.lost_result and index == len(request.items) - 1:
                return
            with self._item(region, deadline) as denied:
                if denied is not None:
                    yield pb.LoadResult(index=index, status=pb.GET_STATUS_MISS, reason=denied[1])
                    continue
                value = self.values.get(item.key)
                if value is None or len(value) != item.length:
                    reason = pb.MISS_REASON_ABSENT if value is None else pb.MISS_REASON_OTHER_LENGTH
                    yield pb.LoadResult(index=index, status=pb.GET_STATUS_MISS, reason=reason)
                    continue
                half = item.length // 2
                region.write(item.offset, value[:half])
                self._stuck("item")
                region.write(item.offset + half, value[half:])
            yield pb.LoadResult(index=index + 1000 if self.faults.stray_index else index, status=pb.GET_STATUS_HIT)

    def _region(self, region_id: int, items: list[pb.RegionItem], context: grpc.ServicerContext) -> FakeRegion:
        self._check_keys([item.key for item in items], context)
        region = self.regions.by_id.get(region_id) if self.regions is not None else None
        if region is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "region_id")
        assert region is not None
        for item in items:
            if item.length == 0 or item.offset + item.length > region.size_bytes:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "items")
        return region

    @contextlib.contextmanager
    def _item(self, region: FakeRegion, deadline_seconds: float) -> Iterator[tuple[pb.PutReason, pb.MissReason] | None]:
        """Keeps the region from ending meanwhile; gives the reasons why not to begin."""
        with region.use() as begun:
            if not begun:
                yield pb.PUT_REASON_REGION_GONE, pb.MISS_REASON_REGION_GONE
            elif time.monotonic() > deadline_seconds:
                yield pb.PUT_REASON_DEADLINE, pb.MISS_REASON_DEADLINE
            else:
                with self._lock:
                    self.items_under_way += 1
                    self.most_items_under_way = max(self.items_under_way, self.most_items_under_way)
                try:
                    yield None
                finally:
                    with self._lock:
                        self.items_under_way -= 1

    def _stuck(self, name: str) -> None:
        """As :meth:`_delay`, and a killed daemon lets go."""
        event = self.faults.hold.get(name)
        while event is not None and not event.wait(0.01) and not self._killed.is_set():
            pass
        if event is None:
            self._delay(name)

    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> pb.DeleteResponse:  # noqa: N802
        self._delay("Delete")
        self._check_keys(list(request.keys), context)
        return pb.DeleteResponse(deleted=_bits([self.values.pop(key, None) is not None for key in request.keys]))

    def _delay(self, name: str) -> None:
        delay_seconds = self.faults.delay_seconds.get(name, 0)
        if delay_seconds:
            self._killed.wait(delay_seconds)
        event = self.faults.hold.get(name)
        if event is not None:
            event.wait(60)

    def _check_keys(self, keys: list[bytes], context: grpc.ServicerContext) -> None:
        if len(keys) > self.limits.keys:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"keys: {len(keys)}, at most {self.limits.keys}")
        if not keys or any(not 0 < len(key) <= self.limits.key_bytes for key in keys):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "keys")

    def _begin(self, index: int, begin: pb.PutBegin) -> pb.PutResponse | None:
        if self.faults.shed is not None:
            return pb.PutResponse(index=index, status=pb.PUT_STATUS_SHED, reason=self.faults.shed)
        if not 0 < len(begin.key) <= self.limits.key_bytes:
            return self._reject(index, begin, pb.PUT_REASON_BAD_KEY)
        if not 0 < begin.length <= self.limits.value_bytes:
            return self._reject(index, begin, pb.PUT_REASON_BAD_LENGTH)
        with self._lock:
            if len(self.values.get(begin.key, b"")) == begin.length:
                return pb.PutResponse(index=index, status=pb.PUT_STATUS_ALREADY_STORED)
            self._in_flight[begin.key] = begin.client_id
        return None

    def _commit(self, index: int, begin: pb.PutBegin, value: bytes) -> pb.PutResponse:
        self._delay("commit")
        with self._lock:
            self._in_flight.pop(begin.key, None)
            if len(self.values.get(begin.key, b"")) == begin.length:
                return pb.PutResponse(index=index, status=pb.PUT_STATUS_ALREADY_STORED)
            self.values[begin.key] = value
        return pb.PutResponse(index=index, status=pb.PUT_STATUS_STORED)

    def _reject(self, index: int, begin: pb.PutBegin, reason: pb.PutReason) -> pb.PutResponse:
        self._in_flight.pop(begin.key, None)
        return pb.PutResponse(index=index, status=pb.PUT_STATUS_REJECTED, reason=reason)


def _bits(flags: list[bool]) -> bytes:
    packed = bytearray((len(flags) + 7) // 8)
    for at, flag in enumerate(flags):
        packed[at // 8] |= flag << at % 8
    return bytes(packed)
