"""Opens gRPC channels to the daemon."""

from __future__ import annotations

from pathlib import Path

import grpc

from ._errors import ConnectError
from ._options import MIB, Options

_CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    # Otherwise all channels to one target share one connection.
    ("grpc.use_local_subchannel_pool", 1),
    # A proxy for the world outside, as many GPU hosts have in their environment, is none for the daemon.
    ("grpc.enable_http_proxy", 0),
    # A miss is cheaper than a second try.
    ("grpc.enable_retries", 0),
    # The largest frame that Options allows, and room for the rest of the message.
    ("grpc.max_receive_message_length", 17 * MIB),
    # The thread that asks for the next frame also reads it from the socket: a fifth less CPU than with gRPC's thread.
    ("SingleThreadedUnaryStream", 1),
)


def open_channel(options: Options) -> grpc.Channel:
    """A channel to the target, over TLS if the options ask for it.

    Raises:
        ConnectError: A file for TLS cannot be read.
    """
    if options.tls_ca is None or options.target.startswith("unix:"):
        return grpc.insecure_channel(options.target, options=_CHANNEL_OPTIONS)
    credentials = grpc.ssl_channel_credentials(_read(options.tls_ca), _read(options.tls_key), _read(options.tls_cert))
    name = options.tls_server_name
    override = () if name is None else (("grpc.ssl_target_name_override", name),)
    return grpc.secure_channel(options.target, credentials, options=(*_CHANNEL_OPTIONS, *override))


def _read(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConnectError(f"cannot read {path}: {error.strerror}") from error
