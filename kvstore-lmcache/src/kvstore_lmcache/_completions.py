"""What is finished, and the file descriptor that says so."""

from __future__ import annotations

import os
import threading

# (future id, ok, error, one result per key), as LMCache's bridge reads it: the results are bools, but lengths in bytes
# where these were asked for.
Completion = tuple[int, bool, str, list[int]]


class Completions:
    """A queue of finished operations with an eventfd that is readable while the queue is not empty. Thread-safe."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._queue: list[Completion] = []
        self._closed = False

    @property
    def fd(self) -> int:
        """The eventfd; -1 once closed."""
        return -1 if self._closed else self._fd

    def post(self, completion: Completion) -> None:
        """Queues a completion and wakes whoever polls the descriptor."""
        with self._lock:
            self._queue.append(completion)
            # Written under the lock: after close() the number may already belong to another file.
            if not self._closed:
                os.eventfd_write(self._fd, 1)

    def drain(self) -> list[Completion]:
        """Takes everything out of the queue, oldest first."""
        with self._lock:
            if self._queue and not self._closed:
                os.eventfd_read(self._fd)
            taken, self._queue = self._queue, []
            return taken

    def close(self) -> None:
        """Closes the descriptor. What is still queued can be drained."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._fd)
