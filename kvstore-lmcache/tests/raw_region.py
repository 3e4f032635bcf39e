"""A region by hand: what a client can do to the daemon that KvStoreClient never would."""

from __future__ import annotations

import mmap
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import grpc

from kvstore_lmcache._proto import kvstore_pb2 as pb
from kvstore_lmcache._proto import kvstore_pb2_grpc as stubs

_ANSWER_SECONDS = 60.0
_TICKET_BYTES = 16


class CancellableCall(Protocol):
    """A call under way."""

    def cancel(self) -> bool:
        """Ends it from this side."""
        ...


class RefusedError(Exception):
    """The daemon does not take the memory; the message is the daemon's."""


def connect(path: str) -> socket.socket:
    """Opens a connection to a region socket."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_ANSWER_SECONDS)
    connection.connect(path)
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """Everything until the daemon closes its side."""
    received = b""
    while piece := connection.recv(4096):
        received += piece
    return received


class RawRegion:
    """Memory in /dev/shm that is registered with a daemon.

    Args:
        target: Of the daemon's gRPC.
        size: In bytes.
        uid: Hands the memory over as this user, and stays that; only for a process of its own.
    """

    def __init__(self, target: str, size: int, uid: int | None = None) -> None:
        self.channel = grpc.insecure_channel(target)
        self.stub = stubs.KvStoreStub(self.channel)  # type: ignore[no-untyped-call]
        path = Path(f"/dev/shm/kvstore-raw-{os.getpid()}-{id(self)}")  # noqa: S108
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        path.unlink()
        os.ftruncate(self.fd, size)
        self.memory = mmap.mmap(self.fd, size)
        hello = self.stub.Hello(pb.HelloRequest(client_name="raw"), timeout=_ANSWER_SECONDS)
        self.socket_path: str = hello.region_socket
        if uid is not None:
            # Only now: another user may not be able to read what Python still wants to import.
            os.setuid(uid)
        self.connection = connect(self.socket_path)
        socket.send_fds(self.connection, [b"\x01"], [self.fd])
        answer = self.connection.recv(1 + _TICKET_BYTES)
        if answer[0] != 0:
            raise RefusedError((answer + read_to_end(self.connection))[1:].decode())
        registered = self.stub.RegisterRegion(
            pb.RegisterRegionRequest(ticket=answer[1:], size_bytes=size), timeout=_ANSWER_SECONDS
        )
        self.region_id: int = registered.region_id

    def store(self, items: Iterable[tuple[str, int, int]]) -> dict[int, pb.StoreResult]:
        """Stores ``(key, offset, length)``; the results by position."""
        request = pb.StoreFromRequest(region_id=self.region_id, items=_items(items))
        return {result.index: result for result in self.stub.StoreFrom(request, timeout=_ANSWER_SECONDS)}

    def load(self, items: Iterable[tuple[str, int, int]]) -> dict[int, pb.LoadResult]:
        """Loads ``(key, offset, length)``; the results by position."""
        request = pb.LoadIntoRequest(region_id=self.region_id, items=_items(items))
        return {result.index: result for result in self.stub.LoadInto(request, timeout=_ANSWER_SECONDS)}

    def start_load(self, items: Iterable[tuple[str, int, int]]) -> CancellableCall:
        """Starts a load whose results nobody waits for."""
        request = pb.LoadIntoRequest(region_id=self.region_id, items=_items(items))
        call: CancellableCall = self.stub.LoadInto(request, timeout=_ANSWER_SECONDS)
        return call

    def fence(self) -> None:
        """Gives the region up, and returns when the daemon no longer touches it."""
        self.connection.shutdown(socket.SHUT_WR)
        assert read_to_end(self.connection) == b""

    def close(self) -> None:
        """Ends without a fence, as a process does that dies."""
        self.connection.close()
        self.channel.close()
        os.close(self.fd)


def _items(items: Iterable[tuple[str, int, int]]) -> list[pb.RegionItem]:
    return [pb.RegionItem(key=key.encode(), offset=offset, length=length) for key, offset, length in items]
