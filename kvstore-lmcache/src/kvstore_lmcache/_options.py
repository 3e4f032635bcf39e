"""The parameters of the client: their defaults, their limits, and what is said about a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


# How payload travels; see _paths.py.
PAYLOAD_PATHS = ("auto", "in_place", "staged", "stream")


def _number(default: int, least: int, most: int) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True)
class Options:
    """How to reach the daemon and how long to wait for it. Every timeout counts from the ``submit_*`` call.

    Attributes:
        target: Where the daemon listens: ``unix:/path/to/socket`` or ``host:port``.
        channels: Connections for payload. Lookups have one of their own.
        lookup_timeout_millis: A lookup or delete that takes longer is answered as "not there".
        load_timeout_millis: A chunk that has not arrived whole by then is a miss.
        store_timeout_millis: A chunk that is not on disk by then is dropped.
        connect_timeout_millis: Longest wait for a connection and the daemon's Hello.
        frame_bytes: Payload of one message of a store; the daemon's own limit applies as well.
        lease_millis: How long a chunk that was found cannot be evicted, so that the load after the lookup finds it.
        max_pending_bytes: Stores that wait or are under way. What comes on top is dropped. The default holds a prompt
            of 100,000 tokens of an 8-billion-parameter model (12.2 GiB).
        payload_path: One of :data:`PAYLOAD_PATHS`. All but ``auto`` are for tests: what cannot go that way is a miss.
        staging_bytes: Memory shared with a daemon of this machine, for payload that does not lie in shared memory.
            Taken at the first need, and pages only as they are used.
        tls_ca: PEM file of the authorities of the daemon's certificate. Set, a ``host:port`` target is spoken to over
            TLS. The three files are read again at each new connection.
        tls_cert: PEM file of this client's certificate, which every daemon with TLS asks for.
        tls_key: PEM file of its private key.
        tls_server_name: The name in the daemon's certificate, where it is not the target's host.
    """

    target: str = "unix:/run/kvstore/kvstore.sock"
    channels: int = _number(4, 1, 64)
    lookup_timeout_millis: int = _number(1_000, 1, 3_600_000)
    load_timeout_millis: int = _number(10_000, 1, 3_600_000)
    store_timeout_millis: int = _number(30_000, 1, 3_600_000)
    connect_timeout_millis: int = _number(5_000, 1, 3_600_000)
    frame_bytes: int = _number(512 * KIB, 4 * KIB, 16 * MIB)
    lease_millis: int = _number(30_000, 0, 3_600_000)
    max_pending_bytes: int = _number(16 * GIB, 1, 1 << 62)
    payload_path: str = "auto"
    staging_bytes: int = _number(256 * MIB, 1 * MIB, 1 << 40)
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_server_name: str | None = None

    @classmethod
    def parse(cls, parameters: Mapping[str, object]) -> Options:
        """Checks parameters as they come from JSON.

        Raises:
            TypeError: An unknown parameter, or a value of the wrong type.
            ValueError: A value outside its limits.
        """
        known = {option.name: option for option in fields(cls)}
        for name, value in parameters.items():
            if name not in known:
                raise TypeError(f"KvStoreClient has no parameter {name!r}{_suggestion(name, list(known))}")
            if name == "target":
                _check_target(value)
            elif name == "payload_path":
                _check_payload_path(value)
            elif name in _TLS:
                _check_text(name, value)
            else:
                limits = known[name].metadata
                _check_number(name, value, limits["least"], limits["most"])
        options = cls(**parameters)  # type: ignore[arg-type]
        _check_tls(options)
        return options


_TLS = ("tls_ca", "tls_cert", "tls_key", "tls_server_name")


def _suggestion(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"; the nearest is {nearest[0]!r}"


def _check_target(value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"target must be a string, not {value!r}")
    if value.startswith("unix:"):
        if not value.removeprefix("unix:").startswith("/"):
            raise ValueError(f"target must name the socket by its absolute path, as in unix:/path, not {value!r}")
        return
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65_536):
        raise ValueError(f"target must be unix:/path or host:port, not {value!r}")


def _check_payload_path(value: object) -> None:
    if value not in PAYLOAD_PATHS:
        raise ValueError(f"payload_path must be one of {', '.join(PAYLOAD_PATHS)}, not {value!r}")


def _check_text(name: str, value: object) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise TypeError(f"{name} must be a string that is not empty, not {value!r}")


def _check_tls(options: Options) -> None:
    if (options.tls_cert is None) != (options.tls_key is None):
        raise ValueError("tls_cert and tls_key belong together")
    if options.tls_ca is None and (options.tls_cert or options.tls_server_name):
        raise ValueError("tls_cert and tls_server_name need tls_ca, the authorities of the daemon's certificate")


def _check_number(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be {least} to {most}, not {value}")
