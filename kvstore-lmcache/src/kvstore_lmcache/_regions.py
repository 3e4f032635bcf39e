"""The regions of one session."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

import grpc

from ._complaints import Complaints
from ._mappings import Mappings
from ._proto import kvstore_pb2 as pb
from ._region import Offer, Region, RegionRefused, hand_over
from ._stats import Stats

logger = logging.getLogger("kvstore_lmcache")

# In the identity of memory that is no file: no device has this number.
NO_FILE = -1

# After a refusal: what the daemon's limits leave no room for today may fit when another client has gone.
RETRY_SECONDS = 60.0


class SharedMemory(Protocol):
    """Memory that can be handed over."""

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of its file, or :data:`NO_FILE` and a number; raises OSError if there can be none."""
        ...

    @property
    def path(self) -> str:
        """For people."""
        ...

    def offer(self) -> Offer:
        """Returns what to hand over, with a descriptor of the caller's own; raises OSError."""
        ...


class Regions:
    """Hands memory over at its first use in a session, and again after it was given up. Thread-safe.

    Args:
        socket_path: Where to, empty for nowhere; asked at each attempt.
        register: Calls RegisterRegion with a timeout in seconds.
    """

    def __init__(
        self,
        socket_path: Callable[[], str],
        register: Callable[[pb.RegisterRegionRequest, float], pb.RegisterRegionResponse],
        stats: Stats,
        complaints: Complaints,
    ):
        self._socket_path = socket_path
        self._register = register
        self._stats = stats
        self._complaints = complaints
        self._lock = threading.Lock()
        self._regions: dict[tuple[int, int], Region] = {}
        self._refused_until_seconds: dict[tuple[int, int], float] = {}
        self._closed = False

    @property
    def is_possible(self) -> bool:
        """Whether the daemon takes memory at all."""
        return bool(self._socket_path())

    def find(self, memory: SharedMemory, timeout_seconds: float) -> Region | None:
        """Returns the open region of some memory, or None.

        None means that the daemon does not want it, or that an earlier region of the same memory has not ended yet.

        Args:
            memory: What is to be read or written.
            timeout_seconds: For each step of handing it over.
        """
        try:
            identity = memory.identity
        except OSError as error:
            self._complaints.warn("no memory to share", "no memory of this process to share: %s", error)
            return None
        # Held while handing over, so that a memory is handed over once.
        with self._lock:
            region = self._regions.get(identity)
            if region is not None:
                if region.is_open:
                    return region
                if region.is_ending:
                    return None
                region.close()
                del self._regions[identity]
            now = time.monotonic()
            if self._closed or not self.is_possible or now < self._refused_until_seconds.get(identity, 0.0):
                return None
            try:
                region = self._hand_over(memory, timeout_seconds)
            except (OSError, RegionRefused, grpc.RpcError, ValueError) as error:
                self._refused(memory, error, now)
                return None
            self._regions[identity] = region
            self._stats.add("regions")
            return region

    def mappings(self) -> Mappings:
        """Returns the shared mappings of this process, and gives up the memory that is mapped no more."""
        # Under the lock: a region that was found before has its call's memory mapped, and so is in what is read now.
        with self._lock:
            mappings = Mappings.now()
            for identity in self._regions.keys() - mappings.files():
                if identity[0] != NO_FILE and not self._regions[identity].is_ending:
                    self._regions.pop(identity).close()
            return mappings

    def close(self) -> None:
        """Gives up everything. No call may be under way, except in regions that were given up already."""
        with self._lock:
            self._closed = True
            for region in self._regions.values():
                region.close()
            self._regions.clear()

    def _hand_over(self, memory: SharedMemory, timeout_seconds: float) -> Region:
        offer = memory.offer()
        try:
            connection, ticket = hand_over(self._socket_path(), offer, timeout_seconds)
        finally:
            if offer.fd >= 0:
                os.close(offer.fd)
        try:
            request = pb.RegisterRegionRequest(ticket=ticket, size_bytes=offer.size_bytes)
            region_id = self._register(request, timeout_seconds).region_id
        except BaseException:
            connection.close()
            raise
        return Region(region_id, memory.path, connection)

    def _refused(self, memory: SharedMemory, error: Exception, now_seconds: float) -> None:
        self._refused_until_seconds[memory.identity] = now_seconds + RETRY_SECONDS
        self._stats.add("regions_refused")
        if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
            reason = f"{error.code().name}: {error.details()}"
        else:
            reason = str(error)
        self._complaints.warn(
            "region refused",
            "the daemon does not share %s (%s): payload takes another path, next attempt in %d s",
            memory.path,
            reason,
            RETRY_SECONDS,
        )
