"""The caller's memory is the caller's again only when the daemon cannot reach it any more.

``hold["item"]`` of the fake daemon is a disk that hangs with the memory in its hands: half a chunk is read or written.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from arena import Arena
from fake_daemon import FakeDaemon
from kvstore_lmcache import KvStoreClient
from kvstore_lmcache._staging import ALIGNMENT_BYTES, Blocks
from waiter import Outcome, Waiter

MIB = 1024 * 1024

Connect = Callable[..., Waiter]


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kvstore_lmcache._flights.GRACE_SECONDS", 0.2)


@pytest.fixture
def hang(fake: FakeDaemon) -> Iterator[threading.Event]:
    """Set it to let the disk go on."""
    event = threading.Event()
    yield event
    event.set()


def until(condition: Callable[[], bool], limit_seconds: float = 20) -> None:
    deadline = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_complete(client: Waiter, future_id: int, within_seconds: float) -> bool:
    try:
        client.wait(future_id, within_seconds)
    except AssertionError:
        return False
    return True


class TestInPlace:
    """A view that is lent."""

    @pytest.mark.parametrize("kind", ["load", "store"])
    def test_a_timeout_waits_for_the_fence(
        self, fake: FakeDaemon, connect: Connect, arena: Arena, hang: threading.Event, kind: str
    ) -> None:
        client = connect(fake.target, arena, load_timeout_millis=300, store_timeout_millis=300)
        client.until_connected()
        value = b"v" * MIB
        if kind == "load":
            assert client.store(["k"], [value]).ok
        fake.faults.hold["item"] = hang
        arena.reuse()
        view = arena.piece(MIB, bytes(MIB) if kind == "load" else value)
        submit = client.client.submit_batch_get if kind == "load" else client.client.submit_batch_set
        future_id = submit(["k"], [view])
        until(lambda: client.client.stats()["timeouts"] == 1)
        assert client.client.stats()["regions_fenced"] == 1
        assert not is_complete(client, future_id, within_seconds=0.5)

        # Others are served meanwhile, another way.
        del fake.faults.hold["item"]
        other = arena.piece(1000)
        assert client.wait(client.client.submit_batch_set(["other"], [other])).ok
        assert client.client.stats()["path_staged_chunks"] == 1

        hang.set()
        outcome = client.wait(future_id)
        assert outcome.results == [False]
        view[:] = b"\xaa" * MIB
        # A new region, and nothing of the old one in it.
        assert client.wait(client.client.submit_batch_set(["new"], [view])).ok
        assert bytes(view) == b"\xaa" * MIB
        stats = client.client.stats()
        assert (stats["regions_fenced"], stats["timeouts"]) == (1, 1)
        assert stats["path_in_place_chunks"] == (2 if kind == "load" else 1)
        if kind == "store":
            # What the daemon had begun it ended: the chunk is whole, although nobody was told.
            assert fake.values[b"k"] == value

    def test_results_that_came_before_count(
        self, fake: FakeDaemon, connect: Connect, arena: Arena, hang: threading.Event
    ) -> None:
        client = connect(fake.target, arena, load_timeout_millis=500, channels=1)
        assert client.store(["a", "b"], [b"a" * MIB, b"b" * MIB]).ok
        arena.reuse()
        views = [arena.piece(MIB), arena.piece(MIB)]
        fake.faults.lost_result = True
        outcome = client.wait(client.client.submit_batch_get(["a", "b"], views))
        assert outcome.results == [True, False]
        assert views[0] == b"a" * MIB
        stats = client.client.stats()
        assert (stats["protocol_errors"], stats["regions_fenced"]) == (1, 1)

    def test_a_result_for_another_item_is_a_miss(self, fake: FakeDaemon, connect: Connect, arena: Arena) -> None:
        client = connect(fake.target, arena)
        assert client.store(["k"], [b"v" * MIB]).ok
        fake.faults.stray_index = True
        assert client.load(["k"], [MIB])[0] == [False]
        fake.faults.stray_index = False
        assert client.load(["k"], [MIB]) == ([True], [b"v" * MIB])
        stats = client.client.stats()
        assert (stats["protocol_errors"], stats["regions_fenced"]) == (1, 1)

    @pytest.mark.parametrize("kind", ["load", "store"])
    def test_close_waits_for_the_fence(self, fake: FakeDaemon, arena: Arena, hang: threading.Event, kind: str) -> None:
        client = KvStoreClient(target=fake.target)
        fake.values[b"k"] = b"v" * MIB
        fake.faults.hold["item"] = hang
        view = arena.piece(MIB)
        future_id = (
            client.submit_batch_get(["k"], [view]) if kind == "load" else client.submit_batch_set(["new"], [view])
        )
        until(lambda: fake.items_under_way == 1)
        closer = threading.Thread(target=client.close)
        closer.start()
        closer.join(1.0)
        assert closer.is_alive()
        assert client.drain_completions() == []
        hang.set()
        closer.join(10)
        assert not closer.is_alive()
        view[:] = b"\xaa" * MIB
        ((completed, _, error, results),) = client.drain_completions()
        assert (completed, results) == (future_id, [False])
        assert "closed" in error
        assert bytes(view) == b"\xaa" * MIB
        assert fake.items_under_way == 0

    def test_close_during_many(self, fake: FakeDaemon, arena: Arena) -> None:
        """Whatever it interrupts, nothing is written afterwards, and nothing is forgotten."""
        fake.values.update({f"k{number}".encode(): b"v" * MIB for number in range(8)})
        for turn in range(10):
            client = KvStoreClient(target=fake.target, payload_path="in_place")
            arena.reuse()
            views = [arena.piece(MIB) for _ in range(16)]
            ids = {
                client.submit_batch_get([f"k{number}" for number in range(8)], views[:8]),
                client.submit_batch_set([f"new {turn} {number}" for number in range(8)], views[8:]),
            }
            time.sleep(0.002 * turn)
            client.close()
            after = [bytes(view) for view in views]
            assert {completion[0] for completion in client.drain_completions()} == ids
            time.sleep(0.02)
            assert [bytes(view) for view in views] == after
            assert fake.items_under_way == 0

    def test_the_death_of_the_daemon_is_a_fence(
        self, fake: FakeDaemon, connect: Connect, arena: Arena, hang: threading.Event
    ) -> None:
        client = connect(fake.target, arena)
        assert client.store(["k"], [b"v" * MIB]).ok
        fake.faults.hold["item"] = hang
        arena.reuse()
        load = client.client.submit_batch_get(["k"], [arena.piece(MIB)])
        until(lambda: fake.items_under_way == 1)
        fake.kill()
        assert client.wait(load).results == [False]
        assert fake.items_under_way == 0
        fake.faults.hold.clear()
        fake.start()
        client.until_connected()
        assert client.load(["k"], [MIB]) == ([True], [b"v" * MIB])
        assert client.client.stats()["path_in_place_chunks"] == 2

    def test_a_fence_that_does_not_come_is_loud(
        self,
        fake: FakeDaemon,
        connect: Connect,
        arena: Arena,
        hang: threading.Event,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr("kvstore_lmcache._region.COMPLAINT_SECONDS", 0.1)
        client = connect(fake.target, arena, store_timeout_millis=200)
        client.until_connected()
        fake.faults.hold["item"] = hang
        store = client.client.submit_batch_set(["k"], [arena.piece(MIB)])
        until(lambda: "has not let go of" in caplog.text)
        assert caplog.records[-1].levelno == logging.ERROR
        hang.set()
        assert client.wait(store).results == [False]

    def test_a_region_that_the_daemon_dropped_is_made_anew(
        self, fake: FakeDaemon, connect: Connect, arena: Arena
    ) -> None:
        """The daemon restarts so quickly that gRPC's connections notice nothing."""
        assert fake.regions is not None
        client = connect(fake.target, arena)
        assert client.store(["k"], [b"v" * MIB]).ok
        fake.regions.stop()
        fake.regions.start()
        assert client.load(["k"], [MIB]) == ([True], [b"v" * MIB])
        stats = client.client.stats()
        assert (stats["regions"], stats["path_in_place_chunks"], stats["connects"]) == (2, 2, 1)


class TestStaged:
    """The caller's view is free at once; the staging memory is not."""

    @pytest.mark.parametrize("kind", ["load", "store"])
    def test_a_timeout_completes_and_the_block_is_kept(
        self, fake: FakeDaemon, connect: Connect, hang: threading.Event, kind: str
    ) -> None:
        client = connect(
            fake.target, staging_bytes=4 * MIB, load_timeout_millis=300, store_timeout_millis=300, channels=1
        )
        client.until_connected()
        fake.values[b"k"] = b"v" * (3 * MIB)
        fake.faults.hold["item"] = hang
        start = time.monotonic()
        if kind == "load":
            buffer = bytearray(3 * MIB)
            assert client.wait(client.client.submit_batch_get(["k"], [buffer])).results == [False]
            buffer[:] = b"\xaa" * len(buffer)
        else:
            assert client.store(["new"], [b"n" * (3 * MIB)]) == Outcome(
                False, "1 of 1 chunks were not stored: timed out", [False]
            )
        assert time.monotonic() - start < 5
        assert client.client.stats()["regions_fenced"] == 1
        blocks = client.client._staging.blocks
        assert blocks.free_bytes() == MIB

        # Meanwhile, another way.
        del fake.faults.hold["item"]
        assert client.store(["other"], [b"o" * (3 * MIB)]).ok
        assert client.client.stats()["path_stream_chunks"] == 1

        hang.set()
        until(lambda: blocks.free_bytes() == 4 * MIB)
        assert client.load(["other"], [3 * MIB]) == ([True], [b"o" * (3 * MIB)])
        assert client.client.stats()["path_staged_chunks"] == 1
        if kind == "load":
            assert buffer == b"\xaa" * len(buffer)

    def test_close_waits_for_nobody(self, fake: FakeDaemon, hang: threading.Event) -> None:
        client = KvStoreClient(target=fake.target)
        fake.values[b"k"] = b"v" * MIB
        fake.faults.hold["item"] = hang
        buffer = bytearray(MIB)
        load = client.submit_batch_get(["k"], [buffer])
        store = client.submit_batch_set(["new"], [b"n" * MIB])
        until(lambda: fake.items_under_way == 2)
        start = time.monotonic()
        client.close()
        assert time.monotonic() - start < 5
        assert {completion[0] for completion in client.drain_completions()} == {load, store}
        buffer.clear()  # would raise BufferError while a view is held

    def test_the_next_window_is_copied_while_one_is_with_the_daemon(
        self, fake: FakeDaemon, connect: Connect, hang: threading.Event
    ) -> None:
        client = connect(fake.target, staging_bytes=16 * MIB, channels=1)
        fake.faults.hold["item"] = hang
        keys = [f"k{number}" for number in range(4)]
        store = client.client.submit_batch_set(keys, [os.urandom(2 * MIB) for _ in keys])
        until(lambda: fake.items_under_way == 2)
        hang.set()
        assert client.wait(store).ok
        assert len(fake.store_froms) == 4
        assert fake.most_items_under_way == 2

    def test_the_memory_is_sealed_and_aligned(self, fake: FakeDaemon, connect: Connect) -> None:
        assert fake.regions is not None
        client = connect(fake.target)
        assert client.store([f"k{number}" for number in range(5)], [b"v" * 100_000] * 5).ok
        (region,) = fake.regions.by_id.values()
        assert region.is_sealed
        offsets = [item.offset for request in fake.store_froms for item in request.items]
        assert len(set(offsets)) == 5
        assert {offset % ALIGNMENT_BYTES for offset in offsets} == {0}


class TestBlocks:
    """Who gets which piece of the staging memory, and when."""

    def test_pieces_come_from_the_front_and_merge(self) -> None:
        blocks = Blocks(100)
        assert [blocks.take(40, 0), blocks.take(40, 0), blocks.take(20, 0), blocks.take(1, 0)] == [0, 40, 80, None]
        blocks.give_back(0, 40)
        blocks.give_back(80, 20)
        assert blocks.take(50, 0) is None
        blocks.give_back(40, 40)
        assert blocks.take(100, 0) == 0

    def test_nobody_passes_one_who_waits(self) -> None:
        blocks = Blocks(100)
        assert blocks.take(60, 0) == 0
        got: list[int | None] = []
        waiter = threading.Thread(target=lambda: got.append(blocks.take(100, time.monotonic() + 20)))
        waiter.start()

        def nothing_left() -> bool:
            if blocks.take(1, 0) is None:
                return True
            blocks.give_back(60, 1)
            return False

        until(nothing_left)
        blocks.give_back(0, 60)
        waiter.join(10)
        assert got == [0]

    def test_closing_ends_the_waiting(self) -> None:
        blocks = Blocks(100)
        assert blocks.take(100, 0) == 0
        got: list[int | None] = []
        waiter = threading.Thread(target=lambda: got.append(blocks.take(1, time.monotonic() + 60)))
        waiter.start()
        blocks.close()
        waiter.join(10)
        assert got == [None]
