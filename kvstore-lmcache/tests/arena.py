"""Memory as LMCache's L1 has it with ``--shm-name``: a file in /dev/shm, mapped by this process."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

PAGE_BYTES = 4096


class Arena:
    """Gives out one piece after the other.

    Args:
        size_bytes: Of the whole; pages are taken as they are used.
        unlinked: Whether the file has lost its name, as a careful program removes it once it is mapped.
    """

    def __init__(self, size_bytes: int = 256 << 20, unlinked: bool = False) -> None:
        self.path = Path(f"/dev/shm/kvstore_test_{os.getpid()}_{id(self):x}")  # noqa: S108
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.ftruncate(self.fd, size_bytes)
        self.memory = mmap.mmap(self.fd, size_bytes)
        self._end = 0
        if unlinked:
            self.path.unlink()

    def piece(self, size_bytes: int, content: bytes | None = None) -> memoryview:
        """The next bytes, at the beginning of a page."""
        start = self._end
        assert start + size_bytes <= len(self.memory)
        self._end = -(-(start + size_bytes) // PAGE_BYTES) * PAGE_BYTES
        view = memoryview(self.memory)[start : start + size_bytes]
        if content is not None:
            view[:] = content
        return view

    def reuse(self) -> None:
        """Begins again at the front; all pieces must be out of use."""
        self._end = 0

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self.fd)
