"""The form of values that carry their description; docs/reference/in-process-values.md."""

from __future__ import annotations

import pytest

from kvstore_lmcache._values import Description, Group, describe, is_described, trailer

KV = Group(dtype=3, shape=(2, 32, 256, 1024))
FLAT = Group(dtype=6, shape=(64, 1152, 0, 0))


@pytest.mark.parametrize("payload_bytes", [0, 1, 2, 4095, 4096])
@pytest.mark.parametrize("groups", [(KV,), (KV, FLAT), (FLAT,) * 64])
def test_comes_back_as_it_was(payload_bytes: int, groups: tuple[Group, ...]) -> None:
    description = Description(payload_bytes, 7, groups)
    value = bytes(payload_bytes) + trailer(description)
    assert is_described(len(value))
    assert describe(value) == description


def test_the_bytes() -> None:
    """As the page has them: whoever else writes such values was told so."""
    written = trailer(Description(4, 2, (Group(3, (2, 1, 0, 0)),)))
    assert written.hex(" ", 1) == " ".join(
        [
            "02 00 00 00",
            "03 00 00 00 02 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00",
            "00",
            "04 00 00 00 00 00 00 00 01 00 01 4b 56 53 44 4d",
        ]
    )


@pytest.mark.parametrize("groups", [(), (KV,) * 65, (Group(1 << 31, (0, 0, 0, 0)),)])
def test_what_cannot_be_written(groups: tuple[Group, ...]) -> None:
    with pytest.raises(ValueError, match=r"groups|format"):
        trailer(Description(0, 1, groups))


def test_what_is_no_description() -> None:
    good = bytes(100) + trailer(Description(100, 2, (KV,)))
    assert describe(good) is not None
    bad = [b"", b"x", good[1:], good[2:], good[:-2], b"\0\0" + good, good[:-1] + b"N", bytes(len(good))]
    # Every single byte of the footer counts, but for the number of groups and the length only together with the rest.
    bad += [good[: -at - 1] + bytes([good[-at - 1] ^ 0x41]) + good[len(good) - at :] for at in range(16)]
    assert [describe(value) for value in bad] == [None] * len(bad)
