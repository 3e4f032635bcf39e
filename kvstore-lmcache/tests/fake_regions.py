"""The region socket of the fake daemon: takes memory, hands out tickets, and keeps the promise of the fence."""

from __future__ import annotations

import array
import contextlib
import fcntl
import itertools
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

_F_GET_SEALS = 1034
_F_SEAL_SHRINK = 0x2


class FakeRegion:
    """One connection: memory, and who is in it."""

    def __init__(self, fd: int, ticket: bytes) -> None:
        self.ticket = ticket
        self.size_bytes = os.fstat(fd).st_size
        self.is_sealed = self._is_sealed(fd)
        # Not mapped: the client, who is in the same process, would take that for a mapping of its own.
        self._fd = fd
        self.region_id = 0
        self._changed = threading.Condition()
        self._users = 0
        self._ending = False

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._fd, size, offset)

    def write(self, offset: int, data: bytes) -> None:
        assert os.pwrite(self._fd, data, offset) == len(data)

    @contextlib.contextmanager
    def use(self) -> Iterator[bool]:
        """Holds the end of the region up; gives False, and holds nothing up, once it has begun to end."""
        with self._changed:
            begun = not self._ending
            self._users += begun
        try:
            yield begun
        finally:
            with self._changed:
                self._users -= begun
                self._changed.notify_all()

    def end(self) -> None:
        """Lets nobody in any more, and returns once everybody is out."""
        with self._changed:
            self._ending = True
            self._changed.wait_for(lambda: self._users == 0)
        os.close(self._fd)

    @staticmethod
    def _is_sealed(fd: int) -> bool:
        try:
            return bool(fcntl.fcntl(fd, _F_GET_SEALS) & _F_SEAL_SHRINK)
        except OSError:
            return False


class FakeRegions:
    """Listens on the region socket.

    Args:
        path: Of the socket.
    """

    # Of all of them: like a real daemon's, an id names nothing after a restart.
    _ids = itertools.count(1)

    def __init__(self, path: str) -> None:
        self.path = path
        # What the daemon answers instead of taking memory.
        self.refusal: str | None = None
        self.by_ticket: dict[bytes, FakeRegion] = {}
        self.by_id: dict[int, FakeRegion] = {}
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def start(self) -> None:
        Path(self.path).unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """As the death of the daemon: returns once its threads are out of all memory and the kernel has said so."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.shutdown(socket.SHUT_RDWR)
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        listener.close()
        self._threads.clear()
        self._connections.clear()

    def register(self, ticket: bytes) -> FakeRegion | None:
        region = self.by_ticket.get(ticket)
        if region is not None and region.region_id == 0:
            region.region_id = next(self._ids)
            self.by_id[region.region_id] = region
        return region

    def _spawn(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            version, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_LEN(array.array("i").itemsize))
            if not version:
                return
            assert version == b"\x01"
            ((_, _, data),) = ancillary
            (fd,) = array.array("i", data)
            if self.refusal is not None:
                os.close(fd)
                connection.sendall(b"\x01" + self.refusal.encode())
                return
            region = FakeRegion(fd, os.urandom(16))
            self.by_ticket[region.ticket] = region
            connection.sendall(b"\x00" + region.ticket)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
            region.end()
            del self.by_ticket[region.ticket]
            self.by_id.pop(region.region_id, None)
