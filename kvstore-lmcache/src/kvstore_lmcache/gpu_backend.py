"""LMCache's in-process mode: a storage plugin that keeps chunks in a buffer on the GPU and in the daemon.

LMCache loads :class:`KvStoreGpuBackend` by name; docs/how-to/lmcache-gpu.md shows the YAML. It takes the place of
LMCache's ``GdsBackend``. It imports LMCache, so the package itself does not import it.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from lmcache.utils import CacheEngineKey, LayerCacheEngineKey
from lmcache.v1.memory_management import MemoryFormat, MemoryObj
from lmcache.v1.storage_backend.abstract_backend import AllocatorBackendInterface, StoragePluginInterface

from ._calls import Answer, Calls
from ._chunk_buffer import ChunkBuffer
from ._client import KvStoreClient
from ._complaints import Complaints
from ._geometry import Geometry, Layout
from ._movers import Movers, release
from ._options import MIB
from ._plugin_options import storage_plugin_options
from ._puts import Puts

logger = logging.getLogger("kvstore_lmcache")

DEFAULT_BUFFER_MIB = 4096

# Keys whose lengths are remembered between a lookup and the load after it.
_MOST_LENGTHS = 100_000

_THREADS = 4
_ALLOCATION_ATTEMPTS = 100
_ALLOCATION_PAUSE_SECONDS = 0.1


class _StoreRoom:
    """What LMCache 0.5 copies chunks into that lie in host memory.

    It asks for each key whether it is there already, and leaves those out; 0.5.3 then stores the bytes of one key under
    the name of another. So nothing is ever there: what is being stored, or is stored, is left out afterwards.
    """

    def __init__(self, backend: KvStoreGpuBackend):
        self.allocate = backend.allocate

    def contains(self, key: CacheEngineKey, pin: bool = False) -> bool:
        """False."""
        return False


class KvStoreGpuBackend(StoragePluginInterface, AllocatorBackendInterface):
    """Chunks in one buffer on the GPU, which the daemon reads and writes by itself.

    Named ``LocalCPUBackend`` in ``storage_plugins``, with ``max_local_cpu_size: 0``, it is where LMCache allocates:
    chunks never touch host memory. Under any other name LMCache fills chunks in host memory and copies them here.

    No method raises because of the daemon: a load that failed is a miss, a store that failed is dropped. Only whole
    chunks of all layers are stored (a last one with fewer tokens, too), as they are; anything else is left out.

    Args:
        dst_device: The GPU of this rank.
        config: LMCache's configuration; ``extra_config`` has the options.
        metadata: The engine's. A scheduler's backend has no buffer.
        local_cpu_backend: LMCache's, if it has one.
        loop: LMCache's loop.

    Raises:
        TypeError: An option is unknown or of the wrong type.
        ValueError: An option is outside its limits.
    """

    def __init__(
        self,
        dst_device: str = "cuda",
        config: Any = None,
        metadata: Any = None,
        local_cpu_backend: Any = None,
        loop: Any = None,
    ):
        super().__init__(
            dst_device=dst_device, config=config, metadata=metadata, local_cpu_backend=local_cpu_backend, loop=loop
        )
        self._name, options = storage_plugin_options(
            config.extra_config or {}, config.storage_plugins or [], type(self).__name__
        )
        buffer_bytes = _buffer_bytes(options.pop("buffer_mib", None), config)
        self._client = KvStoreClient(**options)
        self._calls = Calls(self._client)
        self._puts = Puts()
        self._complaints = Complaints()
        self._lengths: OrderedDict[str, int] = OrderedDict()
        self._format = MemoryFormat.KV_MLA_FMT if metadata.use_mla else MemoryFormat.KV_2LTD
        self._geometry = Geometry(self._chunk(), metadata.chunk_size)
        self._executor = ThreadPoolExecutor(_THREADS, "kvstore-gpu")
        self._room = _StoreRoom(self)
        self._buffer: ChunkBuffer | None = None
        if metadata.role != "scheduler":
            self._buffer = ChunkBuffer(buffer_bytes, dst_device)
            self._movers = Movers(self._client, self._calls, self._buffer)
            if self._buffer.memory is not None:
                # Now, rather than at the first chunk; the answer is of no use yet.
                self._executor.submit(self._client.is_refused, self._buffer.memory)

    def __str__(self) -> str:
        return self._name

    # Lookups.

    def contains(self, key: CacheEngineKey, pin: bool = False) -> bool:
        """Whether a key is there; protects it from eviction for ``lease_millis``, whether or not it is to be pinned."""
        return bool(self.batched_contains([key]))

    def batched_contains(self, keys: Sequence[CacheEngineKey], pin: bool = False) -> int:
        """How many keys are there, or are being stored, before the first that is not: one question for all."""
        names = [key.to_string() for key in keys]
        under_way = self._puts.are_under_way(names)
        asked = [name for name, is_under_way in zip(names, under_way, strict=True) if not is_under_way]
        lengths = iter(self._ask(asked))
        for position, is_under_way in enumerate(under_way):
            if not is_under_way and not next(lengths):
                return position
        return len(names)

    async def batched_async_contains(self, lookup_id: str, keys: Sequence[CacheEngineKey], pin: bool = False) -> int:
        """As :meth:`batched_contains`, without blocking the loop."""
        return int(await self._in_thread(self.batched_contains, keys))

    def exists_in_put_tasks(self, key: CacheEngineKey) -> bool:
        """Whether the key is being stored."""
        return self._puts.are_under_way([key.to_string()])[0]

    def pin(self, key: CacheEngineKey) -> bool:
        """Protects a key from eviction for ``lease_millis``; False if it is not there."""
        return self.contains(key)

    def unpin(self, key: CacheEngineKey) -> bool:
        """True: the protection ends by itself."""
        return True

    def touch_cache(self) -> None:
        """Does nothing: the daemon knows what was read."""

    # Stores.

    def batched_submit_put_task(
        self,
        keys: Sequence[CacheEngineKey],
        objs: Sequence[MemoryObj],
        transfer_spec: Any = None,
        on_complete_callback: Callable[[CacheEngineKey], None] | None = None,
    ) -> list[Future[None]] | None:
        """Stores chunks; those whose keys are being stored already are left out.

        Returns:
            For each chunk that is not left out a future, done when the chunk's memory is no longer read.
        """
        assert self._buffer is not None
        fit = [(key, chunk) for key, chunk in zip(keys, objs, strict=True) if self._fits(key, chunk)]
        ended: Future[None] = Future()
        taken = [fit[position] for position in self._puts.begin([key.to_string() for key, _ in fit], ended)]
        names = [key.to_string() for key, _ in taken]
        chunks = [chunk for _, chunk in taken]
        for chunk in chunks:
            chunk.ref_count_up()

        def end(answer: Future[Answer]) -> None:
            # First, so that who waits for room finds it.
            release(chunks)
            self._puts.end(names, ended)
            if on_complete_callback is not None:
                stored = answer.result().results if answer.exception() is None else []
                _tell(on_complete_callback, [key for (key, _), hit in zip(taken, stored, strict=False) if hit])

        try:
            self._buffer.synchronize()
            store = self._movers.store(names, chunks)
        except BaseException as error:
            failed: Future[Answer] = Future()
            failed.set_exception(error)
            end(failed)
            raise
        store.add_done_callback(end)
        return [ended] * len(names)

    async def async_batched_submit_put_task(
        self,
        keys: Sequence[CacheEngineKey],
        objs: Sequence[MemoryObj],
        transfer_spec: Any = None,
        on_complete_callback: Callable[[CacheEngineKey], None] | None = None,
    ) -> None:
        """As :meth:`batched_submit_put_task`."""
        self.batched_submit_put_task(keys, objs, transfer_spec, on_complete_callback)

    # Loads.

    def get_blocking(self, key: CacheEngineKey) -> MemoryObj | None:
        """Loads a chunk into a new memory object of the caller's; None if it is not there or there is no room."""
        return self.batched_get_blocking([key])[0]

    def batched_get_blocking(self, keys: Sequence[CacheEngineKey]) -> list[MemoryObj | None]:
        """As :meth:`get_blocking` for each key; waits for the stores of these keys."""
        assert self._buffer is not None
        names = [key.to_string() for key in keys]
        self._puts.wait_for(names)
        lengths = self._lengths_of(names)
        loaded = [self._allocate_for(key, length) for key, length in zip(keys, lengths, strict=True)]
        rooms = [position for position, chunk in enumerate(loaded) if chunk is not None]
        if not rooms:
            return loaded
        load = self._movers.load([names[position] for position in rooms], [loaded[position] for position in rooms])
        for position, hit in zip(rooms, load.result().results, strict=True):
            if not hit:
                release([loaded[position]])
                loaded[position] = None
                self._lengths.pop(names[position], None)
        return loaded

    def get_non_blocking(self, key: CacheEngineKey, location: str | None = None) -> Future[MemoryObj | None]:
        """As :meth:`get_blocking`, later."""
        return self._executor.submit(self.get_blocking, key)

    async def batched_get_non_blocking(
        self, lookup_id: str, keys: Sequence[CacheEngineKey], transfer_spec: Any = None
    ) -> list[MemoryObj]:
        """As :meth:`batched_get_blocking`, but only the chunks before the first that is not there."""
        loaded = await self._in_thread(self.batched_get_blocking, keys)
        leading = loaded[: loaded.index(None)] if None in loaded else loaded
        release(loaded[len(leading) :])
        return list(leading)

    # Removal.

    def remove(self, key: CacheEngineKey, force: bool = True) -> bool:
        """Makes the daemon forget a key; True if it had it."""
        return bool(self.batched_remove([key], force))

    def batched_remove(self, keys: Sequence[CacheEngineKey], force: bool = True) -> int:
        """As :meth:`remove` for each key, in one call; returns how many it had."""
        names = [key.to_string() for key in keys]
        self._puts.wait_for(names)
        for name in names:
            self._lengths.pop(name, None)
        call = self._calls.start(lambda: self._client.submit_batch_delete(names), len(names))
        return sum(map(bool, call.result().results))

    # Memory.

    def get_allocator_backend(self) -> Any:
        """Where LMCache puts the chunks that it wants stored here."""
        return self if self.local_cpu_backend is None else self._room

    def initialize_allocator(self, config: Any, metadata: Any) -> Any:
        """The allocator, which there is from the start."""
        return self.get_memory_allocator()

    def get_memory_allocator(self) -> Any:
        """LMCache's allocator over the buffer."""
        assert self._buffer is not None
        return self._buffer.allocator

    def allocate(
        self, shapes: Any, dtypes: Any, fmt: Any = None, eviction: bool = True, busy_loop: bool = True
    ) -> MemoryObj | None:
        """Allocates a chunk; with ``busy_loop`` waits for room, at most 10 s. Nothing is evicted from the buffer."""
        return self._wait_for_room(
            lambda: self.get_memory_allocator().allocate(shapes, dtypes, fmt or self._format), busy_loop
        )

    def batched_allocate(
        self,
        shapes: Any,
        dtypes: Any,
        batch_size: int,
        fmt: Any = None,
        eviction: bool = True,
        busy_loop: bool = True,
    ) -> list[MemoryObj] | None:
        """As :meth:`allocate`, all or none."""
        chunks: list[MemoryObj] | None = self._wait_for_room(
            lambda: self.get_memory_allocator().batched_allocate(shapes, dtypes, batch_size, fmt or self._format),
            busy_loop,
        )
        return chunks

    def calculate_chunk_budget(self) -> int:
        """How many whole chunks the buffer has room for."""
        assert self._buffer is not None
        return self._buffer.size_bytes // self._current_geometry().chunk_bytes

    def close(self) -> None:
        """Disconnects; what is under way ends as it stands, and the daemon lets go of the buffer."""
        self._calls.close()
        self._executor.shutdown(wait=True)
        if self._buffer is not None:
            self._movers.close()

    def stats(self) -> dict[str, int]:
        """The counters of :meth:`KvStoreClient.stats`."""
        return self._client.stats()

    def _chunk(self) -> Layout:
        return Layout(list(self.metadata.get_shapes()), list(self.metadata.get_dtypes()), self._format)

    def _current_geometry(self) -> Geometry:
        """LMCache may learn of a model's groups of layers only after it has made its backends."""
        chunk = self._chunk()
        if chunk != self._geometry.chunk:
            self._geometry = Geometry(chunk, self.metadata.chunk_size)
        return self._geometry

    def _fits(self, key: CacheEngineKey, chunk: MemoryObj) -> bool:
        assert self._buffer is not None
        names_layer = isinstance(key, LayerCacheEngineKey)
        if self._buffer.owns(chunk) and self._current_geometry().is_plain(names_layer, Layout.of(chunk)):
            return True
        self._complaints.warn("chunk left out", "a chunk that is none of all layers on this GPU is not stored")
        return False

    def _lengths_of(self, names: Sequence[str]) -> list[int]:
        unknown = [name for name in names if name not in self._lengths]
        asked = dict(zip(unknown, self._ask(unknown), strict=True))
        return [asked[name] if name in asked else self._lengths.get(name, 0) for name in names]

    def _ask(self, names: Sequence[str]) -> list[int]:
        if not names:
            return []
        call = self._calls.start(lambda: self._client.submit_batch_lengths(names), len(names))
        lengths = call.result().results
        for name, length in zip(names, lengths, strict=True):
            if length:
                self._lengths[name] = length
            else:
                self._lengths.pop(name, None)
        while len(self._lengths) > _MOST_LENGTHS:
            self._lengths.popitem(last=False)
        return lengths

    def _allocate_for(self, key: CacheEngineKey, length: int) -> MemoryObj | None:
        layout = self._current_geometry().plain(isinstance(key, LayerCacheEngineKey), length) if length else None
        if layout is None:
            return None
        while True:
            chunk = self.allocate(layout.shapes, layout.dtypes, layout.format, busy_loop=False)
            # Memory that our own stores hold is free soon.
            if chunk is not None or not self._puts.wait_for_one():
                return chunk

    def _wait_for_room(self, allocate: Callable[[], Any], patient: bool) -> Any:
        for attempt in range(_ALLOCATION_ATTEMPTS if patient else 1):
            if attempt and not self._puts.wait_for_one():
                time.sleep(_ALLOCATION_PAUSE_SECONDS)
            room = allocate()
            if room is not None:
                return room
        return None

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await self.loop.run_in_executor(self._executor, call, *arguments)


def _buffer_bytes(option: object, config: Any) -> int:
    """The size of the buffer: the option's, else what LMCache's configuration gives ``GdsBackend``."""
    for mib in (option, getattr(config, "gds_buffer_size", None), getattr(config, "cufile_buffer_size", None)):
        if mib is not None:
            if not isinstance(mib, int) or isinstance(mib, bool) or not 1 <= mib <= 1 << 20:
                raise ValueError(f"buffer_mib must be 1 to 1048576, not {mib!r}")
            return mib * MIB
    return DEFAULT_BUFFER_MIB * MIB


def _tell(callback: Callable[[CacheEngineKey], None], keys: Sequence[CacheEngineKey]) -> None:
    for key in keys:
        try:
            callback(key)
        except Exception:
            logger.exception("what was to be called after a store failed")
