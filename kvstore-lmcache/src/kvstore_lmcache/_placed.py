"""Bytes in memory that is handed over to the daemon as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from ._regions import SharedMemory


@dataclass(frozen=True)
class Placed:
    """Stands in for a view where this process may have no address for the bytes, as for those on a GPU.

    Attributes:
        memory: Where they are.
        offset: At which byte of it they begin.
        size_bytes: How many they are.
    """

    memory: SharedMemory
    offset: int
    size_bytes: int

    def __len__(self) -> int:
        return self.size_bytes
