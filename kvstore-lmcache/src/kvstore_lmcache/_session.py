"""The connections to one life of the daemon."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import grpc

from ._channels import open_channel
from ._complaints import Complaints
from ._errors import ConnectError
from ._options import Options
from ._proto import kvstore_pb2 as pb
from ._regions import Regions
from ._stats import Stats
from ._version import VERSION

WIRE_VERSION = 1
CLIENT_NAME = f"kvstore-lmcache {VERSION} (Python {platform.python_version()}, grpcio {grpc.__version__})"

_SERVICE = "/kvstore.v1.KvStore/"

_Message = TypeVar("_Message", covariant=True)


class Stream(Protocol[_Message]):
    """What comes back on a streaming call."""

    def __iter__(self) -> Iterator[_Message]:
        """The messages; raises grpc.RpcError where the call ends with a status that is not OK."""
        ...

    def cancel(self) -> Any:
        """Ends the call from this side."""
        ...


class Session:
    """One connection for lookups and several for payload, all to the same target.

    A session whose daemon has gone is thrown away with its channels, and so is gRPC's own waiting time before it would
    connect again. Making one raises :class:`ConnectError` where a file for TLS cannot be read.

    Attributes:
        hello: The daemon's answer; empty until :meth:`say_hello` has returned.
        regions: Memory that the daemon shares.
    """

    def __init__(self, options: Options, stats: Stats, complaints: Complaints):
        self.hello = pb.HelloResponse()
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False
        self._closed = False
        self._paths_taken: set[str] = set()
        # The region socket of a daemon elsewhere has a name here too, or even a namesake.
        local = options.target.startswith("unix:")
        self.regions = Regions(
            lambda: self.hello.region_socket if local else "", self._register_region, stats, complaints
        )
        self._control = open_channel(options)
        self._data = [open_channel(options) for _ in range(options.channels)]
        self._hello = self._control.unary_unary(
            _SERVICE + "Hello", pb.HelloRequest.SerializeToString, pb.HelloResponse.FromString
        )
        self._lookup = self._control.unary_unary(
            _SERVICE + "Lookup", pb.LookupRequest.SerializeToString, pb.LookupResponse.FromString
        )
        self._delete = self._control.unary_unary(
            _SERVICE + "Delete", pb.DeleteRequest.SerializeToString, pb.DeleteResponse.FromString
        )
        self._register = self._control.unary_unary(
            _SERVICE + "RegisterRegion",
            pb.RegisterRegionRequest.SerializeToString,
            pb.RegisterRegionResponse.FromString,
        )
        self._puts: list[Callable[..., Stream[pb.PutResponse]]] = [
            channel.stream_stream(_SERVICE + "Put", None, pb.PutResponse.FromString) for channel in self._data
        ]
        self._gets: list[Callable[..., Stream[bytes]]] = [
            channel.unary_stream(_SERVICE + "Get", pb.GetRequest.SerializeToString, None) for channel in self._data
        ]
        self._stores: list[Callable[..., Stream[pb.StoreResult]]] = [
            channel.unary_stream(
                _SERVICE + "StoreFrom", pb.StoreFromRequest.SerializeToString, pb.StoreResult.FromString
            )
            for channel in self._data
        ]
        self._loads: list[Callable[..., Stream[pb.LoadResult]]] = [
            channel.unary_stream(_SERVICE + "LoadInto", pb.LoadIntoRequest.SerializeToString, pb.LoadResult.FromString)
            for channel in self._data
        ]

    def say_hello(self, timeout_seconds: float) -> None:
        """Connects, if need be, and learns who answers.

        Raises:
            ConnectError: Nobody answers, or nobody that this client can talk to.
        """
        request = pb.HelloRequest(client_name=CLIENT_NAME, wire_versions=[WIRE_VERSION])
        try:
            hello = self._hello(request, timeout=timeout_seconds)
        except (grpc.RpcError, ValueError) as error:
            raise ConnectError(describe(error)) from error
        if hello.wire_version != WIRE_VERSION:
            raise ConnectError(
                f"the daemon {hello.server_version} chose wire version {hello.wire_version}, "
                f"this client speaks {WIRE_VERSION}"
            )
        self.hello = hello

    def check_hashes(self, checks: Sequence[pb.HashCheck], timeout_seconds: float) -> Sequence[pb.HashCheckResult]:
        """Calls Hello with known answers; raises as :meth:`lookup`."""
        request = pb.HelloRequest(client_name=CLIENT_NAME, wire_versions=[WIRE_VERSION], hash_checks=checks)
        return self._hello(request, timeout=timeout_seconds).hash_checks

    def lookup(self, request: pb.LookupRequest, timeout_seconds: float) -> pb.LookupResponse:
        """Calls Lookup; raises grpc.RpcError, or ValueError if the session is closed."""
        return self._lookup(request, timeout=timeout_seconds)

    def delete(self, request: pb.DeleteRequest, timeout_seconds: float) -> pb.DeleteResponse:
        """Calls Delete; raises as :meth:`lookup`."""
        return self._delete(request, timeout=timeout_seconds)

    def put(self, lane: int, requests: Iterator[bytes], timeout_seconds: float) -> Stream[pb.PutResponse]:
        """Starts a Put with encoded requests on one of the channels for payload; raises as :meth:`lookup`."""
        return self._puts[lane % len(self._puts)](requests, timeout=timeout_seconds)

    def get(self, lane: int, request: pb.GetRequest, timeout_seconds: float) -> Stream[bytes]:
        """Starts a Get on one of the channels for payload, with responses left encoded; raises as :meth:`lookup`."""
        return self._gets[lane % len(self._gets)](request, timeout=timeout_seconds)

    def store_from(self, lane: int, request: pb.StoreFromRequest, timeout_seconds: float) -> Stream[pb.StoreResult]:
        """Starts a StoreFrom on one of the channels for payload; raises as :meth:`lookup`."""
        return self._stores[lane % len(self._stores)](request, timeout=timeout_seconds)

    def load_into(self, lane: int, request: pb.LoadIntoRequest, timeout_seconds: float) -> Stream[pb.LoadResult]:
        """Starts a LoadInto on one of the channels for payload; raises as :meth:`lookup`."""
        return self._loads[lane % len(self._loads)](request, timeout=timeout_seconds)

    def takes_first(self, path: str) -> bool:
        """Whether this is the first time in this session that payload takes this path."""
        with self._lock:
            first = path not in self._paths_taken
            self._paths_taken.add(path)
            return first

    def enter(self) -> None:
        """Counts a user, who keeps the channels and regions open until :meth:`leave`."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Ends what :meth:`enter` began."""
        with self._lock:
            self._users -= 1
            last = (self._retired or self._closed) and self._users == 0
        if last:
            self._release()

    def retire(self) -> None:
        """Closes everything as soon as nobody uses it. Calls under way end by themselves."""
        with self._lock:
            self._retired = True
            unused = self._users == 0
        if unused:
            self._release()

    def close(self) -> None:
        """Closes the channels now; every call under way fails. May be called again."""
        with self._lock:
            self._closed = True
            unused = self._users == 0
        self._close_channels()
        if unused:
            self.regions.close()

    def _release(self) -> None:
        self._close_channels()
        # Only now: who has a call under way in a region needs its socket to see the call's end.
        self.regions.close()

    def _close_channels(self) -> None:
        for channel in (self._control, *self._data):
            channel.close()

    def _register_region(self, request: pb.RegisterRegionRequest, timeout_seconds: float) -> pb.RegisterRegionResponse:
        return self._register(request, timeout=timeout_seconds)


def describe(error: Exception) -> str:
    """One line on why a call failed."""
    if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
        return f"{error.code().name}: {error.details()}"
    return str(error)
