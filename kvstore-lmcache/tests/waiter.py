"""Waits for completions as LMCache's bridge does: polls the descriptor, then drains."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import NamedTuple

from arena import Arena
from kvstore_lmcache import KvStoreClient


class Outcome(NamedTuple):
    """A completion without its id."""

    ok: bool
    error: str
    results: list[int]


class Waiter:
    """Calls a client and waits for the answer. One waiter for a client, used by one thread.

    Args:
        client: Which one.
        arena: Where values are stored from and loaded to, if not in private memory.
    """

    def __init__(self, client: KvStoreClient, arena: Arena | None = None) -> None:
        self.client = client
        self._arena = arena
        self._outcomes: dict[int, Outcome] = {}
        self._poll = select.poll()
        self._poll.register(client.event_fd(), select.POLLIN)

    def wait(self, future_id: int, limit_seconds: float = 60) -> Outcome:
        deadline = time.monotonic() + limit_seconds
        while future_id not in self._outcomes:
            left = deadline - time.monotonic()
            assert left > 0, f"no completion of {future_id} within {limit_seconds} s"
            if self._poll.poll(left * 1000):
                for completed, ok, error, results in self.client.drain_completions():
                    assert completed not in self._outcomes, "completed twice"
                    self._outcomes[completed] = Outcome(ok, error, results)
        return self._outcomes.pop(future_id)

    def store(self, keys: Sequence[str], values: Sequence[bytes]) -> Outcome:
        return self.wait(self.client.submit_batch_set(keys, self._buffers([len(value) for value in values], values)))

    def load(self, keys: Sequence[str], sizes: Sequence[int]) -> tuple[list[int], list[bytes]]:
        buffers = self._buffers(sizes)
        outcome = self.wait(self.client.submit_batch_get(keys, buffers))
        assert outcome.ok
        return outcome.results, [bytes(buffer) for buffer in buffers]

    def lookup(self, keys: Sequence[str]) -> list[int]:
        return self.wait(self.client.submit_batch_exists(keys)).results

    def delete(self, keys: Sequence[str]) -> list[int]:
        return self.wait(self.client.submit_batch_delete(keys)).results

    def _buffers(self, sizes: Sequence[int], values: Sequence[bytes] | None = None) -> list[memoryview]:
        if self._arena is None:
            if values is not None:
                return [memoryview(value) for value in values]
            return [memoryview(bytearray(size)) for size in sizes]
        self._arena.reuse()
        return [
            self._arena.piece(size, content)
            for size, content in zip(sizes, values or [bytes(size) for size in sizes], strict=True)
        ]

    def until_connected(self, limit_seconds: float = 30) -> None:
        deadline = time.monotonic() + limit_seconds
        while not self.client.stats()["connected"]:
            assert time.monotonic() < deadline, "not connected"
            time.sleep(0.01)
