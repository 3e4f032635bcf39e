"""LMCache's own check of its in-process mode against the real daemon, which restarts in the middle."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lmcache_tools
from conftest import require_real_daemon
from real_daemon import RealDaemon
from waiter import Waiter

KEYS = 50


@pytest.fixture
def daemon() -> Iterator[RealDaemon]:
    """A daemon of the test's own: LMCache's tools name their keys alike in every run."""
    if not lmcache_tools.is_installed():
        assert "KVSTORE_TEST_COMPLETE" not in os.environ, "LMCache is not installed"
        pytest.skip("LMCache is not installed")
    require_real_daemon()
    daemon = RealDaemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.remove()


def plugin(daemon: RealDaemon) -> dict[str, Any]:
    """As docs/how-to/lmcache-in-process.md has it."""
    return {
        "chunk_size": 256,
        "local_cpu": False,
        "max_local_cpu_size": 1,
        "remote_storage_plugins": ["kvstore"],
        "extra_config": {
            "remote_storage_plugin.kvstore.module_path": "kvstore_lmcache.connector",
            "remote_storage_plugin.kvstore.class_name": "KvStoreConnectorAdapter",
            "remote_storage_plugin.kvstore.target": daemon.target,
        },
    }


def until_stored(waiter: Waiter, limit_seconds: float = 10) -> None:
    """LMCache's storage manager stores in the background, and its check waits for that only with some backends."""
    keys = [f"/m/@8@0@{hashlib.sha256(f'exist_{at}'.encode()).hexdigest().lstrip('0')}@bfloat16" for at in range(KEYS)]
    deadline = time.monotonic() + limit_seconds
    while not all(waiter.lookup(keys)):
        assert time.monotonic() < deadline, waiter.lookup(keys)
        time.sleep(0.05)


@pytest.mark.parametrize("mode", ["test_remote", "test_storage_manager"])
def test_basic_check(daemon: RealDaemon, tmp_path: Path, connect: Callable[..., Waiter], mode: str) -> None:
    configuration = plugin(daemon)
    if mode == "test_remote":
        # This check knows no other way to name a backend.
        configuration["remote_url"] = "plugin://kvstore"
    waiter = connect(daemon.target)

    def restart() -> None:
        until_stored(waiter)
        daemon.restart()

    printed = lmcache_tools.in_process_check(mode, configuration, tmp_path, restart, KEYS)
    # The tool's exit code is 0 whatever it finds. Three validations: absent, stored, found.
    assert printed.count(f"Validation: {KEYS}/{KEYS} passed") == 3, printed
    for line in (f"Validation (not None): {KEYS}/{KEYS}", f"Validation (content correct): {KEYS}/{KEYS}"):
        assert line in printed, printed
