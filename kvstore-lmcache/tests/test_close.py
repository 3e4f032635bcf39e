"""After a completion and after close() the memory belongs to LMCache alone (LMCache #5263)."""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Callable

import pytest

from fake_daemon import FakeDaemon
from kvstore_lmcache import KvStoreClient
from kvstore_lmcache._work import Kind, Operation
from waiter import Waiter

MIB = 1024 * 1024


def test_a_finished_part_touches_nothing() -> None:
    finished: list[Operation] = []
    operation = Operation(1, Kind.LOAD, 1, deadline_seconds=0, on_finished=finished.append)
    buffer = bytearray(4)
    operation.add_part([0], [b"k"], [memoryview(buffer)])
    (part,) = operation.parts
    assert part.copy_in(0, 1, memoryview(b"xy"))
    assert part.copy_out(0, 0, 4, bytes) == b"\0xy\0"
    part.hits[0] = True
    part.finish()
    part.finish("too late")
    assert not part.copy_in(0, 0, memoryview(b"z"))
    assert part.copy_out(0, 0, 4, bytes) is None
    assert buffer == b"\0xy\0"
    buffer.clear()  # would raise BufferError while a view is held
    assert (finished, operation.results, operation.error) == ([operation], [True], "")


def test_finishing_waits_for_a_copy_under_way() -> None:
    operation = Operation(1, Kind.STORE, 1, deadline_seconds=0, on_finished=lambda _: None)
    operation.add_part([0], [b"k"], [memoryview(b"value")])
    (part,) = operation.parts
    copying = threading.Event()
    go_on = threading.Event()

    def slow_copy(piece: memoryview) -> bytes:
        copying.set()
        go_on.wait(10)
        return bytes(piece)

    copies: list[bytes | None] = []
    copier = threading.Thread(target=lambda: copies.append(part.copy_out(0, 0, 5, slow_copy)))
    copier.start()
    assert copying.wait(10)
    finisher = threading.Thread(target=part.finish)
    finisher.start()
    finisher.join(0.2)
    assert finisher.is_alive()
    go_on.set()
    finisher.join(10)
    copier.join(10)
    assert copies == [b"value"]


@pytest.mark.parametrize("turn", range(3))
def test_closing_during_transfers(fake: FakeDaemon, turn: int) -> None:
    """The memory is unmapped right after close(): a view still held makes that fail, a late touch ends the process."""
    client = KvStoreClient(target=fake.target, payload_path="stream")
    waiter = Waiter(client)
    size = 32 * MIB
    waiter.store(["there"], [b"x" * size])
    fake.faults.delay_seconds["frame"] = 0.005
    memory = [mmap.mmap(-1, size) for _ in range(4)]
    load = client.submit_batch_get(["there", "there"], [memoryview(area) for area in memory[:2]])
    store = client.submit_batch_set(["new 1", "new 2"], [memoryview(area) for area in memory[2:]])
    deadline = time.monotonic() + 10
    while not (memory[0][0] == ord("x") and "new 1" in str([begin.key for begin in fake.begins])):
        assert time.monotonic() < deadline
    time.sleep(0.02 * turn)

    start = time.monotonic()
    client.close()
    assert time.monotonic() - start < 10

    for area in memory:
        area.close()
    completions = {completion[0]: completion[1:] for completion in client.drain_completions()}
    assert completions[load] == (True, "closed", [False, False])
    assert completions[store][0] is False
    time.sleep(0.3)


def test_closing_frees_its_threads(fake: FakeDaemon, connect: Callable[..., Waiter]) -> None:
    connect(fake.target).until_connected()
    before = threading.active_count()
    for _ in range(3):
        client = KvStoreClient(target=fake.target)
        waiter = Waiter(client)
        waiter.store(["k"], [b"v"])
        waiter.load(["k"], [1])
        client.close()
    deadline = time.monotonic() + 10
    while threading.active_count() > before + 2:  # the fake daemon's own come and go
        assert time.monotonic() < deadline, [thread.name for thread in threading.enumerate()]
        time.sleep(0.05)
    assert not [thread.name for thread in threading.enumerate() if thread.name == "kvstore-load-4"]
