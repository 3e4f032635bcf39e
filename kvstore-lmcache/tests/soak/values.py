"""What lies under a key: follows from the key and the length, so that every client can check what another stored."""

from __future__ import annotations

import random
import zlib

COUNT = 2000
MAX_BYTES = 4 << 20

_BASE = random.Random(5).randbytes(3 * MAX_BYTES)


def name(number: int) -> str:
    """A key in LMCache's form."""
    return f"soak@01000100@0@{number:064x}"


def lengths(number: int) -> tuple[int, int]:
    """The two lengths that a value may have: one that O_DIRECT likes, and any, small ones as often as large ones."""
    source = random.Random(number)
    aligned, any_length = (int(2 ** source.uniform(0, MAX_BYTES.bit_length() - 1)) for _ in range(2))
    return min(MAX_BYTES, -(-aligned // 4096) * 4096), any_length


def content(number: int, length: int) -> bytes:
    """The value of this length."""
    start = zlib.crc32(f"{number}/{length}".encode()) % (2 * MAX_BYTES)
    return _BASE[start : start + length]


def is_right(number: int, value: bytes | memoryview) -> bool:
    """Whether these bytes, of whatever length, were stored under this key."""
    return len(value) in lengths(number) and value == content(number, len(value))
