"""Batches of a KvStoreClient as futures."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from ._client import KvStoreClient


@dataclass(frozen=True)
class Answer:
    """What a batch came to.

    Attributes:
        error: Why there are fewer hits than there could be; empty if there is nothing to say.
        results: One per key, as :class:`KvStoreClient` gives them.
    """

    error: str
    results: list[int]


class Calls:
    """Starts batches and completes a future for each, in a thread of its own.

    The futures cannot be cancelled: until one is done the client reads or writes the memory of its batch. They never
    fail; callbacks run in the thread and must be short.

    Args:
        client: Owned from now on; :meth:`close` closes it.
    """

    def __init__(self, client: KvStoreClient):
        self._client = client
        # Held while a batch is submitted, so that its completion finds its future. submit_* returns at once.
        self._lock = threading.Lock()
        self._under_way: dict[int, Future[Answer]] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="kvstore-completions", daemon=True)
        self._thread.start()

    def start(self, submit: Callable[[], int], key_count: int) -> Future[Answer]:
        """Submits a batch.

        Args:
            submit: Calls one of the client's ``submit_*`` and returns the future id.
            key_count: Number of keys in it.

        Returns:
            Done when the client no longer touches the batch's memory. Without a hit if this is closed.
        """
        future: Future[Answer] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if not self._stopping:
                self._under_way[submit()] = future
                return future
        future.set_result(Answer("closed", [False] * key_count))
        return future

    def close(self) -> None:
        """Closes the client, which takes as long; everything under way ends as it stands. May be called again."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
        # Its completion wakes the thread.
        self._client.submit_batch_exists([])
        self._thread.join()
        self._client.close()
        self._complete()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._client.event_fd(), select.POLLIN)
        while not self._stopping:
            poll.poll()
            self._complete()

    def _complete(self) -> None:
        for future_id, _, error, results in self._client.drain_completions():
            with self._lock:
                future = self._under_way.pop(future_id, None)
            if future is not None:
                future.set_result(Answer(error, results))
