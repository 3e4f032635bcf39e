"""The class that LMCache's ``native_plugin`` adapter loads."""

from __future__ import annotations

import itertools
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from ._complaints import Complaints
from ._completions import Completion, Completions
from ._link import Link
from ._options import MIB, Options
from ._placed import Placed
from ._pool import Pool
from ._regions import SharedMemory
from ._staging import Staging
from ._stats import Stats
from ._transfer import Transfers
from ._work import Kind, Operation, split

logger = logging.getLogger("kvstore_lmcache")

# Of the contract: longer keys cannot be stored, so they are not asked for.
LONGEST_KEY_BYTES = 1024

# Below this a second connection costs more than it gains.
_LEAST_PART_BYTES = 1 * MIB

_LOOKUP_THREADS = 2
_CLOSE_SECONDS = 5.0


class KvStoreClient:
    """Stores and loads KV cache chunks through the kvstore daemon.

    LMCache's bridge calls ``submit_*`` under a lock of its own and from several threads: they only queue work and never
    raise. Results come one per key through :meth:`drain_completions`. Whatever goes wrong is a miss or a store that was
    dropped; :meth:`stats` counts both.

    Args:
        **parameters: The attributes of :class:`kvstore_lmcache._options.Options`; README.md has the table.

    Raises:
        TypeError: An unknown parameter, or one of the wrong type.
        ValueError: A parameter outside its limits.
    """

    def __init__(self, **parameters: Any):
        self._options = options = Options.parse(parameters)
        self._stats = Stats()
        complaints = self._complaints = Complaints()
        self._completions = Completions()
        self._lock = threading.Lock()
        self._nothing_under_way = threading.Condition(self._lock)
        self._closed = False
        self._ids = itertools.count(1)
        self._under_way: dict[int, Operation] = {}
        self._pending_store_bytes = 0
        self._link = Link(options, self._stats, complaints)
        self._staging = Staging(options.staging_bytes)
        self._transfers = Transfers(
            options, self._link, self._staging, self._stats, complaints, client_id=uuid.uuid4().hex
        )
        run = self._transfers.run
        lookups = Pool("lookup", _LOOKUP_THREADS, run)
        self._pools = {
            Kind.LOOKUP: lookups,
            Kind.LENGTHS: lookups,
            Kind.LOAD: Pool("load", options.channels, run),
            Kind.STORE: Pool("store", options.channels, run),
            Kind.DELETE: Pool("delete", 1, run),
        }

    def is_refused(self, memory: SharedMemory) -> bool:
        """Whether there is a daemon, and it does not share this memory now. Hands the memory over at the first call."""
        limit_seconds = self._options.connect_timeout_millis / 1000
        session = self._link.acquire(time.monotonic() + limit_seconds)
        if session is None:
            return False
        try:
            return session.regions.find(memory, limit_seconds) is None
        finally:
            session.leave()

    def event_fd(self) -> int:
        """Returns an eventfd that is readable while completions wait; -1 after :meth:`close`."""
        return self._completions.fd

    def submit_batch_get(self, keys: Sequence[str], views: Sequence[Any]) -> int:
        """Loads each key into its view.

        A key's result is True only if exactly ``len(view)`` bytes are there, verified by the daemon. Otherwise the
        view's contents are undefined.

        Args:
            keys: Keys, at most 1024 bytes of UTF-8 each.
            views: Writable contiguous buffers of bytes, which must stay in place until the completion; or, all of them,
                :class:`~kvstore_lmcache._placed.Placed` in one memory, of which a key is a miss where the daemon does
                not share it.

        Returns:
            The future id.
        """
        return self._submit(Kind.LOAD, keys, views)

    def submit_batch_set(self, keys: Sequence[str], views: Sequence[Any]) -> int:
        """Stores each view under its key.

        The completion is ok only if all keys are stored: LMCache knows no results per key here, and keeps its own copy
        of a batch that failed.

        Args:
            keys: Keys, at most 1024 bytes of UTF-8 each.
            views: Contiguous buffers of at least one byte, which must stay as they are until the completion; or as for
                :meth:`submit_batch_get`.

        Returns:
            The future id.
        """
        return self._submit(Kind.STORE, keys, views)

    def submit_batch_exists(self, keys: Sequence[str]) -> int:
        """Asks which keys are there, and protects those from eviction for ``lease_millis``. Returns the future id."""
        return self._submit(Kind.LOOKUP, keys, None)

    def submit_batch_lengths(self, keys: Sequence[str]) -> int:
        """Asks as :meth:`submit_batch_exists`; each result is the value's length in bytes, 0 where there is none.

        Not of LMCache's contract, but for whoever must make room before the load. Returns the future id.
        """
        return self._submit(Kind.LENGTHS, keys, None)

    def submit_batch_delete(self, keys: Sequence[str]) -> int:
        """Makes the daemon forget keys; True for those it had. Returns the future id."""
        return self._submit(Kind.DELETE, keys, None)

    def drain_completions(self) -> list[Completion]:
        """Returns ``(future id, ok, error, results)`` of everything finished since the last call."""
        return self._completions.drain()

    def stats(self) -> dict[str, int]:
        """Returns counters since the start, and as 0 or more: ``connected``, ``pending_store_bytes``."""
        with self._lock:
            pending = self._pending_store_bytes
        return {**self._stats.snapshot(), "connected": int(self._link.is_up), "pending_store_bytes": pending}

    def close(self) -> None:
        """Completes everything under way as it stands and disconnects.

        Once this has returned no view is read or written any more, neither by this process nor by the daemon. May be
        called again. Takes as long as copying one chunk, at most 5 s more if gRPC's threads are slow to end, and, where
        the daemon is reading or writing a view in place, as long as its disk takes for that: without limit if the disk
        hangs, because the alternative is a chunk written over whatever the memory is used for next. It is logged then.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            under_way = list(self._under_way.values())
        for operation in under_way:
            operation.abort("closed")
        for pool in set(self._pools.values()):
            pool.close()
        self._staging.blocks.close()
        deadline_seconds = time.monotonic() + _CLOSE_SECONDS
        self._link.close(_CLOSE_SECONDS)
        with self._nothing_under_way:
            # Their calls are cancelled by now; what the daemon holds in its hands it gives back at the fence.
            self._nothing_under_way.wait_for(lambda: not self._under_way)
        for pool in set(self._pools.values()):
            pool.join(deadline_seconds)
        self._staging.close()
        self._completions.close()

    def _submit(self, kind: Kind, keys: Sequence[str], views: Sequence[Any] | None) -> int:
        future_id = next(self._ids)
        try:
            self._start(future_id, kind, keys, views)
        except Exception as error:
            # An exception would abort LMCache's whole prefetch.
            if not self._closed:
                logger.exception("refused a %s of %d keys", kind.value, len(keys))
            self._completions.post((future_id, False, str(error), [False] * len(keys)))
        return future_id

    def _start(self, future_id: int, kind: Kind, keys: Sequence[str], views: Sequence[Any] | None) -> None:
        deadline_seconds = time.monotonic() + self._timeout_millis(kind) / 1000
        operation = Operation(future_id, kind, len(keys), deadline_seconds, on_finished=self._finished)
        self._stats.add(f"{kind.value}_keys", len(keys))
        encoded = [_encode(key) for key in keys]
        buffers = [] if views is None else _views(views, len(keys), writable=kind is Kind.LOAD)
        # What cannot be stored cannot be found either.
        usable = [
            position
            for position, key in enumerate(encoded)
            if 0 < len(key) <= LONGEST_KEY_BYTES and (views is None or len(buffers[position]) > 0)
        ]
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            if kind is Kind.STORE:
                usable = self._admit(operation, usable, buffers)
            for positions in self._split(usable, buffers):
                operation.add_part(
                    positions,
                    keys=[encoded[position] for position in positions],
                    views=[buffers[position] for position in positions] if buffers else [],  # type: ignore[arg-type]
                )
            self._under_way[future_id] = operation
        if not operation.parts:
            self._finished(operation)
        for part in operation.parts:
            if self._link.is_down:
                self._transfers.refuse(part)
            else:
                self._pools[kind].submit(part)

    def _timeout_millis(self, kind: Kind) -> int:
        if kind is Kind.LOAD:
            return self._options.load_timeout_millis
        return self._options.store_timeout_millis if kind is Kind.STORE else self._options.lookup_timeout_millis

    def _admit(self, operation: Operation, positions: list[int], buffers: Sequence[memoryview | Placed]) -> list[int]:
        """Takes as many chunks as the bound on pending stores allows: the first ones, as a prefix is of use alone."""
        admitted = 0
        for position in positions:
            size = len(buffers[position])
            if self._pending_store_bytes + size > self._options.max_pending_bytes:
                break
            self._pending_store_bytes += size
            operation.pending_bytes += size
            admitted += 1
        dropped = len(positions) - admitted
        if dropped:
            self._stats.add("store_dropped_queue_full", dropped)
            self._complaints.warn(
                "queue full",
                "dropped %d chunks to store: with them more than max_pending_bytes=%d would wait",
                dropped,
                self._options.max_pending_bytes,
            )
        return positions[:admitted]

    def _split(self, positions: list[int], buffers: Sequence[memoryview | Placed]) -> list[list[int]]:
        if not positions or not buffers:
            return [positions] if positions else []
        sizes = [len(buffers[position]) for position in positions]
        shares = split(sizes, self._options.channels, _LEAST_PART_BYTES)
        return [[positions[at] for at in share] for share in shares]

    def _finished(self, operation: Operation) -> None:
        hits = sum(map(bool, operation.results))
        ok = True
        error = ""
        if operation.kind is Kind.STORE:
            dropped = len(operation.results) - hits
            ok = dropped == 0
            if dropped:
                self._stats.add("store_dropped", dropped)
                error = f"{dropped} of {len(operation.results)} chunks were not stored: {operation.error or 'dropped'}"
        else:
            self._stats.add(f"{operation.kind.value}_hits", hits)
            error = operation.error
        with self._lock:
            self._pending_store_bytes -= operation.pending_bytes
        # Before it counts as over: close() must not have returned when a completion comes.
        self._completions.post((operation.future_id, ok, error, operation.results))
        with self._nothing_under_way:
            del self._under_way[operation.future_id]
            self._nothing_under_way.notify_all()


def _encode(key: str) -> bytes:
    """A key as sent; empty, which no key may be, if it cannot be encoded."""
    try:
        return key.encode()
    except UnicodeEncodeError:
        return b""


def _views(views: Sequence[Any], count: int, writable: bool) -> list[memoryview] | list[Placed]:
    if len(views) != count:
        raise ValueError(f"{count} keys and {len(views)} views")
    placed = [view for view in views if isinstance(view, Placed)]
    if placed:
        if len(placed) < count or any(view.memory is not placed[0].memory for view in placed):
            raise ValueError("views that are placed must all be placed in the same memory")
        return placed
    # LMCache's views have the format "<B", which cannot be sliced into or copied from as bytes.
    buffers = [memoryview(view).cast("B") for view in views]
    if writable and any(buffer.readonly for buffer in buffers):
        raise ValueError("a view to load into is read-only")
    return buffers
