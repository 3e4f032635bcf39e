"""A daemon that is away, slow, full or wrong: misses and dropped stores, fast and counted."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_daemon import FakeDaemon
from kvstore_lmcache import KvStoreClient
from kvstore_lmcache._proto import kvstore_pb2 as pb
from waiter import Waiter

KIB = 1024
MIB = 1024 * KIB

# Far below every timeout of the clients in these tests, far above what a busy machine needs.
FAST_SECONDS = 5.0
NEVER_MILLIS = 600_000

Connect = Callable[..., Waiter]


@pytest.fixture
def connect(connect: Connect) -> Connect:
    """Opens clients whose payload travels in messages; test_fence.py has the failures of shared memory."""

    def open_client(target: str, **parameters: Any) -> Waiter:
        return connect(target, payload_path="stream", **parameters)

    return open_client


def patient(**parameters: int) -> dict[str, int]:
    """Parameters of a client that would wait for ever."""
    timeouts = ("lookup_timeout_millis", "load_timeout_millis", "store_timeout_millis", "connect_timeout_millis")
    return {**dict.fromkeys(timeouts, NEVER_MILLIS), **parameters}


def stored(client: Waiter, key: str = "k", size: int = 2 * MIB) -> int:
    assert client.store([key], [b"x" * size]).ok
    return size


class TestNobodyThere:
    """Without a daemon every answer is there at once."""

    @pytest.fixture(params=["no socket file", "stale socket file", "closed TCP port"])
    def nobody(self, request: pytest.FixtureRequest, socket_directory: Path) -> str:
        if request.param == "closed TCP port":
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                return f"127.0.0.1:{listener.getsockname()[1]}"
        path = socket_directory / "nobody"
        if request.param == "stale socket file":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        return f"unix:{path}"

    def test_misses_and_drops_at_once(self, nobody: str, connect: Connect) -> None:
        start = time.monotonic()
        client = connect(nobody, **patient())
        for _ in range(20):
            assert client.lookup(["a", "b"]) == [False, False]
            assert client.load(["a"], [MIB])[0] == [False]
            assert client.delete(["a"]) == [False]
            ok, error, results = client.store(["a"], [b"v"])
            assert (ok, results) == (False, [False])
            assert error == "1 of 1 chunks were not stored: no kvstore daemon"
        client.client.close()
        assert time.monotonic() - start < FAST_SECONDS
        stats = client.client.stats()
        assert stats["store_dropped"] == stats["store_dropped_disconnected"] == 20
        assert stats["connected"] == stats["connects"] == stats["pending_store_bytes"] == 0

    def test_one_line_says_so(self, nobody: str, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
        client = connect(nobody)
        for _ in range(50):
            client.lookup(["a"])
            time.sleep(0.01)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert f"no kvstore daemon at {nobody}" in caplog.text


def test_a_peer_that_never_speaks(connect: Connect) -> None:
    """A connection is accepted and nothing comes: the first call waits for its timeout, the others for nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        client = connect(target, connect_timeout_millis=1000, lookup_timeout_millis=2000)
        assert client.lookup(["a"]) == [False]
        start = time.monotonic()
        for _ in range(20):
            assert client.lookup(["a"]) == [False]
        assert time.monotonic() - start < FAST_SECONDS


def test_a_slow_lookup_is_a_miss(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, lookup_timeout_millis=200)
    stored(client)
    fake.faults.delay_seconds["Lookup"] = 60
    start = time.monotonic()
    assert client.lookup(["k"]) == [False]
    assert 0.15 < time.monotonic() - start < FAST_SECONDS
    assert client.client.stats()["timeouts"] == 1


def test_lookups_that_queue_keep_their_own_deadline(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, lookup_timeout_millis=1000)
    client.until_connected()
    fake.faults.delay_seconds["Lookup"] = 60
    start = time.monotonic()
    ids = [client.client.submit_batch_exists(["k"]) for _ in range(40)]
    for future_id in ids:
        assert client.wait(future_id).results == [False]
    assert time.monotonic() - start < FAST_SECONDS


def test_lookups_do_not_queue_behind_loads(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, channels=1)
    size = stored(client)
    fake.faults.hold["frame"] = threading.Event()
    load = client.client.submit_batch_get(["k"], [bytearray(size)])
    while not fake.gets:
        time.sleep(0.01)
    assert client.lookup(["k"]) == [True]
    fake.faults.hold["frame"].set()
    assert client.wait(load).results == [True]


def test_a_daemon_that_hangs_is_given_up(fake: FakeDaemon, connect: Connect) -> None:
    """After a call that timed out the daemon is asked for a sign of life, and without one nothing waits any more."""
    client = connect(fake.target, lookup_timeout_millis=1000, connect_timeout_millis=2000)
    client.until_connected()
    stored(client)
    fake.faults.delay_seconds.update(Lookup=60, Hello=60)
    assert client.lookup(["k"]) == [False]
    while client.client.stats()["connected"]:
        time.sleep(0.01)
    start = time.monotonic()
    for _ in range(20):
        assert client.lookup(["k"]) == [False]
    assert time.monotonic() - start < FAST_SECONDS
    fake.faults.delay_seconds.clear()
    client.until_connected()
    assert client.lookup(["k"]) == [True]


def test_a_late_load_is_a_miss_and_writes_no_more(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, load_timeout_millis=400)
    client.until_connected()
    size = stored(client)
    fake.faults.delay_seconds["frame"] = 0.15
    buffer = bytearray(size)
    assert client.wait(client.client.submit_batch_get(["k"], [buffer])).results == [False]
    buffer[:] = b"\xaa" * size
    time.sleep(0.8)
    assert buffer == b"\xaa" * size
    assert client.client.stats()["timeouts"] == 1


def test_a_late_store_is_dropped(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, store_timeout_millis=300)
    client.until_connected()
    fake.faults.delay_seconds["commit"] = 60
    outcome = client.store(["k"], [b"v"])
    assert outcome == (False, "1 of 1 chunks were not stored: timed out", [False])


@pytest.mark.parametrize("extra", [-1, 1])
def test_a_value_of_the_wrong_length_is_a_miss(fake: FakeDaemon, connect: Connect, extra: int) -> None:
    client = connect(fake.target)
    size = stored(client)
    fake.faults.extra_bytes = extra
    assert client.load(["k"], [size])[0] == [False]
    assert client.client.stats()["protocol_errors"] == 1
    fake.faults.extra_bytes = 0
    assert client.load(["k"], [size])[0] == [True]


def test_an_answer_for_another_key_is_a_miss(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target)
    size = stored(client)
    fake.faults.stray_index = True
    assert client.load(["k"], [size])[0] == [False]
    assert client.client.stats()["protocol_errors"] == 1


def test_a_bitmap_that_is_too_short_is_a_miss(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target)
    stored(client)
    fake.faults.short_bitmap = True
    assert client.lookup(["k"]) == [False]
    assert client.client.stats()["protocol_errors"] == 1


def test_what_came_before_a_break_counts(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, channels=1)
    keys = [f"k{number}" for number in range(4)]
    assert client.store(keys, [b"x" * MIB] * 4).ok
    fake.faults.cut_get_after_frames = 5  # two frames a value
    assert client.load(keys, [MIB] * 4)[0] == [True, True, False, False]


def test_a_shed_store_is_dropped_and_counted(
    fake: FakeDaemon, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(fake.target, channels=1)
    fake.faults.shed = pb.PUT_REASON_NO_SPACE
    keys = [f"k{number}" for number in range(10)]
    value = b"x" * (16 * MIB)
    ok, error, results = client.store(keys, [value] * 10)
    assert (ok, error, any(results)) == (False, "10 of 10 chunks were not stored: dropped", False)
    assert len(fake.begins) == 10
    stats = client.client.stats()
    assert stats["store_dropped"] == stats["store_shed_no_space"] == 10
    # A status stops the rest of its chunk's data.
    assert fake.data_bytes < 10 * len(value)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "the daemon shed a chunk: no_space "
    ]


def test_a_stored_value_is_not_sent_again(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, channels=1)
    stored(client, size=64 * MIB)
    sent = fake.data_bytes
    stored(client, size=64 * MIB)
    assert fake.data_bytes - sent < 32 * MIB
    assert client.client.stats()["store_already_stored"] == 1


def test_stores_beyond_the_bound_are_dropped(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, max_pending_bytes=3 * MIB, channels=1)
    client.until_connected()
    fake.faults.hold["Put"] = threading.Event()
    first = client.client.submit_batch_set(["a", "b"], [b"x" * MIB] * 2)
    second = client.client.submit_batch_set(["c", "d", "e"], [b"x" * MIB] * 3)
    assert client.client.stats()["pending_store_bytes"] == 3 * MIB
    fake.faults.hold["Put"].set()
    assert client.wait(first).ok
    assert client.wait(second) == (False, "2 of 3 chunks were not stored: dropped", [True, False, False])
    stats = client.client.stats()
    assert (stats["store_dropped_queue_full"], stats["pending_store_bytes"]) == (2, 0)
    assert client.store(["d", "e"], [b"x" * MIB] * 2).ok


def test_a_daemon_of_another_wire_version(fake: FakeDaemon, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    fake.faults.wire_version = 7
    client = connect(fake.target, **patient())
    assert client.lookup(["k"]) == [False]
    assert "chose wire version 7, this client speaks 1" in caplog.text
    fake.faults.wire_version = 1
    client.until_connected()


def test_hello_and_the_line_about_it(fake: FakeDaemon, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kvstore_lmcache")
    client = connect(fake.target)
    client.until_connected()
    client.lookup(["k"])
    (hello,) = fake.hellos
    assert hello.client_name.startswith("kvstore-lmcache ")
    assert len(hello.client_name.encode()) <= 128
    assert list(hello.wire_versions) == [1]
    assert caplog.messages == [
        f"connected to kvstore fake at {fake.target}: node n1, pool p1, epoch 1, I/O path odirect"
    ]


def test_the_daemons_limits_are_kept(fake: FakeDaemon, connect: Connect) -> None:
    fake.limits.frame_bytes = 64 * KIB
    fake.limits.keys = 3
    client = connect(fake.target, channels=1)
    keys = [f"k{number}" for number in range(7)]
    assert client.store(keys, [b"x" * 100_000] * 7).ok
    assert fake.longest_frame_bytes == 64 * KIB
    assert client.lookup(keys) == [True] * 7
    assert [len(lookup.keys) for lookup in fake.lookups] == [3, 3, 1]
    assert client.load(keys, [100_000] * 7)[0] == [True] * 7
    assert [len(get.keys) for get in fake.gets] == [3, 3, 1]


def test_one_client_id_for_all_calls(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target)
    other = connect(fake.target)
    stored(client, "a")
    client.lookup(["a"])
    other.lookup(["a"])
    assert {begin.client_id for begin in fake.begins} == {fake.lookups[0].client_id}
    assert len(fake.lookups[0].client_id) == 32
    assert fake.lookups[0].client_id != fake.lookups[1].client_id
    assert fake.lookups[0].lease_millis == 30_000


def test_a_key_whose_store_is_under_way_is_found_by_its_client_alone(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target)
    other = connect(fake.target)
    client.until_connected()
    fake.faults.hold["commit"] = threading.Event()
    store = client.client.submit_batch_set(["k"], [b"v"])
    while not fake.data_bytes:
        time.sleep(0.01)
    assert client.lookup(["k"]) == [True]
    assert other.lookup(["k"]) == [False]
    fake.faults.hold["commit"].set()
    assert client.wait(store).ok


def test_submitting_never_waits(fake: FakeDaemon, connect: Connect) -> None:
    client = connect(fake.target, **patient())
    client.until_connected()
    fake.faults.delay_seconds.update(dict.fromkeys(("Lookup", "Get", "Put"), 60))
    start = time.monotonic()
    ids = []
    for _ in range(10):
        ids.append(client.client.submit_batch_exists(["k"]))
        ids.append(client.client.submit_batch_get(["k"], [bytearray(1)]))
        ids.append(client.client.submit_batch_set(["k"], [b"v"]))
    assert time.monotonic() - start < FAST_SECONDS
    client.client.close()
    assert {completion[0] for completion in client.client.drain_completions()} == set(ids)


def test_a_bug_in_a_worker_is_a_miss(fake: FakeDaemon, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    client = connect(fake.target)
    stored(client)

    def broken(*_: object) -> Iterator[range]:
        raise KeyError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("kvstore_lmcache._transfer.batches", broken)
        patch.setattr("kvstore_lmcache._streams.batches", broken)
        assert client.lookup(["k"]) == [False]
        assert client.load(["k"], [2 * MIB])[0] == [False]
    assert client.lookup(["k"]) == [True]


def test_closing_a_client_that_is_still_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = KvStoreClient(target=f"127.0.0.1:{listener.getsockname()[1]}", connect_timeout_millis=NEVER_MILLIS)
        lookup = client.submit_batch_exists(["k"])
        start = time.monotonic()
        client.close()
        assert time.monotonic() - start < FAST_SECONDS
        assert client.drain_completions() == [(lookup, True, "closed", [False])]
