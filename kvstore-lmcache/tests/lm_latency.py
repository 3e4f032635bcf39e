"""How long a GET over ``lm://`` takes, for LMCache's own client: LMCache's own server beside the daemon, in one run.

PYTHONPATH=src:tests ../.venv-lmcache/bin/python tests/lm_latency.py
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import torch
from lmcache.utils import CacheEngineKey
from lmcache.v1.config import LMCacheEngineConfig
from lmcache.v1.memory_management import MemoryFormat
from lmcache.v1.metadata import LMCacheMetadata
from lmcache.v1.storage_backend.connector import CreateConnector
from lmcache.v1.storage_backend.local_cpu_backend import LocalCPUBackend

from real_daemon import RealDaemon

ROUNDS = 200
# Bytes of a value by the number of tokens it has.
SIZES = {"1 KiB": (1, 512), "16 MiB": (1024, 8192)}


@contextmanager
def lmcache_server() -> Iterator[str]:
    """LMCache's own server on a free port; gives its URL."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "lmcache.v1.server", "127.0.0.1", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "LMCache's server did not start"
                time.sleep(0.1)
        yield f"lm://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class Client:
    """LMCache's client for one server."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop):
        config = LMCacheEngineConfig.from_defaults(
            chunk_size=256, local_cpu=False, max_local_cpu_size=0.2, remote_url=url
        )
        metadata = LMCacheMetadata("m", 1, 1, 0, 0, torch.bfloat16, (1, 2, 256, 1, 64), chunk_size=256)
        self._backend = LocalCPUBackend(config=config, metadata=metadata, dst_device="cpu")
        self._loop = loop
        self._connector = CreateConnector(url, loop, self._backend, config, metadata)

    def get_millis(self, number: int, shape: tuple[int, int]) -> list[float]:
        """Stores a value of this shape, then loads it again and again."""
        key = CacheEngineKey("m", 1, 0, number, torch.bfloat16)
        chunk = self._backend.allocate(torch.Size(shape), torch.bfloat16, MemoryFormat.KV_T2D)
        chunk.tensor.fill_(1)
        chunk.ref_count_up()
        self._run(self._connector.put(key, chunk))
        assert self._run(self._connector.exists(key))
        millis = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            loaded = self._run(self._connector.get(key))
            millis.append((time.perf_counter() - start) * 1000)
            assert loaded.tensor.eq(1).all()
            loaded.ref_count_down()
        return sorted(millis)

    def _run(self, call: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(60)


def main() -> None:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    daemon = RealDaemon()
    try:
        daemon.start()
        with lmcache_server() as theirs:
            clients = {"LMCache's server": Client(theirs, loop), "kvstore": Client(daemon.lm_url, loop)}
            for number, (size, shape) in enumerate(SIZES.items()):
                for name, client in clients.items():
                    millis = client.get_millis(number, shape)
                    print(
                        f"GET {size:7} {name:17} median {millis[ROUNDS // 2]:7.2f} ms,"
                        f" 99th percentile {millis[ROUNDS * 99 // 100]:7.2f} ms"
                    )
    finally:
        daemon.remove()


if __name__ == "__main__":
    main()
