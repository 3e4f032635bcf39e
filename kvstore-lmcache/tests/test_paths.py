"""Which way payload goes, and that every way is counted, logged once, and can be forced."""

from __future__ import annotations

import ctypes
import logging
import mmap
import multiprocessing.shared_memory
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arena import Arena
from conftest import require_regions
from fake_daemon import FakeDaemon
from kvstore_lmcache._mappings import Mappings
from kvstore_lmcache._memory import address_of, copy
from real_daemon import RealDaemon
from waiter import Waiter

MIB = 1024 * 1024

Connect = Callable[..., Waiter]


def ways(client: Waiter) -> dict[str, int]:
    """How many chunks went which way."""
    stats = client.client.stats()
    return {
        path: stats[f"path_{path}_chunks"] for path in ("in_place", "staged", "stream") if stats[f"path_{path}_chunks"]
    }


def round_trip(client: Waiter, key: str, source: memoryview, goal: memoryview) -> None:
    assert client.wait(client.client.submit_batch_set([key], [source])).results == [True]
    assert client.wait(client.client.submit_batch_get([key], [goal])).results == [True]
    assert goal == source


@pytest.fixture
def regional(target: str) -> str:
    """A daemon with a region socket: the fake one, then the real one."""
    require_regions(target)
    return target


class TestInPlace:
    """Memory that is a file in memory, however it became one."""

    @pytest.mark.parametrize("unlinked", [False, True])
    def test_dev_shm(self, regional: str, connect: Connect, prefix: str, unlinked: bool) -> None:
        arena = Arena(unlinked=unlinked)
        client = connect(regional, arena)
        content = os.urandom(3 * MIB)
        assert client.store([prefix], [content]).ok
        assert client.load([prefix], [len(content)]) == ([True], [content])
        assert ways(client) == {"in_place": 2}
        assert client.client.stats()["regions"] == 1
        assert client.client.stats()["path_in_place_bytes"] == 6 * MIB
        arena.close()

    def test_python_shared_memory(self, regional: str, connect: Connect, prefix: str) -> None:
        client = connect(regional, payload_path="in_place")
        shared = multiprocessing.shared_memory.SharedMemory(create=True, size=4 * MIB)
        try:
            assert shared.buf is not None
            shared.buf[:MIB] = os.urandom(MIB)
            round_trip(client, prefix, shared.buf[:MIB], shared.buf[2 * MIB : 3 * MIB])
        finally:
            client.client.close()
            shared.unlink()
            shared.close()
        assert ways(client) == {"in_place": 2}

    def test_memfd_that_is_mapped_from_its_middle(self, regional: str, connect: Connect, prefix: str) -> None:
        client = connect(regional, payload_path="in_place")
        fd = os.memfd_create("test")
        os.ftruncate(fd, 8 * MIB)
        memory = mmap.mmap(fd, 4 * MIB, offset=4 * MIB)
        whole = memoryview(memory)
        whole[:MIB] = os.urandom(MIB)
        round_trip(client, prefix, whole[:MIB], whole[MIB : 2 * MIB])
        assert os.pread(fd, MIB, 5 * MIB) == bytes(whole[:MIB])
        os.close(fd)

    @pytest.mark.parametrize(("start", "size"), [(1, 1), (1, 4096), (4095, 4098), (12345, 1_234_567)])
    def test_anywhere_in_it(
        self, regional: str, connect: Connect, arena: Arena, prefix: str, start: int, size: int
    ) -> None:
        client = connect(regional, payload_path="in_place")
        whole = arena.piece(8 * MIB)
        whole[start : start + size] = os.urandom(size)
        around = whole[4 * MIB :]
        around[:] = b"\xaa" * len(around)
        round_trip(client, prefix, whole[start : start + size], around[start : start + size])
        assert set(around[:start]) == {0xAA}
        assert set(around[start + size : start + size + 10_000]) == {0xAA}

    def test_read_only_views_are_stored(self, regional: str, connect: Connect, arena: Arena, prefix: str) -> None:
        client = connect(regional, payload_path="in_place")
        content = os.urandom(MIB)
        view = arena.piece(MIB, content).toreadonly()
        assert client.wait(client.client.submit_batch_set([prefix], [view])).ok
        assert connect(regional).load([prefix], [MIB]) == ([True], [content])

    def test_views_as_lmcache_makes_them(self, regional: str, connect: Connect, arena: Arena, prefix: str) -> None:
        client = connect(regional, payload_path="in_place")
        base = address_of(memoryview(arena.memory))
        source = (ctypes.c_ubyte * MIB).from_address(base)
        goal = (ctypes.c_ubyte * MIB).from_address(base + MIB)
        ctypes.memmove(source, os.urandom(MIB), MIB)
        assert client.wait(client.client.submit_batch_set([prefix], [memoryview(source)])).ok
        assert client.wait(client.client.submit_batch_get([prefix], [memoryview(goal)])).results == [True]
        assert bytes(goal) == bytes(source)

    def test_two_files_and_private_memory_in_one_batch(self, regional: str, connect: Connect, prefix: str) -> None:
        arenas = [Arena(), Arena()]
        client = connect(regional, channels=1)
        keys = [f"{prefix}{number}" for number in range(6)]
        contents = [os.urandom(100_000) for _ in keys]

        def views(filled: bool) -> list[memoryview]:
            fresh = [memoryview(bytearray(100_000)) for _ in keys]
            for at, content in enumerate(contents):
                if at % 3 < 2:
                    fresh[at] = arenas[at % 3].piece(100_000)
                fresh[at][:] = content if filled else bytes(100_000)
            return fresh

        assert client.wait(client.client.submit_batch_set(keys, views(filled=True))).ok
        loaded = views(filled=False)
        assert client.wait(client.client.submit_batch_get(keys, loaded)).results == [True] * 6
        assert loaded == contents
        assert ways(client) == {"in_place": 8, "staged": 4}
        for arena in arenas:
            arena.close()

    def test_memory_that_is_mapped_no_more_is_given_up(self, fake: FakeDaemon, connect: Connect) -> None:
        assert fake.regions is not None
        client = connect(fake.target)
        for number in range(3):
            memory = Arena(MIB)
            assert client.wait(client.client.submit_batch_set([f"k{number}"], [memory.piece(1000, b"x" * 1000)])).ok
            memory.close()
            memory.memory.close()
        assert client.store(["private"], [b"v"]).ok
        assert client.client.stats()["regions"] == 4
        deadline = time.monotonic() + 10
        while len(fake.regions.by_id) > 1:  # the staging memory stays
            assert time.monotonic() < deadline


class TestElsewhere:
    """What is not one piece of one file in memory."""

    def test_private_memory_is_staged(self, regional: str, connect: Connect, prefix: str) -> None:
        client = connect(regional)
        anonymous = memoryview(mmap.mmap(-1, 2 * MIB))
        round_trip(client, prefix, memoryview(os.urandom(2 * MIB)), anonymous)
        assert ways(client) == {"staged": 2}
        assert client.client.stats()["regions"] == 1

    def test_a_file_on_a_disk_is_staged(self, regional: str, connect: Connect, prefix: str, tmp_path: Path) -> None:
        client = connect(regional)
        with (tmp_path / "file").open("w+b") as file:
            file.truncate(2 * MIB)
            round_trip(client, prefix, memoryview(os.urandom(2 * MIB)), memoryview(mmap.mmap(file.fileno(), 2 * MIB)))
        assert ways(client) == {"staged": 2}

    def test_a_chunk_larger_than_the_staging_memory_streams(self, regional: str, connect: Connect, prefix: str) -> None:
        client = connect(regional, staging_bytes=2 * MIB)
        for number, size in enumerate((2 * MIB, 2 * MIB + 1)):
            round_trip(client, f"{prefix}{number}", memoryview(os.urandom(size)), memoryview(bytearray(size)))
        assert ways(client) == {"staged": 2, "stream": 2}

    def test_more_than_the_staging_memory_at_once(self, regional: str, connect: Connect, prefix: str) -> None:
        """Stores and loads compete for it, with values that leave gaps."""
        client = connect(regional, staging_bytes=4 * MIB, payload_path="staged")
        rng_sizes = [1 + (number * 377_777) % (3 * MIB) for number in range(24)]
        keys = [f"{prefix}{number:02}" for number in range(24)]
        contents = [os.urandom(size) for size in rng_sizes]
        assert client.store(keys[:12], contents[:12]).ok
        goals = [bytearray(size) for size in rng_sizes[:12]]
        store = client.client.submit_batch_set(keys[12:], [memoryview(content) for content in contents[12:]])
        load = client.client.submit_batch_get(keys[:12], goals)
        assert client.wait(store).ok
        assert client.wait(load).results == [True] * 12
        assert goals == contents[:12]
        assert client.load(keys[12:], rng_sizes[12:]) == ([True] * 12, contents[12:])

    def test_tcp_streams(self, real: RealDaemon, connect: Connect, arena: Arena, prefix: str) -> None:
        client = connect(real.tcp_target, arena)
        content = os.urandom(MIB + 1)
        assert client.store([prefix], [content]).ok
        assert client.load([prefix], [len(content)]) == ([True], [content])
        assert ways(client) == {"stream": 2}


class TestRefusals:
    """A daemon that shares no memory serves all the same."""

    def test_refused_memory_takes_another_way(
        self, fake: FakeDaemon, connect: Connect, arena: Arena, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert fake.regions is not None
        fake.regions.refusal = "user 1000 is not in region.allowed-uids"
        client = connect(fake.target, arena)
        for number in range(5):
            assert client.store([f"k{number}"], [b"v" * MIB]).ok
            assert client.load([f"k{number}"], [MIB])[0] == [True]
        assert ways(client) == {"stream": 10}
        assert client.client.stats()["regions_refused"] == 2
        (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert f"the daemon does not share {arena.path} (user 1000 is not in region.allowed-uids)" in warning

    def test_without_a_region_socket(self, fake: FakeDaemon, connect: Connect, arena: Arena) -> None:
        fake.regions, regions = None, fake.regions
        client = connect(fake.target, arena)
        assert client.store(["k"], [b"v" * MIB]).ok
        assert client.load(["k"], [MIB]) == ([True], [b"v" * MIB])
        assert ways(client) == {"stream": 2}
        assert regions is not None
        regions.stop()

    def test_a_region_socket_that_is_gone(self, fake: FakeDaemon, connect: Connect, arena: Arena) -> None:
        assert fake.regions is not None
        fake.regions.stop()
        Path(fake.regions.path).unlink()
        client = connect(fake.target, arena)
        assert client.store(["k"], [b"v" * MIB]).ok
        assert ways(client) == {"stream": 1}

    def test_without_memory_for_staging(
        self, fake: FakeDaemon, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(*_: object) -> int:
            raise PermissionError("not in this container")

        monkeypatch.setattr("os.memfd_create", refuse)
        client = connect(fake.target)
        for _ in range(3):
            assert client.store(["k"], [b"v" * MIB]).ok
        assert ways(client) == {"stream": 3}
        (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert warning == "no memory of this process to share: not in this container"

    def test_a_forced_way_that_is_impossible_fails_loudly(
        self, fake: FakeDaemon, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert connect(fake.target).store(["there"], [b"v" * MIB]).ok
        client = connect(fake.target, payload_path="in_place")
        assert client.store(["k"], [b"v" * MIB]) == (False, "1 of 1 chunks were not stored: dropped", [False])
        assert client.load(["there"], [MIB])[0] == [False]
        small = connect(fake.target, payload_path="staged", staging_bytes=MIB)
        assert small.store(["k", "small"], [b"v" * (2 * MIB), b"v"]).results == [False, True]
        assert client.client.stats()["path_impossible_chunks"] == 2
        assert small.client.stats()["path_impossible_chunks"] == 1
        assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
        assert "payload_path=in_place" in caplog.messages[0]
        assert "payload_path=staged" in caplog.messages[1]


def test_the_ways_are_logged_once_a_session(
    fake: FakeDaemon, connect: Connect, arena: Arena, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kvstore_lmcache")
    client = connect(fake.target, staging_bytes=MIB)
    for _ in range(2):
        for _ in range(3):
            client.wait(client.client.submit_batch_set(["a"], [arena.piece(1000)]))
            client.store(["b", "c"], [b"v" * 1000, b"v" * (2 * MIB)])
        assert sorted(message for message in caplog.messages if "payload path" in message) == [
            f"payload path in place: the daemon reads and writes {arena.path} of this process by itself",
            "payload path staged: through the staging memory, with one copy",
            "payload path stream: in messages",
        ]
        caplog.clear()
        fake.kill()
        assert client.lookup(["a"]) == [False]
        fake.start()
        client.until_connected()


def lines(*entries: str) -> Iterator[str]:
    return (f"{entry}\n" for entry in entries)


class TestMappings:
    """/proc/self/maps, line by line."""

    FILE = "00:17 42                         /dev/shm/lmcache_l1_pool_x"

    def test_only_what_can_be_shared_counts(self) -> None:
        mappings = Mappings(
            lines(
                f"1000-2000 r--s 00000000 {self.FILE}",
                f"2000-3000 rw-p 00000000 {self.FILE}",
                "3000-4000 rw-s 00000000 00:01 1                          /dev/zero (deleted)",
                "4000-5000 rw-s 00000000 08:01 2                          /home/file",
                "5000-6000 rw-s 00000000 00:00 0 ",
                "6000-7000 rw-s 00000000 00:01 7                          /SYSV00000000 (deleted)",
                f"7000-8000 rw-s 00001000 {self.FILE} with a name (deleted)",
                "8000-9000 rw-s 00002000 00:01 5                          /memfd:x (deleted)",
            )
        )
        assert mappings.files() == {(os.makedev(0, 0x17), 42), (os.makedev(0, 1), 5)}
        assert [bool(mappings.find(address, 0x1000)) for address in range(0x1000, 0xA000, 0x1000)] == [
            *[False] * 6,
            True,
            True,
            False,
        ]
        found = mappings.find(0x7010, 0x20)
        assert found is not None
        assert found[0].path.endswith("/lmcache_l1_pool_x with a name (deleted)")
        assert found[1] == 0x1010

    def test_across_mappings(self) -> None:
        mappings = Mappings(
            lines(
                f"1000-2000 rw-s 00000000 {self.FILE}",
                f"2000-3000 rw-s 00001000 {self.FILE}",  # goes on: the kernel splits mappings by their flags
                f"3000-4000 rw-s 00004000 {self.FILE}",  # jumps
                "4000-5000 rw-s 00005000 00:17 43                         /dev/shm/other",
            )
        )
        assert mappings.find(0x1800, 0x1800) is not None
        for address in (0x2800, 0x3800):
            assert mappings.find(address, 0x800) is not None
            assert mappings.find(address, 0x801) is None
        assert mappings.find(0xFFF, 2) is None
        assert mappings.find(0x4FFF, 2) is None

    def test_this_process(self, arena: Arena) -> None:
        view = arena.piece(MIB)
        found = Mappings.now().find(address_of(view) + 5, 10)
        assert found is not None
        file, offset = found
        assert (file.path, offset) == (str(arena.path), 5)
        os.close(file.open())
        with pytest.raises(FileNotFoundError):
            file._replace(inode=1).open()
        assert Mappings.now().find(address_of(memoryview(b"private")), 7) is None


@pytest.mark.parametrize("size", [0, 1, 256 * 1024 - 1, 256 * 1024, 5 * MIB + 3])
def test_copies(size: int) -> None:
    source = os.urandom(size)
    goal = bytearray(size)
    copy(memoryview(goal), memoryview(source))
    assert goal == source
    goal.append(1)  # would raise BufferError if something still held it
    with pytest.raises(ValueError, match="bytes to copy over"):
        copy(memoryview(goal), memoryview(source))


def test_a_large_copy_lets_other_threads_run() -> None:
    """With the lock held nobody could run between the beginning of a copy and its end."""
    source, goal = bytearray(64 * MIB), bytearray(64 * MIB)
    copying = threading.Event()
    rounds_while_copying = 0
    done = False

    def count() -> None:
        nonlocal rounds_while_copying
        while not done:
            rounds_while_copying += copying.is_set()
            time.sleep(0.0001)

    # From now on a thread runs only where another one gives the lock up by itself.
    interval_seconds = sys.getswitchinterval()
    counter = threading.Thread(target=count)
    counter.start()
    sys.setswitchinterval(1000)
    try:
        copying.set()
        for _ in range(1000):
            copy(memoryview(goal), memoryview(source))
            if rounds_while_copying:
                break
        copying.clear()
    finally:
        sys.setswitchinterval(interval_seconds)
        done = True
        counter.join()
    assert rounds_while_copying > 0


def test_the_address_of_a_view() -> None:
    memory = (ctypes.c_ubyte * 10)(*range(10))
    view = memoryview(memory).cast("B")
    assert address_of(view[3:]) == ctypes.addressof(memory) + 3
    assert address_of(view.toreadonly()) == ctypes.addressof(memory)
    assert list(view) == list(range(10))
