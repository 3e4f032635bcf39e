"""Cache trees made and read by LMCache's own code.

What needs a GPU or a library that is not on PyPI for every machine is stood in for as low as possible: ``GdsBackend``
moves its bytes with ``memmove`` in place of ``cudaMemcpy``, and ``nixl_store_dynamic`` with ``pwrite`` in place of a
NIXL transfer. Names, headers, temporary files and renames are LMCache's.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import os
import random
import select
import sys
import threading
import types
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lmcache.utils import CacheEngineKey
from lmcache.v1.distributed.api import ObjectKey
from lmcache.v1.memory_allocators.ad_hoc_memory_allocator import AdHocMemoryAllocator
from lmcache.v1.memory_management import MemoryFormat

PAGE_BYTES = 4096
LAYERS, TOKENS, HIDDEN = 4, 256, 64
CHUNK_SHAPE = torch.Size([2, LAYERS, TOKENS, HIDDEN])
CHUNK_BYTES = 2 * LAYERS * TOKENS * HIDDEN * 2

_WAIT_MILLIS = 60_000


def object_keys(model: str) -> list[ObjectKey]:
    """Keys of the multiprocess mode with all that they may have."""
    hashes = [random.Random(number).randbytes(32) for number in range(8)]
    return [
        *(ObjectKey(chunk_hash, model, 0x01000100) for chunk_hash in hashes),
        *(ObjectKey(hashes[0], model, 0x08000800 | rank << 16 | rank) for rank in range(8)),
        ObjectKey(hashes[0], model, 0x01000100, 11),
        ObjectKey(hashes[0], model, 0x01000100, 0, "tenant_1-a.b%c"),
        ObjectKey(b"\x00\x01\x02\x03", model, 0),
    ]


def engine_keys(model: str) -> list[CacheEngineKey]:
    """Keys of the in-process mode."""
    numbers = [0xB8A960CFCC69E7A5, -0xADC333B9EAA0E45, 0x5F05DEC65811B7CC, 1234]
    return [
        *(CacheEngineKey(model, 1, 0, number, torch.bfloat16) for number in numbers),
        CacheEngineKey(model, 8, 7, numbers[0], torch.float16),
        CacheEngineKey(model, 1, 0, numbers[0], torch.bfloat16, {"lmcache.tag.user": "a/b c~*"}),
    ]


def payload(seed: object, size: int = CHUNK_BYTES) -> bytes:
    """Bytes that can be told apart."""
    return random.Random(repr(seed)).randbytes(size)


def memory_obj(content: bytes | int) -> Any:
    """A memory object of LMCache with this content, or of this size."""
    size = content if isinstance(content, int) else len(content)
    made = AdHocMemoryAllocator("cpu").allocate([torch.Size([size])], [torch.uint8], MemoryFormat.BINARY_BUFFER)
    assert made is not None
    if not isinstance(content, int):
        memoryview(made.byte_array).cast("B")[:] = content
    return made


def l2_adapter(config: dict[str, Any]) -> Any:
    """The L2 adapter that LMCache makes of its JSON."""
    from lmcache.v1.distributed.l2_adapters.fs_l2_adapter import FSL2Adapter, FSL2AdapterConfig
    from lmcache.v1.distributed.l2_adapters.fs_native_l2_adapter import (
        FSNativeL2AdapterConfig,
        _create_fs_native_l2_adapter,
    )

    if config["type"] == "fs":
        return FSL2Adapter(FSL2AdapterConfig.from_dict(config))
    return _create_fs_native_l2_adapter(FSNativeL2AdapterConfig.from_dict(config))


def store(adapter: Any, keys: Sequence[ObjectKey], values: Sequence[bytes]) -> None:
    """Stores, as LMCache does after a prefill."""
    # Held until the end: the adapter has no more than their addresses.
    objects = [memory_obj(value) for value in values]
    task = adapter.submit_store_task(list(keys), objects)
    _wait(adapter.get_store_event_fd())
    assert adapter.pop_completed_store_tasks()[task].is_successful()
    _release(objects)


def load(adapter: Any, keys: Sequence[ObjectKey], sizes: Sequence[int]) -> list[bytes | None]:
    """Looks up and loads, as LMCache does for a prefix."""
    lookup = adapter.submit_lookup_and_lock_task(list(keys), {})
    _wait(adapter.get_lookup_and_lock_event_fd())
    found = adapter.query_lookup_and_lock_result(lookup)
    objects = [memory_obj(size) for size in sizes]
    task = adapter.submit_load_task(list(keys), objects)
    _wait(adapter.get_load_event_fd())
    loaded = adapter.query_load_result(task)
    values = [bytes(made.byte_array) if found.test(at) and loaded.test(at) else None for at, made in enumerate(objects)]
    _release(objects)
    return values


def _release(objects: Sequence[Any]) -> None:
    for made in objects:
        made.ref_count_down()


def _wait(event_fd: int) -> None:
    poll = select.poll()
    poll.register(event_fd, select.POLLIN)
    assert poll.poll(_WAIT_MILLIS), "LMCache's adapter did not end its task"


def nixl_agent(root: Path, shard_dirs: bool) -> Any:
    """LMCache's agent for ``nixl_store_dynamic``, without NIXL."""
    if "nixl" not in sys.modules:
        api = types.ModuleType("nixl._api")
        for name in ("nixl_agent", "nixl_agent_config", "nixl_xfer_handle", "nixlBind"):
            setattr(api, name, object)
        sys.modules["nixl"] = types.ModuleType("nixl")
        sys.modules["nixl._api"] = api
    from lmcache.v1.distributed.l2_adapters.nixl_store_agents.file_dynamic_nixl_store_agent import (
        FileDynamicNixlStorageAgent,
    )

    agent = FileDynamicNixlStorageAgent.__new__(FileDynamicNixlStorageAgent)
    agent.file_path = str(root)
    agent.l1_align_bytes = PAGE_BYTES
    agent.use_direct_io = False
    agent.shard_dirs = shard_dirs
    agent._created_subdirs = set()
    root.mkdir(exist_ok=True)
    return agent


def nixl_store(agent: Any, key: ObjectKey, value: bytes) -> None:
    """Stores as LMCache does: whole pages of L1, whatever is behind the value in the last of them."""
    pages = -(-len(value) // PAGE_BYTES)
    memory = value + payload("what was in L1 before", pages * PAGE_BYTES - len(value))

    def register(fd: int, file_size: int, page_size: int) -> tuple[int, int]:
        assert (file_size, page_size) == (len(memory), PAGE_BYTES)
        return fd, fd

    async def transfer(direction: str, indices: list[int], fd: int) -> None:
        assert direction == "WRITE"
        assert os.pwrite(fd, memory, 0) == len(memory)

    agent._register_single_file = register
    agent._deregister_file = lambda *_: None
    agent._transfer = transfer
    asyncio.run(agent.dynamic_store(list(range(pages)), key))


def gds_backend(root: Path) -> Any:
    """LMCache's ``GdsBackend``, its POSIX path, without a GPU."""
    from lmcache.v1.storage_backend import gds_backend as module

    backend = module.GdsBackend.__new__(module.GdsBackend)
    backend.gds_path = str(root)
    backend.gds_paths = [str(root)]
    backend.data_suffix = module._DATA_FILE_SUFFIX
    backend.gds_module = None
    backend.gds_base_pointer = None
    backend.use_direct_io = False
    backend._use_noatime = True
    backend._debug_asserts = False
    backend.hot_lock = threading.Lock()
    backend.hot_cache = OrderedDict()
    backend.metadata_dirs = set()

    def memcpy(target: ctypes.c_void_p, source: ctypes.c_void_p, size: ctypes.c_size_t, _kind: ctypes.c_int) -> int:
        ctypes.memmove(target, source, size.value)
        return 0

    backend._gpu_memcpy = memcpy
    root.mkdir(exist_ok=True)
    return backend


def gds_store(backend: Any, key: CacheEngineKey, value: bytes) -> None:
    """What ``_async_save_bytes_to_disk`` does, one after the other."""
    from lmcache.v1.storage_backend import gds_backend as module

    tensor = torch.frombuffer(bytearray(value), dtype=key.dtype).reshape(2, LAYERS, -1, HIDDEN)
    path = Path(backend._key_to_path(key)[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = ".tmp" + module.rand_suffix(8)
    header = backend._save_gds(str(path), suffix, tensor, MemoryFormat.KV_2LTD, None, 0)
    asyncio.run(module.save_metadata(str(path) + module._METADATA_FILE_SUFFIX, suffix, header))


def gds_load(backend: Any, key: CacheEngineKey) -> bytes | None:
    """What ``contains`` and ``get_blocking`` do."""
    if not backend.contains(key):
        return None
    entry = backend.hot_cache[key]
    assert (entry.fmt, entry.dtype) == (MemoryFormat.KV_2LTD, key.dtype)
    assert list(entry.shape) == [2, LAYERS, entry.size // (2 * LAYERS * HIDDEN * 2), HIDDEN]
    buffer = ctypes.create_string_buffer(entry.size)
    read = backend._load_gds(entry.path, PAGE_BYTES, ctypes.cast(buffer, ctypes.c_void_p), entry.size, 0)
    return buffer.raw if read == entry.size else None


def fs_connector_store(root: Path, key: CacheEngineKey, value: bytes, fmt: MemoryFormat) -> None:
    """A file of the in-process ``fs://`` connector: its name, and LMCache's metadata before the value."""
    from lmcache.v1 import protocol
    from lmcache.v1.storage_backend.connector.fs_connector import FSConnector

    connector = FSConnector.__new__(FSConnector)
    connector.base_paths = [root]
    connector.relative_tmp_dir = None
    protocol.init_remote_metadata_info(1)
    if fmt == MemoryFormat.KV_2LTD:
        shape, dtype = torch.Size([2, LAYERS, len(value) // (2 * LAYERS * HIDDEN * 2), HIDDEN]), key.dtype
    else:
        shape, dtype = torch.Size([len(value), 0, 0, 0]), None
    metadata = protocol.RemoteMetadata(len(value), [shape], [dtype], fmt)
    root.mkdir(exist_ok=True)
    connector._get_file_path(key).write_bytes(metadata.serialize() + value)


def load_in_process(target: str, keys: Sequence[CacheEngineKey]) -> list[bytes | None]:
    """Loads through ``plugin://kvstore``, in an engine whose KV cache has this module's shape."""
    from lmcache.v1.config import LMCacheEngineConfig
    from lmcache.v1.metadata import LMCacheMetadata
    from lmcache.v1.storage_backend.connector import ConnectorContext
    from lmcache.v1.storage_backend.local_cpu_backend import LocalCPUBackend

    # By name, as LMCache loads it.
    adapter = importlib.import_module("kvstore_lmcache.connector").KvStoreConnectorAdapter()
    metadata = LMCacheMetadata(
        model_name=keys[0].model_name,
        world_size=1,
        local_world_size=1,
        worker_id=0,
        local_worker_id=0,
        kv_dtype=torch.bfloat16,
        kv_shape=(LAYERS, 2, TOKENS, 1, HIDDEN),
        chunk_size=TOKENS,
    )
    config = LMCacheEngineConfig.from_defaults(
        chunk_size=TOKENS,
        local_cpu=False,
        max_local_cpu_size=0.1,
        remote_storage_plugins=["kvstore"],
        extra_config={"remote_storage_plugin.kvstore.target": target},
    )

    async def run() -> list[bytes | None]:
        backend = LocalCPUBackend(config=config, metadata=metadata, dst_device="cpu")
        loop = asyncio.get_running_loop()
        context = ConnectorContext("plugin://kvstore", loop, backend, config, metadata)
        connector = adapter.create_connector(context)
        try:
            objects = [await connector.get(key) for key in keys]
            values = [bytes(made.byte_array) if made is not None else None for made in objects]
            _release([made for made in objects if made is not None])
            return values
        finally:
            await connector.close()

    return asyncio.run(run())
