"""Clients that play games with memory they share: they hurt nobody but themselves."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import real_daemon
from conftest import require_real_daemon
from kvstore_lmcache._proto import kvstore_pb2 as pb
from raw_region import RawRegion, RefusedError, connect, read_to_end

MIB = 1 << 20
KEYS = 24
SEED = 7

# Of Linux include/uapi/linux/fcntl.h; Python 3.10 lacks one of them.
F_ADD_SEALS = 1033
F_SEAL_WRITE = 8


@pytest.fixture
def region(real: real_daemon.RealDaemon) -> Iterator[RawRegion]:
    """An honest client's region."""
    honest = RawRegion(real.target, KEYS * MIB)
    yield honest
    honest.close()


@pytest.fixture
def player(real: real_daemon.RealDaemon) -> Iterator[RawRegion]:
    """The region of a client that plays."""
    dishonest = RawRegion(real.target, KEYS * MIB)
    yield dishonest
    dishonest.close()


def items(prefix: str) -> list[tuple[str, int, int]]:
    return [(f"{prefix}{i}", i * MIB, MIB) for i in range(KEYS)]


@pytest.fixture
def known(region: RawRegion, prefix: str) -> bytes:
    """What lies under :func:`items` of ``prefix``, stored by the honest client."""
    content = random.Random(SEED).randbytes(KEYS * MIB)
    region.memory[:] = content
    results = region.store(items(prefix))
    assert all(results[i].status == pb.PUT_STATUS_STORED for i in range(KEYS))
    return content


def assert_right(region: RawRegion, prefix: str, content: bytes) -> None:
    """The honest client finds all of it, and every byte."""
    region.memory[:] = bytes(KEYS * MIB)
    results = region.load(items(prefix))
    assert all(results[i].status == pb.GET_STATUS_HIT for i in range(KEYS))
    assert region.memory[:] == content


@contextmanager
def meanwhile(play: Callable[[], None]) -> Iterator[None]:
    """Does something again and again beside what the block does; at least once."""
    stop = threading.Event()
    played = threading.Event()

    def run() -> None:
        while not stop.is_set():
            play()
            played.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert played.wait(60)
        yield
    finally:
        stop.set()
        thread.join()


def test_memory_that_shrinks_ends_nobody_but_its_own_chunks(
    region: RawRegion, player: RawRegion, prefix: str, known: bytes
) -> None:
    chance = random.Random(SEED)

    def cut() -> None:
        os.ftruncate(player.fd, chance.randrange(KEYS * MIB))
        os.ftruncate(player.fd, KEYS * MIB)

    with meanwhile(cut):
        for turn in range(12):
            stored = player.store(items(f"{prefix}cut{turn}@"))
            loaded = player.load(items(prefix))
            assert len(stored) == len(loaded) == KEYS
            for put in stored.values():
                assert put.status in (pb.PUT_STATUS_STORED, pb.PUT_STATUS_SHED)
                assert put.reason in (pb.PUT_REASON_UNSPECIFIED, pb.PUT_REASON_REGION_GONE), put.message
            for got in loaded.values():
                assert got.reason in (pb.MISS_REASON_UNSPECIFIED, pb.MISS_REASON_REGION_GONE)
    assert_right(region, prefix, known)


def test_bytes_that_change_while_they_are_stored_are_never_a_wrong_hit(
    region: RawRegion, player: RawRegion, prefix: str
) -> None:
    chance = random.Random(SEED)
    changing = items(f"{prefix}changing@")

    def scribble() -> None:
        at = chance.randrange(KEYS * MIB - 4096)
        player.memory[at : at + 4096] = chance.randbytes(4096)

    with meanwhile(scribble):
        stored = player.store(changing)
    assert all(result.status == pb.PUT_STATUS_STORED for result in stored.values())

    first = region.load(changing)
    hits = [i for i in range(KEYS) if first[i].status == pb.GET_STATUS_HIT]
    content = region.memory[:]
    assert all(first[i].reason == pb.MISS_REASON_CORRUPT for i in range(KEYS) if i not in hits)
    region.memory[:] = bytes(KEYS * MIB)
    second = region.load(changing)
    # What was right once stays right and the same; what was not is not there any more.
    assert [i for i in range(KEYS) if second[i].status == pb.GET_STATUS_HIT] == hits
    assert all(region.memory[i * MIB : (i + 1) * MIB] == content[i * MIB : (i + 1) * MIB] for i in hits)


def test_bytes_that_change_while_they_are_loaded_cost_nobody_the_chunk(
    region: RawRegion, player: RawRegion, prefix: str, known: bytes
) -> None:
    chance = random.Random(SEED)

    def scribble() -> None:
        at = chance.randrange(KEYS * MIB - 4096)
        player.memory[at : at + 4096] = chance.randbytes(4096)

    with meanwhile(scribble):
        for _ in range(5):
            assert all(result.status == pb.GET_STATUS_HIT for result in player.load(items(prefix)).values())
    assert_right(region, prefix, known)


def test_after_the_fence_nothing_is_written_any_more(
    region: RawRegion, player: RawRegion, prefix: str, known: bytes
) -> None:
    call = player.start_load(items(prefix) * 4)
    player.fence()
    mark = bytes([0xA5]) * (KEYS * MIB)
    player.memory[:] = mark
    # Several loads of somebody else come and go before the look.
    for _ in range(3):
        assert_right(region, prefix, known)
    assert player.memory[:] == mark
    call.cancel()


def test_a_client_that_is_killed_leaves_its_place_to_others(prefix: str) -> None:
    require_real_daemon()
    daemon = real_daemon.RealDaemon(settings=["region.max-count=1"])
    daemon.start()
    try:
        for turn in range(3):
            client = subprocess.Popen(
                [sys.executable, __file__, daemon.target, f"{prefix}{turn}@"],
                stdout=subprocess.PIPE,
                cwd=Path(__file__).parent,
            )
            assert client.stdout is not None
            assert client.stdout.readline() == b"storing\n"
            client.send_signal(signal.SIGKILL)
            client.wait()
            next_one = registered_when_free(daemon.target)
            # What the dead client had under way is whole or not there.
            mine = items(f"{prefix}{turn}@")
            for i, result in next_one.load(mine).items():
                if result.status == pb.GET_STATUS_HIT:
                    assert next_one.memory[i * MIB : (i + 1) * MIB] == bytes([i]) * MIB
            next_one.fence()
            next_one.close()
    finally:
        daemon.remove()


def registered_when_free(target: str) -> RawRegion:
    """The only region of a daemon; it is free once the daemon has let go of the one before."""
    for _ in range(600):
        try:
            return RawRegion(target, KEYS * MIB)
        except RefusedError as refused:
            if "region.max-count" not in str(refused):
                raise
    raise AssertionError("the daemon does not let go of a dead client's region")


def test_three_hundred_clients_that_vanish_use_nothing_up(real: real_daemon.RealDaemon) -> None:
    for _ in range(300):
        RawRegion(real.target, MIB).close()
    last = RawRegion(real.target, MIB)
    last.fence()
    last.close()


class TestWrongThings:
    """What is handed over that is no shared memory."""

    @pytest.fixture
    def socket_path(self, region: RawRegion) -> str:
        return region.socket_path

    def _refusal(self, socket_path: str, fd: int) -> str:
        with connect(socket_path) as connection:
            socket.send_fds(connection, [b"\x01"], [fd])
            answer = read_to_end(connection)
        assert answer[0] == 1
        return answer[1:].decode()

    def test_a_file_on_disk(self, socket_path: str, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(bytes(MIB))
        with path.open("r+b") as file:
            assert "not of shared memory" in self._refusal(socket_path, file.fileno())

    def test_a_pipe(self, socket_path: str) -> None:
        reader, writer = os.pipe()
        assert "cannot be shared" in self._refusal(socket_path, reader)
        os.close(reader)
        os.close(writer)

    def test_memory_that_cannot_be_written(self, socket_path: str) -> None:
        fd = os.memfd_create("sealed", os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, MIB)
        fcntl.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
        assert "EPERM" in self._refusal(socket_path, fd)
        os.close(fd)

    def test_nothing(self, socket_path: str) -> None:
        with connect(socket_path) as connection:
            connection.sendall(b"no descriptor")
            connection.shutdown(socket.SHUT_WR)
            assert len(read_to_end(connection)) == 0

    def test_more_than_one(self, real: real_daemon.RealDaemon) -> None:
        client = RawRegion(real.target, MIB)
        socket.send_fds(client.connection, [b"\x01"], [client.fd])
        assert read_to_end(client.connection) == b""
        client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_other_users_may_not_register() -> None:
    require_real_daemon()
    daemon = real_daemon.RealDaemon(settings=["grpc.unix-socket-mode=0666", "region.allowed-uids=4242"])
    daemon.start()
    try:
        # So that others reach the socket; its directory is the test's own.
        Path(daemon.target.removeprefix("unix:")).parent.chmod(0o755)
        assert _register_as(4242, daemon.target) == "taken"
        assert "user 4343 may not register memory" in _register_as(4343, daemon.target)
    finally:
        daemon.remove()


def _register_as(uid: int, target: str) -> str:
    result = subprocess.run(
        [sys.executable, __file__, target, "", str(uid)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent,
        timeout=120,
        check=True,
        text=True,
    )
    return result.stdout.strip()


def _main(target: str, prefix: str, uid: str = "") -> None:
    """A client in a process of its own: stores without end, or only registers, as somebody else."""
    try:
        region = RawRegion(target, KEYS * MIB, int(uid) if uid else None)
    except RefusedError as refused:
        print(refused)
        return
    if not prefix:
        print("taken")
        return
    for i in range(KEYS):
        region.memory[i * MIB : (i + 1) * MIB] = bytes([i]) * MIB
    print("storing", flush=True)
    while True:
        region.store(items(prefix))
        prefix += "+"


if __name__ == "__main__":
    _main(*sys.argv[1:])
