"""The doors of the daemon, all with the same three calls. Each raises ``OSError`` when the daemon is not there."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from collections.abc import Sequence
from typing import Protocol

from arena import Arena
from kvstore_lmcache import KvStoreClient
from soak import values
from waiter import Waiter


class Door(Protocol):
    """One client of one door."""

    def put(self, numbers: Sequence[int]) -> int:
        """Stores values; returns how many the daemon says that it took."""

    def get(self, numbers: Sequence[int]) -> list[bool | None]:
        """For each, whether its bytes were right; None for a miss."""

    def exists(self, numbers: Sequence[int]) -> int:
        """How many are there."""

    def close(self) -> None:
        """Lets go of the daemon."""


def open_door(kind: str, address: str) -> Door:
    """Opens one.

    Args:
        kind: One of :data:`KINDS`.
        address: Of that door: a target, or ``host:port``.
    """
    if kind == "resp":
        return RespDoor(address)
    if kind == "lm":
        return LmDoor(address)
    if kind == "plugin":
        from soak.plugin import PluginDoor  # takes seconds: it needs LMCache

        return PluginDoor(address)
    return AdapterDoor(kind, address)


KINDS = ("in_place", "staged", "stream", "tcp", "resp", "lm", "plugin")


class AdapterDoor:
    """The client that LMCache loads as ``native_plugin``, with one way of payload forced."""

    def __init__(self, kind: str, target: str) -> None:
        arena = Arena(64 << 20, unlinked=True) if kind == "in_place" else None
        client = KvStoreClient(
            target=target, payload_path="stream" if kind == "tcp" else kind, staging_bytes=32 << 20, lease_millis=500
        )
        self._waiter = Waiter(client, arena)
        self._waiter.until_connected()

    def put(self, numbers: Sequence[int]) -> int:
        self._waiter.until_connected()  # without a daemon, a miss costs nothing
        contents = [values.content(number, random.choice(values.lengths(number))) for number in numbers]
        return sum(self._waiter.store([values.name(number) for number in numbers], contents).results)

    def get(self, numbers: Sequence[int]) -> list[bool | None]:
        self._waiter.until_connected()
        sizes = [random.choice(values.lengths(number)) for number in numbers]
        results, loaded = self._waiter.load([values.name(number) for number in numbers], sizes)
        return [
            values.is_right(number, value) if hit else None
            for number, value, hit in zip(numbers, loaded, results, strict=True)
        ]

    def exists(self, numbers: Sequence[int]) -> int:
        return sum(self._waiter.lookup([values.name(number) for number in numbers]))

    def close(self) -> None:
        self._waiter.client.close()


class _Connection:
    """A TCP connection, read exactly."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb", buffering=1 << 16)

    def read(self, count: int) -> bytes:
        found: bytes = self._file.read(count)
        if len(found) < count:
            raise ConnectionResetError("the daemon closed the connection")
        return found

    def line(self) -> bytes:
        found = self._file.readline()
        if not found.endswith(b"\r\n"):
            raise ConnectionResetError("the daemon closed the connection")
        return found[:-2]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.close()


class RespDoor:
    """Redis' protocol, pipelined."""

    def __init__(self, address: str) -> None:
        self._connection = _Connection(address)

    def put(self, numbers: Sequence[int]) -> int:
        for number in numbers:
            self._send("SET", values.name(number), values.content(number, random.choice(values.lengths(number))))
        return sum(self._connection.line() == b"+OK" for _ in numbers)

    def get(self, numbers: Sequence[int]) -> list[bool | None]:
        for number in numbers:
            self._send("GET", values.name(number))
        return [self._value(number) for number in numbers]

    def exists(self, numbers: Sequence[int]) -> int:
        self._send("EXISTS", *(values.name(number) for number in numbers))
        return int(self._connection.line().removeprefix(b":"))

    def close(self) -> None:
        self._connection.close()

    def _send(self, *words: str | bytes) -> None:
        encoded = [word.encode() if isinstance(word, str) else word for word in words]
        parts = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)
        self._connection.socket.sendall(b"*%d\r\n%b" % (len(encoded), parts))

    def _value(self, number: int) -> bool | None:
        head = self._connection.line()
        if head == b"$-1":
            return None
        if not head.startswith(b"$"):
            raise ConnectionResetError(f"GET was answered with {head!r}")
        return values.is_right(number, self._connection.read(int(head[1:]) + 2)[:-2])


class LmDoor:
    """LMCache's own protocol: docs/reference/lm-protocol.md."""

    _PUT, _GET, _EXIST = 1, 2, 3
    _REQUEST = struct.Struct("<9i150s")
    _REPLY = struct.Struct("<9i")

    def __init__(self, address: str) -> None:
        self._connection = _Connection(address)

    def put(self, numbers: Sequence[int]) -> int:
        for number in numbers:
            content = values.content(number, random.choice(values.lengths(number)))
            self._send(self._PUT, number, content)
        return len(numbers)  # the protocol has no answer

    def get(self, numbers: Sequence[int]) -> list[bool | None]:
        return [self._value(number) for number in numbers]

    def exists(self, numbers: Sequence[int]) -> int:
        return sum(self._ask(self._EXIST, number) is not None for number in numbers)

    def close(self) -> None:
        self._connection.close()

    def _send(self, command: int, number: int, content: bytes = b"") -> None:
        key = values.name(number).encode().ljust(150)
        metadata = (1, 3, 0, number, 0, 0, 0) if content else (0,) * 7
        self._connection.socket.sendall(self._REQUEST.pack(command, len(content), *metadata, key) + content)

    def _ask(self, command: int, number: int) -> tuple[int, ...] | None:
        self._send(command, number)
        reply = self._REPLY.unpack(self._connection.read(self._REPLY.size))
        return reply if reply[0] == 200 else None

    def _value(self, number: int) -> bool | None:
        reply = self._ask(self._GET, number)
        if reply is None:
            return None
        # format, dtype and the first of the shape come back as they were put
        return values.is_right(number, self._connection.read(reply[1])) and reply[2:5] == (1, 3, number)
