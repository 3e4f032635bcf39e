"""One region: memory handed over to the daemon, and the fence that ends it.

docs/reference/regions.md is the contract.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import NamedTuple

logger = logging.getLogger("kvstore_lmcache")

_FILE_IN_MEMORY = b"\x01"
_TAKEN = b"\x00"
_TICKET_BYTES = 16
_LONGEST_REFUSAL_BYTES = 4096

# How often it is said that a fence does not come.
COMPLAINT_SECONDS = 30.0


class RegionRefused(Exception):  # noqa: N818
    """The daemon does not take the memory; the message says why."""


class Offer(NamedTuple):
    """What is said to the daemon of some memory.

    Attributes:
        message: The first message on the region socket.
        size_bytes: How large the memory is.
        fd: The memory itself, if it is a file; -1 otherwise.
    """

    message: bytes
    size_bytes: int
    fd: int = -1


def file_offer(fd: int) -> Offer:
    """Offers a file in memory by a descriptor, which is the offer's from now on."""
    return Offer(_FILE_IN_MEMORY, os.fstat(fd).st_size, fd)


def hand_over(path: str, offer: Offer, timeout_seconds: float) -> tuple[socket.socket, bytes]:
    """Hands memory to the daemon.

    Args:
        path: The region socket.
        offer: The memory; the caller may close its descriptor afterwards.
        timeout_seconds: For each step.

    Returns:
        The connection that keeps the memory with the daemon, and the ticket for RegisterRegion.

    Raises:
        OSError: The socket cannot be reached, or does not answer in time.
        RegionRefused: The daemon says no.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_seconds)
        connection.connect(path)
        if offer.fd >= 0:
            socket.send_fds(connection, [offer.message], [offer.fd])
        else:
            connection.sendall(offer.message)
        if _receive(connection, 1) == _TAKEN:
            return connection, _receive(connection, _TICKET_BYTES)
        raise RegionRefused(_receive_text(connection) or "no reason given")
    except BaseException:
        connection.close()
        raise


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise ConnectionResetError("the daemon closed the region socket")
        received += piece
    return received


def _receive_text(connection: socket.socket) -> str:
    received = b""
    while len(received) < _LONGEST_REFUSAL_BYTES and (piece := connection.recv(_LONGEST_REFUSAL_BYTES)):
        received += piece
    return received.decode(errors="replace")


class Region:
    """Memory that the daemon reads and writes.

    Whoever began a call that ended without a result for each item must not use the memory, nor let anyone else use it,
    before :meth:`give_up` has said that the daemon is done with it.

    Args:
        region_id: The daemon's name for it.
        name: For people.
        connection: Its connection on the region socket, which is this object's from now on.
    """

    def __init__(self, region_id: int, name: str, connection: socket.socket):
        self.region_id = region_id
        self.name = name
        self._connection = connection
        # With a timeout even MSG_DONTWAIT would wait.
        connection.settimeout(None)
        self._lock = threading.Lock()
        self._given_up = False
        self._ended = False
        self._then: list[Callable[[], None]] = []

    @property
    def is_open(self) -> bool:
        """Whether it can be named in a new call: neither side has closed it."""
        with self._lock:
            if self._given_up:
                return False
            try:
                return bool(self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
            except BlockingIOError:
                return True
            except OSError:
                return False

    @property
    def is_ending(self) -> bool:
        """Whether it was given up and the daemon may still reach the memory."""
        return self._given_up and not self._ended

    def give_up(self, then: Callable[[], None]) -> None:
        """Tells the daemon to leave the memory alone, and calls ``then`` once it does so or has died.

        Does not wait. There is no limit to how long that may take: a disk that hangs with the memory in its hands may
        come back at any time.
        """
        with self._lock:
            ended = self._ended
            first = not self._given_up
            self._given_up = True
            if not ended:
                self._then.append(then)
        if ended:
            then()
        elif first:
            self._end()

    def close(self) -> None:
        """Gives up a region in which no call is under way."""
        with self._lock:
            if not self._given_up:
                self._given_up = self._ended = True
                self._connection.close()

    def _end(self) -> None:
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError:
            logger.debug("the daemon has closed the region %s already", self.name)
        try:
            threading.Thread(target=self._await_end, name="kvstore-fence", daemon=True).start()
        except RuntimeError:  # Python is about to exit
            self._await_end()

    def _await_end(self) -> None:
        self._connection.settimeout(COMPLAINT_SECONDS)
        waited_seconds = 0.0
        while True:
            try:
                if not self._connection.recv(64):
                    break
            except TimeoutError:
                waited_seconds += COMPLAINT_SECONDS
                logger.error(
                    "the daemon has not let go of %s for %d s: what it may still read or write there is held back, "
                    "and close() waits; a hanging disk does that, and the end of the daemon ends it",
                    self.name,
                    waited_seconds,
                )
            except ConnectionResetError:
                break
        self._connection.close()
        with self._lock:
            self._ended = True
            waiting, self._then = self._then, []
        for then in waiting:
            try:
                then()
            except Exception:
                # The others wait for their memory too.
                logger.exception("after the end of the region %s", self.name)
