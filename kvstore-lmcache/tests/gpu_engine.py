"""LMCache's storage manager in in-process mode, with the plugin for GPUs over host memory."""

from __future__ import annotations

import random
from typing import Any

import torch
from lmcache.utils import CacheEngineKey
from lmcache.v1.config import LMCacheEngineConfig
from lmcache.v1.event_manager import EventManager
from lmcache.v1.metadata import LMCacheMetadata
from lmcache.v1.storage_backend.storage_manager import StorageManager

from kvstore_lmcache.gpu_backend import KvStoreGpuBackend

CHUNK_TOKENS = 16
LAYERS = 3
HIDDEN = 128
CHUNK_BYTES = 2 * LAYERS * CHUNK_TOKENS * HIDDEN * 2

# Named so, LMCache allocates from it.
ALLOCATING = "LocalCPUBackend"
# Named so, it copies chunks to it from host memory.
BESIDE = "kvstore"


class GpuEngine:
    """What LMCache's engine is to its backends: its storage manager.

    Args:
        target: The daemon.
        name: Of the plugin.
        options: Of the plugin.
    """

    def __init__(self, target: str, name: str = ALLOCATING, **options: object) -> None:
        config, self.metadata = configuration(target, name, **options)
        self.answers: list[tuple[str, int]] = []
        self.events = EventManager()
        self.manager = StorageManager(config, self.metadata, self.events, async_lookup_server=self)
        self.backend: KvStoreGpuBackend = self.manager.storage_backends[name]

    def send_response_to_scheduler(self, lookup_id: str, tokens: int) -> None:
        """What LMCache's server for asynchronous lookups does."""
        self.answers.append((lookup_id, tokens))

    def chunk(self, seed: int, tokens: int = CHUNK_TOKENS) -> Any:
        """A chunk as the engine fills it."""
        memory_obj = self.manager.allocate(
            self.metadata.get_shapes(tokens), self.metadata.get_dtypes(), fmt=None, busy_loop=False
        )
        assert memory_obj is not None
        payload = bytes_for(seed, memory_obj.get_size())
        memory_obj.raw_tensor[: len(payload)] = torch.frombuffer(bytearray(payload), dtype=torch.uint8)
        return memory_obj

    def store(self, seeds: range) -> None:
        """Stores a chunk for each number, and goes on at once."""
        self.manager.batched_put([key(seed) for seed in seeds], [self.chunk(seed) for seed in seeds])

    def settle(self, seeds: range) -> None:
        """Waits for the stores of these."""
        self.backend._puts.wait_for([key(seed).to_string() for seed in seeds])

    def load(self, seeds: range) -> list[bytes | None]:
        """Loads what there is."""
        chunks = self.manager.batched_get([key(seed) for seed in seeds], self.backend._name)
        loaded = [None if chunk is None else content(chunk) for chunk in chunks]
        for chunk in chunks:
            if chunk is not None:
                chunk.ref_count_down()
        return loaded

    def hits(self, seeds: range) -> int:
        """As many of these as LMCache finds before the first that is not there."""
        hits, _ = self.manager.batched_contains([key(seed) for seed in seeds], pin=True)
        return int(hits)

    def free_bytes(self) -> int:
        """Of the buffer."""
        return int(self.backend.get_memory_allocator().address_manager.get_free_size())

    def close(self) -> None:
        self.manager.close()


def configuration(target: str, name: str = ALLOCATING, **options: object) -> tuple[Any, Any]:
    """LMCache's configuration with the plugin, and what it says of the engine."""
    settings = {
        "module_path": "kvstore_lmcache.gpu_backend",
        "class_name": "KvStoreGpuBackend",
        "target": target,
        "buffer_mib": 4,
        **options,
    }
    config = LMCacheEngineConfig.from_defaults(
        chunk_size=CHUNK_TOKENS,
        local_cpu=False,
        max_local_cpu_size=0 if name == ALLOCATING else 0.01,
        storage_plugins=[name],
        extra_config={f"storage_plugin.{name}.{option}": value for option, value in settings.items()},
        enable_async_loading=name == ALLOCATING,
    )
    metadata = LMCacheMetadata(
        model_name="/m/",
        world_size=1,
        local_world_size=1,
        worker_id=0,
        local_worker_id=0,
        kv_dtype=torch.bfloat16,
        kv_shape=(LAYERS, 2, CHUNK_TOKENS, 1, HIDDEN),
        chunk_size=CHUNK_TOKENS,
    )
    return config, metadata


def key(number: int) -> Any:
    return CacheEngineKey("/m/", 1, 0, number, torch.bfloat16)


def content(memory_obj: Any) -> bytes:
    return bytes(memory_obj.raw_tensor[: memory_obj.get_size()].numpy())


def bytes_for(seed: int, size: int = CHUNK_BYTES) -> bytes:
    return random.Random(seed).randbytes(size)
