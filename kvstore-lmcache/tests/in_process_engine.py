"""LMCache's in-process mode, as far as a connector sees it."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable
from typing import Any

import torch
from lmcache.v1.config import LMCacheEngineConfig
from lmcache.v1.memory_management import MemoryFormat
from lmcache.v1.metadata import LMCacheMetadata
from lmcache.v1.storage_backend.connector import ConnectorContext
from lmcache.v1.storage_backend.local_cpu_backend import LocalCPUBackend

from kvstore_lmcache.connector import KvStoreConnector, KvStoreConnectorAdapter

CHUNK_TOKENS = 16
LAYERS = 3
HIDDEN = 128
LIMIT_SECONDS = 30


class Engine:
    """What LMCache is to a connector: its loop in a thread of its own, its memory, its configuration.

    Args:
        chunk_tokens: Tokens of a whole chunk.
        hidden: Elements of K or V of one token in one of :data:`LAYERS` layers.
        memory_gib: What chunks are allocated from.
    """

    def __init__(self, chunk_tokens: int = CHUNK_TOKENS, hidden: int = HIDDEN, memory_gib: float = 0.01) -> None:
        self._chunk_tokens = chunk_tokens
        self._hidden = hidden
        self._memory_gib = memory_gib
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.metadata = LMCacheMetadata(
            model_name="/m/",
            world_size=1,
            local_world_size=1,
            worker_id=0,
            local_worker_id=0,
            kv_dtype=torch.bfloat16,
            kv_shape=(LAYERS, 2, chunk_tokens, 1, hidden),
            chunk_size=chunk_tokens,
        )
        self.backend = LocalCPUBackend(config=self.config("kvstore", {}), metadata=self.metadata, dst_device="cpu")
        self._connectors: list[KvStoreConnector] = []

    def config(self, plugin: str, options: dict[str, object]) -> Any:
        return LMCacheEngineConfig.from_defaults(
            chunk_size=self._chunk_tokens,
            local_cpu=False,
            max_local_cpu_size=self._memory_gib,
            remote_storage_plugins=[plugin],
            extra_config={f"remote_storage_plugin.{plugin}.{name}": value for name, value in options.items()},
        )

    def connect(self, target: str, plugin: str = "kvstore", **options: object) -> KvStoreConnector:
        config = self.config(plugin, {"target": target, **options})
        url = f"plugin://{plugin}"
        context = ConnectorContext(url, self.loop, self.backend, config, self.metadata)
        adapter = KvStoreConnectorAdapter()
        assert adapter.can_parse(url)
        connector: KvStoreConnector = adapter.create_connector(context)
        self._connectors.append(connector)
        return connector

    def start(self, call: Awaitable[Any]) -> Any:
        """Runs a coroutine of the connector as LMCache does; returns its concurrent future."""
        return asyncio.run_coroutine_threadsafe(call, self.loop)  # type: ignore[arg-type]

    def run(self, call: Awaitable[Any]) -> Any:
        return self.start(call).result(LIMIT_SECONDS)

    def chunk(self, seed: int, tokens: int = CHUNK_TOKENS) -> Any:
        return self.fill([torch.Size([2, LAYERS, tokens, self._hidden])], [torch.bfloat16], MemoryFormat.KV_2LTD, seed)

    def fill(self, shapes: list[Any], dtypes: list[Any], fmt: Any, seed: int) -> Any:
        memory_obj = self.backend.allocate(shapes, dtypes, fmt, busy_loop=False)
        assert memory_obj is not None
        view = memoryview(memory_obj.byte_array).cast("B")
        view[:] = random.Random(seed).randbytes(len(view))
        return memory_obj

    def free_bytes(self) -> int:
        return int(self.backend.memory_allocator.pin_allocator.address_manager.get_free_size())

    def close(self) -> None:
        for connector in self._connectors:
            self.run(connector.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(LIMIT_SECONDS)
        self.loop.close()
