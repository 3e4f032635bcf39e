"""Which memory of this process is shared memory that others can map too.

The kernel is asked anew for every batch: an address that was shared memory a moment ago may be something else now.
"""

from __future__ import annotations

import bisect
import contextlib
import os
from collections.abc import Iterable
from typing import NamedTuple

from ._region import Offer, file_offer

_MAPS = "/proc/self/maps"
_OPEN_FILES = "/proc/self/fd"

# What the daemon takes: files of POSIX shared memory and of memfd_create.
_PATH_PREFIXES = ("/dev/shm/", "/memfd:")  # noqa: S108
_DELETED = " (deleted)"


class SharedFile(NamedTuple):
    """A file in memory, by what the kernel tells it from others."""

    device: int
    inode: int
    path: str

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.device, self.inode

    def open(self) -> int:
        """Opens it for reading and writing: by its path, or, if it has none any more, by a descriptor that is open.

        Raises:
            OSError: Neither works.
        """
        if self.path.startswith("/dev/shm/") and not self.path.endswith(_DELETED):  # noqa: S108
            with contextlib.suppress(OSError):
                fd = self._open(self.path, os.O_NOFOLLOW)
                if fd is not None:
                    return fd
        for name in os.listdir(_OPEN_FILES):
            path = f"{_OPEN_FILES}/{name}"
            with contextlib.suppress(OSError):
                if self._is(os.stat(path)) and (fd := self._open(path, 0)) is not None:
                    return fd
        raise FileNotFoundError(f"{self.path} has neither its name nor an open descriptor any more")

    def offer(self) -> Offer:
        """Returns what to hand over to the daemon; raises as :meth:`open`."""
        return file_offer(self.open())

    def _open(self, path: str, flags: int) -> int | None:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags)
        if self._is(os.fstat(fd)):
            return fd
        os.close(fd)
        return None

    def _is(self, status: os.stat_result) -> bool:
        return (status.st_dev, status.st_ino) == self.identity


class Mapping(NamedTuple):
    """Addresses ``start`` to ``end`` are the bytes of ``file`` from ``offset`` on."""

    start: int
    end: int
    offset: int
    file: SharedFile


class Mappings:
    """The shared mappings of this process at one moment.

    Args:
        lines: As in ``/proc/self/maps``: in the order of their addresses.
    """

    def __init__(self, lines: Iterable[str]):
        self._mappings: list[Mapping] = []
        for line in lines:
            if " rw-s " in line:
                self._add(line)
        self._starts = [mapping.start for mapping in self._mappings]

    @classmethod
    def now(cls) -> Mappings:
        """Asks the kernel. A process of many libraries has a few thousand mappings, which takes under a millisecond."""
        with open(_MAPS, encoding="utf-8", errors="surrogateescape") as maps:
            return cls(maps)

    def files(self) -> set[tuple[int, int]]:
        """The identities of all files that are mapped."""
        return {mapping.file.identity for mapping in self._mappings}

    def find(self, address: int, size_bytes: int) -> tuple[SharedFile, int] | None:
        """Returns the file that these bytes are, and where in it; None if they are not all in one."""
        at = bisect.bisect_right(self._starts, address) - 1
        if at < 0 or address + size_bytes > self._mappings[at].end:
            return None
        mapping = self._mappings[at]
        return mapping.file, mapping.offset + address - mapping.start

    def _add(self, line: str) -> None:
        # 7f00-7f80 rw-s 00001000 00:17 42                         /dev/shm/name
        fields = line.rstrip("\n").split(maxsplit=5)
        if len(fields) < 6 or not fields[5].startswith(_PATH_PREFIXES):
            return
        start, end = (int(number, 16) for number in fields[0].split("-"))
        major, minor = (int(number, 16) for number in fields[3].split(":"))
        file = SharedFile(os.makedev(major, minor), int(fields[4]), fields[5])
        mapping = Mapping(start, end, int(fields[2], 16), file)
        before = self._mappings[-1] if self._mappings else None
        # The kernel shows one mapping as several where their flags differ, as after mbind or madvise.
        if before is not None and (before.end, before.offset + before.end - before.start, before.file) == (
            start,
            mapping.offset,
            file,
        ):
            self._mappings[-1] = before._replace(end=end)
        else:
            self._mappings.append(mapping)
