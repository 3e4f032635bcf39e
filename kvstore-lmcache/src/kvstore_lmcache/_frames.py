"""The two messages that carry payload, written and read by hand.

A protobuf object would copy the payload once more each way. What is written here is what protobuf would write, and what
is read is what protobuf would read; tests/test_frames.py holds the two side by side.
"""

from __future__ import annotations

from typing import NamedTuple

_VARINT = 0
_FIXED64 = 1
_LENGTH_DELIMITED = 2
_START_GROUP = 3
_END_GROUP = 4
_FIXED32 = 5

_PUT_DATA_TAG = 2 << 3 | _LENGTH_DELIMITED

_UINT32_MASK = (1 << 32) - 1
_UINT64_MASK = (1 << 64) - 1
_GROUP_DEPTH = 100


class GetFrame(NamedTuple):
    """One GetResponse. Its payload is ``message[start:end]``."""

    key_index: int
    length: int
    status: int
    reason: int
    start: int
    end: int


def encode_put_data(piece: memoryview) -> bytes:
    """Returns a PutRequest with nothing but ``data``. The one copy of the payload on its way out."""
    header = bytearray((_PUT_DATA_TAG,))
    remaining = piece.nbytes
    while remaining > 0x7F:
        header.append(remaining & 0x7F | 0x80)
        remaining >>= 7
    header.append(remaining)
    return b"".join((header, piece))


def decode_get_response(message: bytes) -> GetFrame:
    """Reads a GetResponse without touching its payload.

    Raises:
        ValueError: Not a protobuf message.
    """
    index = length = status = reason = start = end = 0
    position = 0
    size = len(message)
    while position < size:
        tag, position = _tag(message, position)
        if tag == 3 << 3 | _LENGTH_DELIMITED:
            start, end = position, position = _delimited(message, position)
        elif tag == 1 << 3 | _VARINT:
            index, position = _varint(message, position)
        elif tag == 2 << 3 | _VARINT:
            length, position = _varint(message, position)
        elif tag == 4 << 3 | _VARINT:
            status, position = _varint(message, position)
        elif tag == 5 << 3 | _VARINT:
            reason, position = _varint(message, position)
        else:
            position = _skip(message, position, tag, 0)
    return GetFrame(index & _UINT32_MASK, length, _int32(status), _int32(reason), start, end)


def _varint(message: bytes, position: int, longest: int = 10) -> tuple[int, int]:
    value = shift = 0
    for at in range(position, min(position + longest, len(message))):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _UINT64_MASK, at + 1
        shift += 7
    raise ValueError(f"GetResponse: no end of the number at byte {position}")


def _tag(message: bytes, position: int) -> tuple[int, int]:
    tag, after = _varint(message, position, longest=5)
    if tag > _UINT32_MASK or tag >> 3 == 0:
        raise ValueError(f"GetResponse: no field has the tag {tag} at byte {position}")
    return tag, after


def _delimited(message: bytes, position: int) -> tuple[int, int]:
    size, start = _varint(message, position)
    if size > len(message) - start:
        raise ValueError(f"GetResponse: {size} bytes announced at byte {position}, {len(message) - start} are there")
    return start, start + size


def _skip(message: bytes, position: int, tag: int, depth: int) -> int:
    kind = tag & 7
    if kind == _VARINT:
        return _varint(message, position)[1]
    if kind == _LENGTH_DELIMITED:
        return _delimited(message, position)[1]
    if kind in (_FIXED32, _FIXED64):
        after = position + (4 if kind == _FIXED32 else 8)
        if after > len(message):
            raise ValueError(f"GetResponse: ends within the number at byte {position}")
        return after
    if kind == _START_GROUP and depth < _GROUP_DEPTH:
        while True:
            inner, position = _tag(message, position)
            if inner == (tag & ~7 | _END_GROUP):
                return position
            position = _skip(message, position, inner, depth + 1)
    raise ValueError(f"GetResponse: unreadable field with the tag {tag} before byte {position}")


def _int32(value: int) -> int:
    low = value & _UINT32_MASK
    return low - (1 << 32) if low >> 31 else low
