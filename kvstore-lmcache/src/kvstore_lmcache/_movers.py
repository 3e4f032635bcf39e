"""How chunks get between LMCache's buffer and the daemon: by the daemon's own hands, or through host memory."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from lmcache.v1.memory_management import MemoryObj

from ._calls import Answer, Calls
from ._chunk_buffer import ChunkBuffer
from ._client import KvStoreClient
from ._options import MIB

logger = logging.getLogger("kvstore_lmcache")

# Host memory that a batch takes where the daemon does not share the GPU's.
_WINDOW_BYTES = 256 * MIB
_HOST_THREADS = 2


class Movers:
    """Starts stores and loads."""

    def __init__(self, client: KvStoreClient, calls: Calls, buffer: ChunkBuffer):
        self._client = client
        self._calls = calls
        self._buffer = buffer
        # Its threads wait for nothing but the daemon, and so for nobody who waits for them.
        self._executor = ThreadPoolExecutor(_HOST_THREADS, "kvstore-host")
        self._told = False

    def store(self, names: Sequence[str], chunks: Sequence[MemoryObj]) -> Future[Answer]:
        """Stores chunks, which must stay as they are until the future is done; never fails."""
        if self._is_shared():
            views = [self._buffer.placed(chunk) for chunk in chunks]
            return self._calls.start(lambda: self._client.submit_batch_set(names, views), len(names))
        return self._executor.submit(self._through_host, self._store_copies, names, chunks)

    def load(self, names: Sequence[str], chunks: Sequence[MemoryObj]) -> Future[Answer]:
        """Fills chunks, whose memory nobody else may use until the future is done; never fails."""
        if self._is_shared():
            views = [self._buffer.placed(chunk) for chunk in chunks]
            return self._calls.start(lambda: self._client.submit_batch_get(names, views), len(names))
        return self._executor.submit(self._through_host, self._load_copies, names, chunks)

    def close(self) -> None:
        """Waits for what goes through host memory; the calls must be closed."""
        self._executor.shutdown(wait=True)

    def _is_shared(self) -> bool:
        memory = self._buffer.memory
        if memory is not None and not self._client.is_refused(memory):
            return True
        if not self._told:
            self._told = True
            logger.warning("chunks go through host memory: the daemon does not share %s", self._buffer.device)
        return False

    def _through_host(self, move: Any, names: Sequence[str], chunks: Sequence[MemoryObj]) -> Answer:
        results: list[int] = []
        error = ""
        try:
            for window in _windows(chunks):
                answer = move(names[window], chunks[window])
                results += answer.results
                error = error or answer.error
        except RuntimeError as problem:  # of CUDA: no host memory, say
            logger.warning("chunks could not go through host memory: %s", problem)
            error = str(problem)
        return Answer(error, results + [False] * (len(names) - len(results)))

    def _store_copies(self, names: Sequence[str], chunks: Sequence[MemoryObj]) -> Answer:
        copies = [self._buffer.bytes_of(chunk).cpu() for chunk in chunks]
        views = [memoryview(copy.numpy()) for copy in copies]
        return self._calls.start(lambda: self._client.submit_batch_set(names, views), len(names)).result()

    def _load_copies(self, names: Sequence[str], chunks: Sequence[MemoryObj]) -> Answer:
        copies = [torch.empty(chunk.get_size(), dtype=torch.uint8) for chunk in chunks]
        views = [memoryview(copy.numpy()) for copy in copies]
        answer = self._calls.start(lambda: self._client.submit_batch_get(names, views), len(names)).result()
        for chunk, copy, hit in zip(chunks, copies, answer.results, strict=True):
            if hit:
                self._buffer.bytes_of(chunk).copy_(copy)
        self._buffer.synchronize()
        return answer


def _windows(chunks: Sequence[MemoryObj]) -> Iterator[slice]:
    first = size_bytes = 0
    for at, chunk in enumerate(chunks):
        if at > first and size_bytes + chunk.get_size() > _WINDOW_BYTES:
            yield slice(first, at)
            first, size_bytes = at, 0
        size_bytes += chunk.get_size()
    yield slice(first, len(chunks))


def release(chunks: Iterable[MemoryObj | None]) -> None:
    """Gives up one reference of each."""
    for chunk in chunks:
        if chunk is not None:
            chunk.ref_count_down()
