"""Daemons and clients for the tests, each ended by the test that started it."""

from __future__ import annotations

import faulthandler
import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import real_daemon
from arena import Arena
from fake_daemon import FakeDaemon
from kvstore_lmcache import KvStoreClient
from kvstore_lmcache._complaints import Complaints
from kvstore_lmcache._options import Options
from kvstore_lmcache._session import Session
from kvstore_lmcache._stats import Stats
from waiter import Waiter


def pytest_unconfigure() -> None:
    """Ends a process that a thread of a test keeps from ending, and shows where its threads are."""
    faulthandler.dump_traceback_later(60, exit=True, file=2)  # pytest has put its own in the place of sys.stderr


@functools.cache
def _real_daemon_is_built() -> bool:
    return real_daemon.is_built()


def require_real_daemon() -> None:
    """Skips without a build; fails where scripts/test-python has said that there is one."""
    if _real_daemon_is_built():
        return
    assert "KVSTORE_TEST_COMPLETE" not in os.environ, "./kvstore serve --help fails"
    pytest.skip("no build of the daemon")


@pytest.fixture
def socket_directory() -> Iterator[Path]:
    """A directory with a path short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="kvs-") as directory:
        yield Path(directory)


@pytest.fixture
def fake(socket_directory: Path) -> Iterator[FakeDaemon]:
    daemon = FakeDaemon(f"unix:{socket_directory}/s")
    daemon.start()
    yield daemon
    daemon.kill()


@pytest.fixture(scope="session")
def real() -> Iterator[real_daemon.RealDaemon]:
    """One real daemon for all tests that only use it; keys are the test's own."""
    require_real_daemon()
    daemon = real_daemon.RealDaemon()
    daemon.start()
    yield daemon
    daemon.remove()


@pytest.fixture
def fresh_real() -> Iterator[real_daemon.RealDaemon]:
    """A real daemon that the test may kill."""
    require_real_daemon()
    daemon = real_daemon.RealDaemon()
    daemon.start()
    yield daemon
    daemon.remove()


@pytest.fixture(params=["fake", "real"])
def target(request: pytest.FixtureRequest) -> str:
    """Where a daemon listens: the fake one, then the real one."""
    daemon: FakeDaemon | real_daemon.RealDaemon = request.getfixturevalue(request.param)
    return daemon.target


@pytest.fixture(params=["fake", "fresh_real"])
def mortal(request: pytest.FixtureRequest) -> FakeDaemon | real_daemon.RealDaemon:
    """A daemon that the test may kill and start: the fake one, then a real one."""
    daemon: FakeDaemon | real_daemon.RealDaemon = request.getfixturevalue(request.param)
    return daemon


def require_regions(target: str) -> None:
    """Skips where the daemon has no region socket."""
    options = Options.parse({"target": target, "channels": 1})
    session = Session(options, Stats(), Complaints())
    try:
        session.say_hello(timeout_seconds=30)
        if not session.hello.region_socket:
            pytest.skip("the daemon has no region socket")
    finally:
        session.close()


@pytest.fixture
def arena() -> Iterator[Arena]:
    """Shared memory of this process."""
    arena = Arena()
    yield arena
    arena.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Waiter]]:
    """Opens clients, and closes them after the test."""
    clients: list[KvStoreClient] = []

    def open_client(target: str, arena: Arena | None = None, **parameters: Any) -> Waiter:
        client = KvStoreClient(target=target, **parameters)
        clients.append(client)
        return Waiter(client, arena)

    yield open_client
    for client in clients:
        client.close()


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """What the keys of this test begin with, in LMCache's form."""
    return f"{request.node.name}@01000100@0@"
