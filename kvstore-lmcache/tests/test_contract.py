"""What LMCache relies on, against the fake and against the real daemon."""

from __future__ import annotations

import ctypes
import random
import select
import threading
from collections.abc import Callable
from typing import Any

import pytest

from arena import Arena
from conftest import require_regions
from kvstore_lmcache import KvStoreClient
from waiter import Waiter

KIB = 1024
MIB = 1024 * KIB

Connect = Callable[..., Waiter]


def random_bytes(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture(params=["stream", "staged", "in_place"])
def connect(connect: Connect, arena: Arena, request: pytest.FixtureRequest) -> Connect:
    """Opens clients whose payload goes one of the three ways."""

    def open_client(target: str, **parameters: Any) -> Waiter:
        if request.param != "stream":
            require_regions(target)
        if request.param == "in_place":
            # Not forced: a test's own buffers are private, as are those of LMCache without --shm-name.
            return connect(target, arena, **parameters)
        return connect(target, payload_path=request.param, **parameters)

    return open_client


@pytest.mark.parametrize(
    "size",
    [1, 4095, 4096, 4097, 512 * KIB - 1, 512 * KIB, 512 * KIB + 1, 16 * MIB + 1],
)
def test_bytes_come_back_as_they_were(target: str, connect: Connect, prefix: str, size: int) -> None:
    client = connect(target)
    value = random_bytes(size, seed=size)

    assert client.lookup([prefix]) == [False]
    assert client.store([prefix], [value]) == (True, "", [True])
    assert client.lookup([prefix]) == [True]
    results, loaded = client.load([prefix], [size])
    assert results == [True]
    assert loaded == [value]


def test_a_frame_size_that_divides_nothing(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target, frame_bytes=100_003)
    value = random_bytes(3 * MIB, seed=1)

    assert client.store([prefix], [value]).ok
    assert client.load([prefix], [len(value)]) == ([True], [value])


def test_results_are_per_key(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target)
    keys = [f"{prefix}{number:04x}" for number in range(20)]
    there = keys[::3]
    values = [random_bytes(10_000 + number, seed=number) for number in range(len(there))]
    assert client.store(there, values).ok

    assert client.lookup(keys) == [key in there for key in keys]
    sizes = [10_000 + number // 3 for number in range(20)]
    results, loaded = client.load(keys, sizes)
    assert results == [key in there for key in keys]
    assert [value for value, hit in zip(loaded, results, strict=True) if hit] == values

    assert client.delete(keys[:10]) == [key in there for key in keys[:10]]
    assert client.lookup(keys) == [False] * 10 + [key in there for key in keys[10:]]


def test_another_length_is_a_miss(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target)
    assert client.store([prefix + "a", prefix + "b"], [b"x" * 5000, b"y" * 5000]).ok

    results, _ = client.load([prefix + "a", prefix + "b", prefix + "a"], [4999, 5000, 5001])

    assert results == [False, True, False]


def test_another_length_replaces(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target)
    assert client.store([prefix], [b"old" * 1000]).ok
    assert client.store([prefix], [b"newer" * 1000]).ok

    assert client.load([prefix], [5000]) == ([True], [b"newer" * 1000])
    assert client.load([prefix], [3000])[0] == [False]


def test_the_first_of_two_values_of_one_length_stays(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target)
    assert client.store([prefix], [b"first"]).ok
    assert client.store([prefix], [b"other"]).ok

    assert client.load([prefix], [5]) == ([True], [b"first"])
    assert client.client.stats()["store_already_stored"] == 1


def test_keys_and_views_that_cannot_be_are_misses(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target)
    keys = ["", "k" * 1025, "\ud800", prefix, prefix + "\N{SNOWMAN}"]
    values = [b"v"] * 5

    outcome = client.store(keys, values)
    assert not outcome.ok
    assert outcome.error.startswith("3 of 5 chunks were not stored")
    assert outcome.results == [False, False, False, True, True]
    assert client.lookup(keys) == [False, False, False, True, True]
    assert client.load(keys, [1] * 5)[0] == [False, False, False, True, True]
    assert client.load([prefix], [0])[0] == [False]
    assert client.store([prefix + "empty"], [b""]).results == [False]
    assert client.delete(keys) == [False, False, False, True, True]


def test_views_as_lmcache_makes_them(target: str, connect: Connect, prefix: str) -> None:
    """Arrays of ctypes at an address, whose memoryviews have the format '<B'."""
    client = connect(target)
    size = 3 * MIB
    source = (ctypes.c_ubyte * size).from_buffer_copy(random_bytes(size, seed=2))
    backing = (ctypes.c_ubyte * size)()
    goal = (ctypes.c_ubyte * size).from_address(ctypes.addressof(backing))
    assert memoryview(goal).format == "<B"

    assert client.wait(client.client.submit_batch_set([prefix], [memoryview(source)])).ok
    assert client.wait(client.client.submit_batch_get([prefix], [memoryview(goal)])).results == [True]
    assert bytes(backing) == bytes(source)


def test_empty_batches_complete(target: str, connect: Connect) -> None:
    client = connect(target)
    assert client.lookup([]) == []
    assert client.load([], []) == ([], [])
    assert client.store([], []) == (True, "", [])
    assert client.delete([]) == []


def test_wrong_calls_complete_instead_of_raising(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target)
    ok, error, results = client.wait(client.client.submit_batch_get([prefix, prefix], [memoryview(bytearray(1))]))
    assert (ok, results) == (False, [False, False])
    assert error == "2 keys and 1 views"
    ok, error, results = client.wait(client.client.submit_batch_get([prefix], [memoryview(b"read-only")]))
    assert (ok, results) == (False, [False])
    assert "read-only" in error
    assert client.wait(client.client.submit_batch_set([prefix], [7])).results == [False]


def test_more_keys_than_a_call_may_have(target: str, connect: Connect, prefix: str) -> None:
    client = connect(target)
    keys = [f"{prefix}{number}" for number in range(10_000)]
    stored = [keys[0], keys[63], keys[64], keys[9_999]]
    assert client.store(stored, [b"v"] * 4).ok

    assert client.lookup(keys) == [key in stored for key in keys]
    assert client.load(keys, [1] * len(keys))[0] == [key in stored for key in keys]
    assert client.delete(keys) == [key in stored for key in keys]


def test_the_descriptor_is_readable_while_completions_wait(target: str, connect: Connect) -> None:
    client = connect(target).client
    poll = select.poll()
    poll.register(client.event_fd(), select.POLLIN)
    assert poll.poll(0) == []

    ids = {client.submit_batch_exists(["a"]) for _ in range(5)}
    drained: set[int] = set()
    while drained != ids:
        assert poll.poll(10_000)
        drained |= {completion[0] for completion in client.drain_completions()}
    assert poll.poll(0) == []
    assert client.drain_completions() == []


def test_many_threads(target: str, connect: Connect, prefix: str) -> None:
    """Every thread submits at once; one drains, as in LMCache."""
    client = connect(target, channels=3).client
    threads = 8
    rounds = 4
    done = threading.Condition()
    outcomes: dict[int, list[int]] = {}
    problems: list[str] = []
    running = True

    def drain() -> None:
        poll = select.poll()
        poll.register(client.event_fd(), select.POLLIN)
        while running:
            if poll.poll(50):
                with done:
                    for future_id, _, _, results in client.drain_completions():
                        if future_id in outcomes:
                            problems.append(f"{future_id} completed twice")
                        outcomes[future_id] = results
                    done.notify_all()

    def wait(future_id: int) -> list[int]:
        with done:
            assert done.wait_for(lambda: future_id in outcomes, timeout=60)
            return outcomes[future_id]

    def work(number: int) -> None:
        for turn in range(rounds):
            keys = [f"{prefix}{number}.{turn}.{at}" for at in range(5)]
            values = [random_bytes(70_000 * at + 1, seed=number * 100 + turn * 10 + at) for at in range(5)]
            buffers = [bytearray(len(value)) for value in values]
            if not all(wait(client.submit_batch_set(keys, [memoryview(value) for value in values]))):
                problems.append(f"{keys[0]} was not stored")
            if not all(wait(client.submit_batch_exists(keys))):
                problems.append(f"{keys[0]} was not found")
            if not all(wait(client.submit_batch_get(keys, [memoryview(buffer) for buffer in buffers]))):
                problems.append(f"{keys[0]} was not loaded")
            if buffers != values:
                problems.append(f"{keys[0]} has other bytes")

    drainer = threading.Thread(target=drain)
    drainer.start()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    running = False
    drainer.join()
    assert problems == []
    assert len(outcomes) == threads * rounds * 3
    stats = client.stats()
    assert stats["store_stored"] == stats["load_hits"] == stats["lookup_hits"] == threads * rounds * 5
    assert stats["pending_store_bytes"] == 0


def test_two_clients_share(target: str, connect: Connect, prefix: str) -> None:
    assert connect(target).store([prefix], [b"shared"]).ok
    assert connect(target).load([prefix], [6]) == ([True], [b"shared"])


def test_a_closed_client_answers_misses(target: str, prefix: str) -> None:
    client = KvStoreClient(target=target)
    client.close()
    client.close()
    future_id = client.submit_batch_exists([prefix])
    assert client.drain_completions() == [(future_id, False, "the client is closed", [False])]
    assert client.event_fd() == -1
