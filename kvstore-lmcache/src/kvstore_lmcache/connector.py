"""LMCache's in-process mode: a remote storage plugin, ``plugin://kvstore``.

LMCache loads :class:`KvStoreConnectorAdapter` by name; docs/how-to/lmcache-in-process.md shows the YAML. It imports
LMCache, so the package itself does not import it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from lmcache.utils import CacheEngineKey, LayerCacheEngineKey
from lmcache.v1.exceptions import IrrecoverableException
from lmcache.v1.memory_management import MemoryObj
from lmcache.v1.storage_backend.connector import ConnectorAdapter, ConnectorContext
from lmcache.v1.storage_backend.connector.base_connector import RemoteConnector

from ._calls import Answer, Calls
from ._client import KvStoreClient
from ._geometry import Geometry, Layout
from ._plugin_options import plugin_name_of, plugin_options
from ._values import describe, is_described, trailer

logger = logging.getLogger("kvstore_lmcache")

_NOT_CONNECTED = 1


class KvStoreConnectorAdapter(ConnectorAdapter):
    """Answers for ``plugin://kvstore`` and ``plugin://kvstore.<instance>``."""

    def __init__(self) -> None:
        super().__init__("plugin://kvstore")

    def can_parse(self, url: str) -> bool:
        """Whether the URL names a plugin of this type."""
        return url == self.schema or url.startswith(self.schema + ".")

    def create_connector(self, context: ConnectorContext) -> RemoteConnector:
        """Opens a connector.

        Raises:
            IrrecoverableException: An option is unknown or wrong. LMCache goes on without a remote backend after any
                other exception, and says so in a warning.
        """
        plugin = plugin_name_of(context.url)
        return KvStoreConnector(
            context.loop, context.local_cpu_backend, context.config, metadata=context.metadata, plugin_name=plugin
        )


@dataclass(eq=False)
class _Room:
    """Where one value is to be loaded.

    Attributes:
        position: Of its key in the batch.
        memory_obj: LMCache's, for a plain value.
        view: The bytes of that, or a buffer for a described value.
    """

    position: int
    memory_obj: MemoryObj | None
    view: memoryview


# Named here, because in the class "list" is the method.
_Keys = Sequence[CacheEngineKey]
_Names = list[str]
_Rooms = list[_Room]
_Loaded = list[MemoryObj | None]
_Chunks = list[tuple[CacheEngineKey, str, MemoryObj]]


class KvStoreConnector(RemoteConnector):
    """Stores and loads chunks through a :class:`KvStoreClient`, on whatever way that takes to the daemon.

    No method raises because of the daemon: a load that failed is a miss, a store that failed is dropped. A key counts
    as present, and a second store of it is ignored, from the moment at which its store is asked for; a load of it waits
    until that store has ended.

    Args:
        loop: LMCache's loop, on which the coroutines run.
        local_cpu_backend: Allocates memory objects.
        config: LMCache's configuration; ``extra_config`` has the options.
        metadata: The engine's; the backend's own if None.
        plugin_name: ``kvstore`` or ``kvstore.<instance>``: the options are those under
            ``remote_storage_plugin.<plugin_name>.``.

    Raises:
        IrrecoverableException: An option is unknown or wrong.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        local_cpu_backend: Any,
        config: Any,
        metadata: Any = None,
        plugin_name: str = "kvstore",
    ):
        metadata = metadata if metadata is not None else local_cpu_backend.metadata
        super().__init__(config, metadata)
        self.loop = loop
        self.local_cpu_backend = local_cpu_backend
        try:
            options = plugin_options(plugin_name, config.extra_config or {}, config.remote_storage_plugins or [])
            self._client = KvStoreClient(**options)
        except (TypeError, ValueError) as error:
            raise IrrecoverableException(f"extra_config, remote_storage_plugin.{plugin_name}.*: {error}") from error
        self._calls = Calls(self._client)
        self._metadata = metadata
        self._geometry = Geometry(self._chunk(), metadata.chunk_size)
        self._lock = threading.Lock()
        # The stores that have not ended, by key.
        self._storing: dict[str, Future[None]] = {}

    def support_ping(self) -> bool:
        """True."""
        return True

    async def ping(self) -> int:
        """0 while there is a daemon. The client itself asks it for a sign of life every 5 s."""
        return 0 if self._client.stats()["connected"] else _NOT_CONNECTED

    async def exists(self, key: CacheEngineKey) -> bool:
        """Whether the key is there; protects it from eviction for ``lease_millis``."""
        return bool(await self._leading([key]))

    def exists_sync(self, key: CacheEngineKey) -> bool:
        """As :meth:`exists`, for any thread; waits for the daemon, at most ``lookup_timeout_millis``."""
        return bool(self.batched_contains([key]))

    def support_batched_contains(self) -> bool:
        """True."""
        return True

    def batched_contains(self, keys: _Keys) -> int:
        """How many keys are there before the first that is not; for any thread, waits as :meth:`exists_sync`."""
        names = [key.to_string() for key in keys]
        storing = self._are_storing(names)
        asked = [name for name, is_storing in zip(names, storing, strict=True) if not is_storing]
        found = self._lookup(asked).result().results if asked else []
        return _leading(storing, found)

    def support_batched_async_contains(self) -> bool:
        """True."""
        return True

    async def batched_async_contains(self, lookup_id: str, keys: _Keys, pin: bool = False) -> int:
        """As :meth:`batched_contains`. A lease stands in for the pin."""
        return await self._leading(keys)

    async def get(self, key: CacheEngineKey) -> MemoryObj | None:
        """Loads a chunk into a new memory object of the caller's; None if it is not there or there is no memory."""
        return (await self.batched_get([key]))[0]

    def support_batched_get(self) -> bool:
        """True."""
        return True

    async def batched_get(self, keys: _Keys) -> _Loaded:
        """As :meth:`get` for each key."""
        names = [key.to_string() for key in keys]
        await self._stores_of(names)
        lengths = await asyncio.wrap_future(
            self._calls.start(lambda: self._client.submit_batch_lengths(names), len(names))
        )
        rooms = await self._make_room(keys, lengths.results)
        loaded: _Loaded = [None] * len(keys)
        if rooms:
            call = self._calls.start(
                lambda: self._client.submit_batch_get(
                    [names[room.position] for room in rooms], [room.view for room in rooms]
                ),
                len(rooms),
            )
            try:
                answer = await asyncio.wrap_future(call)
            except asyncio.CancelledError:
                # LMCache no longer waits, but the client may still be writing.
                call.add_done_callback(lambda _: _release(room.memory_obj for room in rooms))
                raise
            hits = [room for room, hit in zip(rooms, answer.results, strict=True) if hit]
            _release(room.memory_obj for room in rooms if room not in hits)
            for room in hits:
                loaded[room.position] = room.memory_obj
            await self._unpack([room for room in hits if room.memory_obj is None], loaded)
        return loaded

    def support_batched_get_non_blocking(self) -> bool:
        """True."""
        return True

    async def batched_get_non_blocking(self, lookup_id: str, keys: _Keys) -> _Loaded:
        """As :meth:`batched_get`, but only the chunks before the first that is not there."""
        loaded = await self.batched_get(keys)
        leading = list(itertools.takewhile(lambda memory_obj: memory_obj is not None, loaded))
        _release(loaded[len(leading) :])
        return leading

    async def put(self, key: CacheEngineKey, memory_obj: MemoryObj) -> None:
        """Stores a chunk; returns when it is on disk or was dropped. The reference count stays as it is."""
        await self.batched_put([key], [memory_obj])

    def support_batched_put(self) -> bool:
        """True."""
        return True

    async def batched_put(self, keys: _Keys, memory_objs: Sequence[MemoryObj]) -> None:
        """As :meth:`put` for each key; keys that are being stored already are left out."""
        ended: Future[None] = Future()
        ended.set_running_or_notify_cancel()
        chunks: _Chunks = []
        with self._lock:
            for key, memory_obj in zip(keys, memory_objs, strict=True):
                name = key.to_string()
                if name not in self._storing:
                    self._storing[name] = ended
                    # Its own reference: whoever waits for this coroutine may give up while the client still reads.
                    memory_obj.ref_count_up()
                    chunks.append((key, name, memory_obj))

        def end(_: object) -> None:
            with self._lock:
                for _, name, _ in chunks:
                    del self._storing[name]
            _release(memory_obj for _, _, memory_obj in chunks)
            ended.set_result(None)

        try:
            values = [(name, self._value(key, memory_obj)) for key, name, memory_obj in chunks]
            fit = [(name, value) for name, value in values if value is not None]
            call = self._calls.start(
                lambda: self._client.submit_batch_set([name for name, _ in fit], [value for _, value in fit]), len(fit)
            )
        except BaseException:
            end(None)
            raise
        call.add_done_callback(end)
        await asyncio.wrap_future(ended)

    async def list(self) -> _Names:
        """Not offered: a daemon may hold ten million keys.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("kvstore gives clients no list of its keys")

    def remove_sync(self, key: CacheEngineKey) -> bool:
        """Makes the daemon forget a key; True if it had it. For any thread, waits as :meth:`exists_sync`."""
        names = [key.to_string()]
        call = self._calls.start(lambda: self._client.submit_batch_delete(names), len(names))
        return bool(call.result().results[0])

    async def close(self) -> None:
        """Disconnects; what is under way ends as it stands, and no memory object is touched any more."""
        await asyncio.get_running_loop().run_in_executor(None, self._calls.close)

    def stats(self) -> dict[str, int]:
        """The counters of :meth:`KvStoreClient.stats`."""
        return self._client.stats()

    def _chunk(self) -> Layout:
        return Layout(list(self._metadata.get_shapes()), list(self._metadata.get_dtypes()), self.meta_fmt)

    def _current_geometry(self) -> Geometry:
        """LMCache may learn of a model's groups of layers only after it has made the connector."""
        chunk = self._chunk()
        if chunk != self._geometry.chunk:
            self._geometry = Geometry(chunk, self._metadata.chunk_size)
        return self._geometry

    def _lookup(self, names: Sequence[str]) -> Future[Answer]:
        return self._calls.start(lambda: self._client.submit_batch_exists(names), len(names))

    async def _leading(self, keys: _Keys) -> int:
        names = [key.to_string() for key in keys]
        storing = self._are_storing(names)
        asked = [name for name, is_storing in zip(names, storing, strict=True) if not is_storing]
        found = (await asyncio.wrap_future(self._lookup(asked))).results if asked else []
        return _leading(storing, found)

    def _are_storing(self, names: Sequence[str]) -> Sequence[bool]:
        with self._lock:
            return [name in self._storing for name in names]

    async def _stores_of(self, names: Sequence[str]) -> None:
        """Waits until no store of these keys is under way any more."""
        with self._lock:
            ends = {self._storing[name] for name in names if name in self._storing}
        for end in ends:
            await asyncio.wrap_future(end)

    async def _make_room(self, keys: _Keys, lengths: Sequence[int]) -> _Rooms:
        geometry = self._current_geometry()
        rooms: _Rooms = []
        try:
            for position, (key, length) in enumerate(zip(keys, lengths, strict=True)):
                if is_described(length):
                    rooms.append(_Room(position, None, memoryview(bytearray(length))))
                    continue
                layout = geometry.plain(_names_layer(key), length)
                memory_obj = await self._allocate(layout) if layout is not None else None
                if memory_obj is not None:
                    rooms.append(_Room(position, memory_obj, memoryview(memory_obj.byte_array)))
        except BaseException:
            _release(room.memory_obj for room in rooms)
            raise
        return rooms

    async def _allocate(self, layout: Layout) -> MemoryObj | None:
        """Allocates without blocking the loop; where all memory is taken by our own stores, waits for one of them."""
        while True:
            memory_obj = self.local_cpu_backend.allocate(layout.shapes, layout.dtypes, layout.format, busy_loop=False)
            if memory_obj is not None:
                return memory_obj
            with self._lock:
                ends = set(self._storing.values())
            if not ends:
                logger.debug("no memory for a chunk of %d bytes", layout.size_bytes)
                return None
            await asyncio.wait([asyncio.wrap_future(end) for end in ends], return_when=asyncio.FIRST_COMPLETED)

    def _value(self, key: CacheEngineKey, memory_obj: MemoryObj) -> memoryview | None:
        """The bytes to store; None, which is logged, for a chunk of which it cannot be said how to read it."""
        payload = memoryview(memory_obj.byte_array).cast("B")
        layout = Layout.of(memory_obj)
        if len(payload) == layout.size_bytes and self._current_geometry().is_plain(_names_layer(key), layout):
            return payload
        try:
            if len(payload) != layout.size_bytes:
                raise ValueError(f"{len(payload)} bytes for a layout of {layout.size_bytes}")
            return memoryview(b"".join((payload, trailer(layout.describe()))))
        except ValueError as error:
            logger.warning("dropped a chunk to store, which cannot be described: %s", error)
            return None

    async def _unpack(self, rooms: _Rooms, loaded: _Loaded) -> None:
        """Turns described values into memory objects, where they are what they should be and there is memory."""
        try:
            for room in rooms:
                description = describe(room.view)
                layout = Layout.described(description) if description is not None else None
                if description is None or layout is None or layout.size_bytes != description.payload_bytes:
                    logger.warning("a value of %d bytes has no description that can be read", len(room.view))
                    continue
                memory_obj = await self._allocate(layout)
                if memory_obj is not None:
                    memoryview(memory_obj.byte_array).cast("B")[:] = room.view[: description.payload_bytes]
                    loaded[room.position] = memory_obj
        except BaseException:
            _release(loaded)
            raise


def _names_layer(key: CacheEngineKey) -> bool:
    return isinstance(key, LayerCacheEngineKey)


def _leading(storing: Sequence[bool], found: Sequence[int]) -> int:
    """How many keys come before the first that is neither being stored nor found.

    Args:
        storing: One for each key.
        found: One for each that is not being stored.
    """
    answers = iter(found)
    hits = [is_storing or bool(next(answers)) for is_storing in storing]
    return hits.index(False) if False in hits else len(hits)


def _release(memory_objs: Any) -> None:
    for memory_obj in memory_objs:
        if memory_obj is not None:
            memory_obj.ref_count_down()
