"""What callers of a session handle."""

from __future__ import annotations


class ConnectError(Exception):
    """The daemon cannot be used now; the message says why."""
