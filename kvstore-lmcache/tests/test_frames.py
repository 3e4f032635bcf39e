"""The hand-written messages against protobuf: the same bytes out, the same fields in, the same messages refused."""

from __future__ import annotations

import random

import pytest
from google.protobuf.message import DecodeError

from kvstore_lmcache._frames import decode_get_response, encode_put_data
from kvstore_lmcache._proto import kvstore_pb2 as pb

SEEDS = range(20)


def same_as_protobuf(message: bytes) -> bool:
    """Compares both readings of a message; returns whether it is one."""
    try:
        expected = pb.GetResponse.FromString(message)
    except DecodeError:
        with pytest.raises(ValueError, match="GetResponse"):
            decode_get_response(message)
        return False
    frame = decode_get_response(message)
    assert frame[:4] == (expected.index, expected.length, expected.status, expected.reason)
    assert message[frame.start : frame.end] == expected.data
    return True


def varint(value: int, rng: random.Random, spare_bytes: int = 0) -> bytes:
    """A number, with up to ``spare_bytes`` more bytes than it needs, which protobuf allows."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    for _ in range(rng.randint(0, spare_bytes)):
        if len(encoded) < 9:
            encoded[-1] |= 0x80
            encoded.append(0)
    return bytes(encoded)


def random_field(rng: random.Random, depth: int = 0) -> bytes:
    """A field of GetResponse or one unknown to it, in any order and any number, as protobuf allows."""
    number = rng.choice([1, 2, 3, 3, 4, 5, 5, 6, 15, 16, 2047, 2048, (1 << 29) - 1])
    kind = rng.choice([0, 0, 1, 2, 2, 3, 5])
    if kind == 3 and depth == 3:
        kind = 0
    tag = varint(number << 3 | kind, rng)
    if kind == 0:
        return tag + varint(rng.choice([0, 1, 127, 128, rng.getrandbits(32), rng.getrandbits(64)]), rng, spare_bytes=2)
    if kind == 1:
        return tag + rng.randbytes(8)
    if kind == 5:
        return tag + rng.randbytes(4)
    if kind == 2:
        data = rng.randbytes(rng.choice([0, 1, 127, 128, 20_000]))
        return tag + varint(len(data), rng) + data
    inner = b"".join(random_field(rng, depth + 1) for _ in range(rng.randint(0, 3)))
    return tag + inner + varint(number << 3 | 4, rng)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 512 * 1024, 2_097_151, 2_097_152])
def test_put_data_is_what_protobuf_writes(size: int) -> None:
    data = random.Random(size).randbytes(size)
    message = encode_put_data(memoryview(data))
    assert pb.PutRequest.FromString(message) == pb.PutRequest(data=data)
    if size:
        assert message == pb.PutRequest(data=data).SerializeToString()


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_that_protobuf_writes(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(50):
        message = pb.GetResponse(
            index=rng.getrandbits(rng.randint(0, 32)),
            length=rng.getrandbits(rng.randint(0, 64)),
            data=rng.randbytes(rng.choice([0, 1, 100, 70_000])),
            status=rng.choice([pb.GET_STATUS_UNSPECIFIED, pb.GET_STATUS_HIT, pb.GET_STATUS_MISS]),
            reason=pb.MissReason.Name(rng.choice(pb.MissReason.values())),
        )
        assert same_as_protobuf(message.SerializeToString())


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_that_protobuf_could_read(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(50):
        assert same_as_protobuf(b"".join(random_field(rng) for _ in range(rng.randint(0, 8))))


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_messages(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(300):
        message = bytearray(b"".join(random_field(rng) for _ in range(rng.randint(1, 4)))[:200])
        for _ in range(rng.randint(1, 4)):
            if message:
                message[rng.randrange(len(message))] = rng.getrandbits(8)
        same_as_protobuf(bytes(message[: rng.randint(0, len(message))]))


@pytest.mark.parametrize("seed", SEEDS)
def test_noise(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(1000):
        same_as_protobuf(rng.randbytes(rng.randint(0, 24)))


@pytest.mark.parametrize(
    "message",
    [
        b"\x08" + b"\xff" * 9 + b"\x01",  # the longest number
        b"\x08" + b"\xff" * 9 + b"\x7f",  # ten bytes, and bits beyond 64
        b"\x08" + b"\xff" * 10 + b"\x01",  # eleven bytes
        b"\x08",
        b"\x1a\x05abc",
        b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x00\x00",  # field 0
        b"\x0c",  # the end of a group that has not begun
        b"\x33\x34",  # an empty group
        b"\x33\x3c",  # a group that another one ends
        b"\x33",
        b"\x88\x80\x80\x80\x00\x05",  # a tag of five bytes
        b"\x88\x80\x80\x80\x80\x00\x05",  # a tag of six bytes
        b"\xf8\xff\xff\xff\x7f\x05",  # a tag of more than 32 bits
        b"\x33" * 90 + b"\x34" * 90,
        b"\x33" * 110 + b"\x34" * 110,
        b"\x0e",
        b"\x0f",
    ],
)
def test_odd_messages(message: bytes) -> None:
    same_as_protobuf(message)
