"""Warnings that cannot flood a log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger("kvstore_lmcache")

INTERVAL_SECONDS = 10.0


class Complaints:
    """Logs each kind of warning at most once in :data:`INTERVAL_SECONDS`, with the number of those left out.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_seconds: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warn(self, kind: str, message: str, *arguments: object) -> None:
        """Logs ``message % arguments``, or only counts it."""
        with self._lock:
            now = self._clock()
            last = self._last_seconds.get(kind)
            if last is not None and now - last < INTERVAL_SECONDS:
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return
            self._last_seconds[kind] = now
            left_out = self._left_out.pop(kind, 0)
        if left_out:
            message = f"{message} ({left_out} more like this were not logged)"
        logger.warning(message, *arguments)
