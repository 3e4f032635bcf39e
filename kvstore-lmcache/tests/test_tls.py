"""TLS with certificates on both sides, against the real daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import real_daemon
from certificates import Authority
from conftest import require_real_daemon
from waiter import Waiter

Connect = Callable[..., Waiter]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def tls(authority: Authority) -> Iterator[real_daemon.RealDaemon]:
    require_real_daemon()
    certificate, key = authority.issue("daemon.example")
    daemon = real_daemon.RealDaemon(
        settings=[f"tls.certificate={certificate}", f"tls.key={key}", f"tls.client-ca={authority.file}"]
    )
    daemon.start()
    yield daemon
    daemon.remove()


def test_bytes_come_back_over_tls(
    tls: real_daemon.RealDaemon, authority: Authority, connect: Connect, prefix: str
) -> None:
    certificate, key = authority.issue("client.example")
    client = connect(
        tls.tcp_target,
        tls_ca=str(authority.file),
        tls_cert=str(certificate),
        tls_key=str(key),
        tls_server_name="daemon.example",
    )

    assert client.store([prefix], [b"value"]) == (True, "", [True])
    assert client.load([prefix], [5]) == ([True], [b"value"])


def test_who_cannot_prove_who_he_is_gets_misses(
    tls: real_daemon.RealDaemon, authority: Authority, connect: Connect, prefix: str, tmp_path: Path
) -> None:
    trusting = {"tls_ca": str(authority.file), "tls_server_name": "daemon.example"}
    certificate, key = Authority(tmp_path, "stranger").issue("client.example")
    stranger = {"tls_cert": str(certificate), "tls_key": str(key)}
    missing = {"tls_cert": str(tmp_path / "none.crt"), "tls_key": str(tmp_path / "none.key")}

    for parameters in ({}, trusting, trusting | stranger, trusting | missing):
        client = connect(tls.tcp_target, **parameters)
        assert client.lookup([prefix]) == [False]
        assert client.store([prefix], [b"value"])[2] == [False]
