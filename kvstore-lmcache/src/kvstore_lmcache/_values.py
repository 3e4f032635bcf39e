"""How a chunk of in-process LMCache looks as a value; docs/reference/in-process-values.md says the same in words.

The payload stands at the beginning in both forms, so that a plain one moves between LMCache's buffer and the disk as it
is. LMCache's own order, metadata first, would leave no payload where O_DIRECT can take it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

VERSION = 1
MAGIC = b"KVSDM"
DIMENSIONS = 4
MOST_GROUPS = 64

_FORMAT = struct.Struct("<i")
_GROUP = struct.Struct(f"<{1 + DIMENSIONS}i")
_FOOTER = struct.Struct(f"<QHB{len(MAGIC)}s")


@dataclass(frozen=True)
class Group:
    """One tensor of a chunk.

    Attributes:
        dtype: LMCache's number of the type.
        shape: Four dimensions, those that are missing 0.
    """

    dtype: int
    shape: tuple[int, int, int, int]


@dataclass(frozen=True)
class Description:
    """What a payload is.

    Attributes:
        payload_bytes: Its length.
        format: LMCache's number of the memory format.
        groups: Its tensors, one after the other.
    """

    payload_bytes: int
    format: int
    groups: tuple[Group, ...]


def is_described(value_bytes: int) -> bool:
    """Whether a value of this length ends in a description; otherwise it is plain."""
    return value_bytes % 2 == 1


def trailer(description: Description) -> bytes:
    """What follows the payload.

    Raises:
        ValueError: No group, or too many, or a number that does not fit.
    """
    if not 0 < len(description.groups) <= MOST_GROUPS:
        raise ValueError(f"{len(description.groups)} groups, of 1 to {MOST_GROUPS}")
    try:
        body = _FORMAT.pack(description.format) + b"".join(
            _GROUP.pack(group.dtype, *group.shape) for group in description.groups
        )
    except struct.error as error:
        raise ValueError(str(error)) from error
    whole = description.payload_bytes + len(body) + _FOOTER.size
    footer = _FOOTER.pack(description.payload_bytes, len(description.groups), VERSION, MAGIC)
    return body + bytes(0 if is_described(whole) else 1) + footer


def describe(value: bytes | bytearray | memoryview) -> Description | None:
    """Reads the description at the end of a value; None if there is none that this version can read."""
    view = memoryview(value)
    if not is_described(len(view)) or len(view) < _FOOTER.size:
        return None
    payload_bytes, groups, version, magic = _FOOTER.unpack_from(view, len(view) - _FOOTER.size)
    if magic != MAGIC or version != VERSION or not 0 < groups <= MOST_GROUPS:
        return None
    body_bytes = _FORMAT.size + groups * _GROUP.size
    if len(view) - payload_bytes - body_bytes - _FOOTER.size not in (0, 1):
        return None
    (fmt,) = _FORMAT.unpack_from(view, payload_bytes)
    found = []
    for at in range(groups):
        dtype, *shape = _GROUP.unpack_from(view, payload_bytes + _FORMAT.size + at * _GROUP.size)
        found.append(Group(dtype, (shape[0], shape[1], shape[2], shape[3])))
    return Description(payload_bytes, fmt, tuple(found))
