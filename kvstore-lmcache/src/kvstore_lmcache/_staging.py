"""Memory of the client's own that the daemon shares, for payload that lies elsewhere."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import threading
import time
from collections import deque

from ._region import Offer, file_offer

# Value positions: in place for the daemon, whatever its page size.
ALIGNMENT_BYTES = 64 * 1024

# linux/fcntl.h; the fcntl module knows these names on newer Pythons only.
_F_ADD_SEALS = 1033
_F_SEAL_SEAL = 0x1
_F_SEAL_SHRINK = 0x2
_F_SEAL_GROW = 0x4


def aligned(size_bytes: int) -> int:
    """The room that a value takes in a block."""
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def memory_file(name: str, size_bytes: int) -> int:
    """Makes a file in memory that cannot shrink under the daemon's hands; returns its descriptor."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, size_bytes)
        fcntl.fcntl(fd, _F_ADD_SEALS, _F_SEAL_SHRINK | _F_SEAL_GROW | _F_SEAL_SEAL)
    except BaseException:
        os.close(fd)
        raise
    return fd


class Blocks:
    """Hands out pieces of ``0..size_bytes``: the first that fits, lowest first, so that few pages are ever touched.

    Who waits is served in the order of coming, and nobody takes anything past one who waits.
    """

    def __init__(self, size_bytes: int):
        self._changed = threading.Condition()
        self._free = [(0, size_bytes)]
        self._waiting: deque[object] = deque()
        self._closed = False

    def take(self, size_bytes: int, deadline_seconds: float) -> int | None:
        """Returns the offset of a piece; None if there was none until ``deadline_seconds`` on the monotonic clock.

        Who holds a piece must not wait for another one: give a deadline that has passed.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while True:
                    if self._waiting[0] is ticket and (offset := self._first_fit(size_bytes)) is not None:
                        return offset
                    left_seconds = deadline_seconds - time.monotonic()
                    if left_seconds <= 0 or self._closed:
                        return None
                    self._changed.wait(left_seconds)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def give_back(self, offset: int, size_bytes: int) -> None:
        """Frees a piece."""
        with self._changed:
            pieces = sorted([*self._free, (offset, size_bytes)])
            merged: list[tuple[int, int]] = []
            for start, size in pieces:
                if merged and merged[-1][0] + merged[-1][1] == start:
                    merged[-1] = (merged[-1][0], merged[-1][1] + size)
                else:
                    merged.append((start, size))
            self._free = merged
            self._changed.notify_all()

    def close(self) -> None:
        """Lets nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def free_bytes(self) -> int:
        """What nobody holds."""
        with self._changed:
            return sum(size for _, size in self._free)

    def _first_fit(self, size_bytes: int) -> int | None:
        for at, (offset, size) in enumerate(self._free):
            if size >= size_bytes:
                self._free[at : at + 1] = [(offset + size_bytes, size - size_bytes)] if size > size_bytes else []
                return offset
        return None


class Staging:
    """A sealed file in memory, made at the first use.

    Sealed, so that the daemon knows that it cannot shrink under its hands.
    """

    def __init__(self, size_bytes: int):
        self.size_bytes = size_bytes // ALIGNMENT_BYTES * ALIGNMENT_BYTES
        self.path = "the staging memory"
        self.blocks = Blocks(self.size_bytes)
        self._lock = threading.Lock()
        self._fd = -1
        self._view: memoryview | None = None
        self._identity = (0, 0)

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of the file."""
        self._make()
        return self._identity

    def open(self) -> int:
        """Returns another descriptor of the file."""
        self._make()
        return os.dup(self._fd)

    def offer(self) -> Offer:
        """Returns what to hand over to the daemon."""
        return file_offer(self.open())

    def view(self, offset: int, size_bytes: int) -> memoryview:
        """Some of the memory."""
        self._make()
        assert self._view is not None
        return self._view[offset : offset + size_bytes]

    def close(self) -> None:
        """Closes the file. What a late thread of this client still views stays mapped until it lets go."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1
            self._view = None

    def _make(self) -> None:
        with self._lock:
            if self._view is not None:
                return
            if self._fd == -1 and self._identity != (0, 0):
                raise OSError("the client is closed")
            fd = memory_file("kvstore-staging", self.size_bytes)
            try:
                memory = mmap.mmap(fd, self.size_bytes)
                # Where the kernel lets shared memory have them (shmem_enabled=advise): a disk is then handed a chunk
                # in few large pieces. Before any page is touched.
                with contextlib.suppress(OSError):
                    memory.madvise(mmap.MADV_HUGEPAGE)
            except BaseException:
                os.close(fd)
                raise
            status = os.fstat(fd)
            self._fd, self._identity, self._view = fd, (status.st_dev, status.st_ino), memoryview(memory)
