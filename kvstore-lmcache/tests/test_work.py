"""How batches are cut, and how warnings are kept few."""

from __future__ import annotations

import logging
import random

import pytest

from kvstore_lmcache._complaints import Complaints
from kvstore_lmcache._work import split

MIB = 1024 * 1024


@pytest.mark.parametrize("seed", range(20))
def test_split_loses_nothing_and_is_even(seed: int) -> None:
    rng = random.Random(seed)
    sizes = [rng.randint(1, 32 * MIB) for _ in range(rng.randint(1, 40))]
    parts = split(sizes, most_parts=4, least_bytes=MIB)
    assert sorted(position for part in parts for position in part) == list(range(len(sizes)))
    assert len(parts) <= 4
    assert all(parts)
    assert all(part == sorted(part) for part in parts)
    filled = [sum(sizes[position] for position in part) for part in parts]
    assert max(filled) - min(filled) <= max(sizes)


def test_little_work_stays_together() -> None:
    assert split([1000] * 50, most_parts=4, least_bytes=MIB) == [list(range(50))]
    assert split([16 * MIB], most_parts=4, least_bytes=MIB) == [[0]]
    assert split([16 * MIB] * 4, most_parts=4, least_bytes=MIB) == [[0], [1], [2], [3]]


def test_complaints_are_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    complaints = Complaints(clock=lambda: now)
    for _ in range(5):
        complaints.warn("a", "problem %d", 1)
    complaints.warn("b", "another")
    now += 9.9
    complaints.warn("a", "problem %d", 1)
    now += 0.2
    complaints.warn("a", "problem %d", 2)
    assert caplog.messages == ["problem 1", "another", "problem 2 (5 more like this were not logged)"]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
