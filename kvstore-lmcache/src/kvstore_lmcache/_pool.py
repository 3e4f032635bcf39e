"""Worker threads with one queue."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from ._work import Part

logger = logging.getLogger("kvstore_lmcache")


class Pool:
    """A fixed number of threads that take parts in the order in which they came.

    Args:
        name: For the threads' names.
        threads: How many.
        work: Called with the number of the thread and a part.
    """

    def __init__(self, name: str, threads: int, work: Callable[[int, Part], None]):
        self._work = work
        self._queue: queue.SimpleQueue[Part | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name=f"kvstore-{name}-{lane}", daemon=True)
            for lane in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, part: Part) -> None:
        """Queues a part."""
        self._queue.put(part)

    def close(self) -> None:
        """Lets every thread end after what is queued now."""
        for _ in self._threads:
            self._queue.put(None)

    def join(self, deadline_seconds: float) -> None:
        """Waits for the threads until ``deadline_seconds`` on the clock of ``time.monotonic()``."""
        for thread in self._threads:
            thread.join(max(0.0, deadline_seconds - time.monotonic()))

    def _run(self, lane: int) -> None:
        while (part := self._queue.get()) is not None:
            try:
                self._work(lane, part)
            except Exception:
                # The thread must outlive a bug, and whoever waits for the part must hear of it.
                logger.exception("a part of a %s failed", part.operation.kind.value)
                part.finish("internal error")
