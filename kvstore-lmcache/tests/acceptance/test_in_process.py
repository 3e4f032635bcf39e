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
            # A daemon that has just started is slow, and this machine may be busy.
            "remote_storage_plugin.kvstore.lookup_timeout_millis": 10_000,
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


@pytest.mark.parametrize("mode", ["test_remote", "test_storage_manager"])
def test_basic_check_through_lm(daemon: RealDaemon, tmp_path: Path, mode: str) -> None:
    """Without a restart: the client of LMCache 0.5.6 does not connect again."""
    configuration = {"chunk_size": 256, "local_cpu": False, "max_local_cpu_size": 1, "remote_url": daemon.lm_url}
    printed = lmcache_tools.in_process_check(mode, configuration, tmp_path, None, KEYS)
    assert printed.count(f"Validation: {KEYS}/{KEYS} passed") == 3, printed
    for line in (f"Validation (not None): {KEYS}/{KEYS}", f"Validation (content correct): {KEYS}/{KEYS}"):
        assert line in printed, printed


def test_lm_over_a_restart(daemon: RealDaemon, tmp_path: Path) -> None:
    """LMCache's own client stores, the daemon restarts, and the client of another process finds all of it."""
    script = tmp_path / "lm_client.py"
    script.write_text(LM_CLIENT)
    stored = lmcache_tools.run_script(script, [daemon.lm_url, "put"])
    daemon.restart()
    assert lmcache_tools.run_script(script, [daemon.lm_url, "get"]) == stored
    daemon.kill()
    daemon.start()
    assert lmcache_tools.run_script(script, [daemon.lm_url, "get"]) == stored


# Prints for each chunk its shape, type, format and a checksum.
LM_CLIENT = """
import asyncio, hashlib, sys, threading
import torch
from lmcache.utils import CacheEngineKey
from lmcache.v1.config import LMCacheEngineConfig
from lmcache.v1.memory_management import MemoryFormat
from lmcache.v1.metadata import LMCacheMetadata
from lmcache.v1.storage_backend.connector import CreateConnector
from lmcache.v1.storage_backend.local_cpu_backend import LocalCPUBackend

url, what = sys.argv[1:]
config = LMCacheEngineConfig.from_defaults(chunk_size=256, local_cpu=False, max_local_cpu_size=0.5, remote_url=url)
metadata = LMCacheMetadata("m", 1, 1, 0, 0, torch.bfloat16, (32, 2, 256, 8, 64), chunk_size=256)
backend = LocalCPUBackend(config=config, metadata=metadata, dst_device="cpu")
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
run = lambda call: asyncio.run_coroutine_threadsafe(call, loop).result(60)
connector = CreateConnector(url, loop, backend, config, metadata)
shapes = [(2, 32, 256, 512), (2, 32, 1, 512), (2, 32, 100, 512), (256, 2, 512), (7, 576)]
formats = [MemoryFormat.KV_2LTD] * 3 + [MemoryFormat.KV_T2D, MemoryFormat.EC_TD]
for number, (shape, format) in enumerate(zip(shapes, formats)):
    key = CacheEngineKey("m", 1, 0, number, torch.bfloat16)
    if what == "put":
        chunk = backend.allocate(torch.Size(shape), torch.bfloat16, format)
        generator = torch.Generator().manual_seed(number)
        chunk.tensor.copy_(torch.rand(shape, generator=generator))
        chunk.ref_count_up()
        run(connector.put(key, chunk))
    else:
        chunk = run(connector.get(key))
    print("CHUNK", number, list(chunk.get_shape()), chunk.get_dtype(), chunk.get_memory_format(),
          hashlib.sha256(bytes(chunk.byte_array)).hexdigest(), run(connector.exists(key)))
run(connector.close())
"""
