"""The daemon goes and comes back, the client stays."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

import pytest

from arena import Arena
from fake_daemon import FakeDaemon
from real_daemon import RealDaemon
from waiter import Waiter

MIB = 1024 * 1024

FAST_SECONDS = 5.0

Connect = Callable[..., Waiter]


def test_killed_and_started_again(mortal: FakeDaemon | RealDaemon, connect: Connect) -> None:
    client = connect(mortal.target)
    keys = [f"model@01000100@0@{number:02x}" for number in range(6)]
    values = [bytes([number]) * (2 * MIB + number) for number in range(6)]
    sizes = [len(value) for value in values]
    assert client.store(keys, values).ok

    mortal.kill()
    start = time.monotonic()
    for _ in range(10):
        assert client.lookup(keys) == [False] * 6
        assert client.load(keys, sizes)[0] == [False] * 6
        assert client.store(["new"], [b"v" * MIB]).results == [False]
    assert time.monotonic() - start < FAST_SECONDS
    stats = client.client.stats()
    assert stats["store_dropped"] == stats["store_dropped_disconnected"] == 10

    mortal.start()
    client.until_connected()
    assert client.lookup([*keys, "new"]) == [True] * 6 + [False]
    results, loaded = client.load(keys, sizes)
    assert results == [True] * 6
    assert loaded == values
    assert client.store(["new"], [b"v" * MIB]).ok
    assert client.load(["new"], [MIB]) == ([True], [b"v" * MIB])
    stats = client.client.stats()
    assert (stats["connects"], stats["disconnects"]) == (2, 1)


@pytest.fixture(params=["stream", "staged", "in_place"])
def way(request: pytest.FixtureRequest) -> str:
    """How payload travels."""
    return str(request.param)


def kill_during_transfers(
    daemon: FakeDaemon | RealDaemon, client: Waiter, arena: Arena | None, turn: int, delay_seconds: float
) -> None:
    """Whatever was under way completes; what counted as stored is there afterwards, and nothing else is wrong."""
    count = 24
    keys = [f"model@01000100@0@{turn:02x}{number:02x}" for number in range(count)]
    values = [bytes([turn, number]) * (4 * MIB) for number in range(count)]
    buffers = [memoryview(bytearray(8 * MIB)) for _ in range(4)]
    sources = [memoryview(value) for value in values]
    if arena is not None:
        arena.reuse()
        buffers = [arena.piece(8 * MIB) for _ in buffers]
        sources = [arena.piece(8 * MIB, value) for value in values]
    stores = [client.client.submit_batch_set(keys[at : at + 4], sources[at : at + 4]) for at in range(0, count, 4)]
    stored = client.wait(stores[0]).results
    load = client.client.submit_batch_get(keys[:4], buffers)
    time.sleep(delay_seconds)
    daemon.kill()

    for future_id in stores[1:]:
        stored += client.wait(future_id).results
    loaded = client.wait(load).results
    assert all(buffer == value for buffer, value, hit in zip(buffers, values, loaded, strict=False) if hit)

    daemon.start()
    client.until_connected()
    found = client.lookup(keys)
    results, contents = client.load(keys, [8 * MIB] * count)
    assert results == found
    assert all(hit for hit, was_stored in zip(found, stored, strict=True) if was_stored)
    assert all(content == value for content, value, hit in zip(contents, values, results, strict=True) if hit)


def test_killed_during_transfers(mortal: FakeDaemon | RealDaemon, connect: Connect, arena: Arena, way: str) -> None:
    client = connect(mortal.target, payload_path=way if way != "in_place" else "auto")
    client.until_connected()
    kill_during_transfers(mortal, client, arena if way == "in_place" else None, turn=0, delay_seconds=0.05)
    assert client.client.stats()[f"path_{way}_chunks"] > 0


@pytest.mark.long
def test_killed_many_times(fresh_real: RealDaemon, connect: Connect, arena: Arena, way: str) -> None:
    client = connect(fresh_real.target, payload_path=way if way != "in_place" else "auto")
    client.until_connected()
    rng = random.Random(1)
    for turn in range(8):
        delay_seconds = rng.uniform(0, 0.3)
        kill_during_transfers(fresh_real, client, arena if way == "in_place" else None, turn, delay_seconds)


def test_a_daemon_that_comes_later(mortal: FakeDaemon | RealDaemon, connect: Connect) -> None:
    mortal.kill()
    client = connect(mortal.target)
    assert client.lookup(["k"]) == [False]
    mortal.start()
    client.until_connected()
    assert client.store(["k"], [b"v"]).ok


def test_hello_again_after_every_connect(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target)
    for epoch in range(1, 5):
        client.until_connected()
        assert client.store([f"k{epoch}"], [b"v"]).ok
        assert len(fake.hellos) == epoch
        fake.kill()
        assert client.lookup(["k1"]) == [False]
        fake.start()
    client.until_connected()
    assert client.lookup([f"k{epoch}" for epoch in range(1, 5)]) == [True] * 4


def test_an_idle_client_notices_a_restart(
    fake: FakeDaemon, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kvstore_lmcache._link.HELLO_INTERVAL_SECONDS", 0.05)
    caplog.set_level(logging.INFO, "kvstore_lmcache")
    client = connect(fake.target)
    client.until_connected()
    fake.kill()
    deadline = time.monotonic() + 10
    while client.client.stats()["connected"]:
        assert time.monotonic() < deadline, "the client did not see that the daemon has gone"
        time.sleep(0.01)
    fake.start()
    client.until_connected()
    assert "epoch 2" in caplog.messages[-1]
    # The end of an outage is as loud as its beginning.
    assert [record.levelname for record in caplog.records] == ["INFO", *["WARNING"] * (len(caplog.records) - 1)]
