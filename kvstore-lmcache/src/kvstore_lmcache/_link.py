"""Keeps a session with the daemon, through its restarts."""

from __future__ import annotations

import enum
import logging
import threading
import time
import weakref

from ._complaints import Complaints
from ._errors import ConnectError
from ._hash_check import HashCheck
from ._options import Options
from ._session import Session
from ._stats import Stats

logger = logging.getLogger("kvstore_lmcache")

FIRST_BACKOFF_SECONDS = 0.05
LAST_BACKOFF_SECONDS = 2.0

# How often an idle client looks whether its daemon is still there and still the same. Channels are not watched through
# gRPC: its thread for that leaves a traceback on stderr if a channel is closed at the wrong moment.
HELLO_INTERVAL_SECONDS = 5.0


class _State(enum.Enum):
    # Before the first attempt has ended: who asks now waits for it.
    STARTING = enum.auto()
    UP = enum.auto()
    # Who asks now is told at once that there is no daemon, while a thread goes on trying.
    DOWN = enum.auto()
    CLOSED = enum.auto()


class Link:
    """Gives out the current session, or None at once when there is none to be had.

    A thread of its own connects, says Hello, says it again from time to time, and starts anew when that or any other
    call finds nobody.
    """

    def __init__(self, options: Options, stats: Stats, complaints: Complaints):
        self._options = options
        self._stats = stats
        self._complaints = complaints
        self._hash_check = HashCheck(stats)
        self._changed = threading.Condition()
        self._state = _State.STARTING
        # The session that is given out while UP, and that is being opened otherwise.
        self._session: Session | None = None
        # With those whose daemon has gone but whose calls have not ended yet.
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self._suspected = False
        # Whether it was logged that there is no daemon.
        self._missed = False
        self._thread = threading.Thread(target=self._run, name="kvstore-connect", daemon=True)
        self._thread.start()

    @property
    def is_down(self) -> bool:
        """Whether :meth:`acquire` would return None without waiting."""
        return self._state in (_State.DOWN, _State.CLOSED)

    @property
    def is_up(self) -> bool:
        """Whether there is a session."""
        return self._state is _State.UP

    def acquire(self, deadline_seconds: float) -> Session | None:
        """Returns the session, to be given back with :meth:`Session.leave`, or None.

        Waits only while the very first attempt to connect is under way, until ``deadline_seconds`` on the clock of
        ``time.monotonic()``.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._state is not _State.STARTING, timeout=max(0.0, deadline_seconds - time.monotonic())
            )
            if self._state is not _State.UP or self._session is None:
                return None
            self._session.enter()
            return self._session

    def lost(self, session: Session) -> None:
        """Says that the daemon behind this session has gone. From now on there is none until a new Hello."""
        with self._changed:
            if self._session is session and self._state is _State.UP:
                self._state = _State.DOWN
                self._changed.notify_all()

    def suspect(self, session: Session) -> None:
        """Says that a call took too long. The daemon is asked for a sign of life; without one the session is lost."""
        with self._changed:
            if self._session is session and self._state is _State.UP:
                self._suspected = True
                self._changed.notify_all()

    def close(self, timeout_seconds: float) -> None:
        """Ends every call under way. Waits for its thread, but not longer than ``timeout_seconds``."""
        with self._changed:
            self._state = _State.CLOSED
            self._session = None
            sessions = list(self._sessions)
            self._changed.notify_all()
        for session in sessions:
            session.close()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        backoff_seconds = FIRST_BACKOFF_SECONDS
        while not self._closed():
            session = self._connect()
            if session is None:
                with self._changed:
                    self._changed.wait_for(self._closed, timeout=backoff_seconds)
                backoff_seconds = min(2 * backoff_seconds, LAST_BACKOFF_SECONDS)
                continue
            backoff_seconds = FIRST_BACKOFF_SECONDS
            self._guard(session)
            session.retire()

    def _closed(self) -> bool:
        return self._state is _State.CLOSED

    def _connect(self) -> Session | None:
        try:
            session = Session(self._options, self._stats, self._complaints)
        except ConnectError as error:
            self._refused(error)
            return None
        with self._changed:
            # So that close() can end the Hello.
            if not self._closed():
                self._session = session
                self._sessions.add(session)
        if self._session is None:
            session.close()
            return None
        try:
            session.say_hello(self._options.connect_timeout_millis / 1000)
        except ConnectError as error:
            self._refused(error)
            session.close()
            return None
        with self._changed:
            if self._closed():
                return None
            self._state = _State.UP
            self._suspected = False
            self._changed.notify_all()
        self._greeted(session)
        return session

    def _greeted(self, session: Session) -> None:
        self._stats.add("connects")
        hello = session.hello
        # As loud as the warning that it ends: LMCache shows no INFO of other loggers.
        logger.log(
            logging.WARNING if self._missed else logging.INFO,
            "connected to kvstore %s at %s: node %s, pool %s, epoch %d, I/O path %s",
            hello.server_version,
            self._options.target,
            hello.node,
            hello.pool,
            hello.epoch,
            hello.io_path,
        )
        self._missed = False
        # After the session is given out, because LMCache's answer may take a while to compute.
        self._hash_check.run(lambda checks: session.check_hashes(checks, self._options.connect_timeout_millis / 1000))

    def _refused(self, error: ConnectError) -> None:
        with self._changed:
            if self._closed():
                return
            self._session = None
            self._state = _State.DOWN
            self._changed.notify_all()
        self._missed = True
        self._complaints.warn(
            "connect",
            "no kvstore daemon at %s (%s): loads are misses and stores are dropped until there is one",
            self._options.target,
            error,
        )

    def _guard(self, session: Session) -> None:
        """Returns when the session is over."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._suspected or self._state is not _State.UP, timeout=HELLO_INTERVAL_SECONDS
                )
                if self._state is not _State.UP:
                    break
                self._suspected = False
            epoch = session.hello.epoch
            try:
                session.say_hello(self._options.connect_timeout_millis / 1000)
            except ConnectError:
                self.lost(session)
            else:
                if session.hello.epoch != epoch:
                    self._greeted(session)
        self._stats.add("disconnects")
        if not self._closed():
            self._missed = True
            self._complaints.warn("disconnect", "lost the kvstore daemon at %s", self._options.target)
