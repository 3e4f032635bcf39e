"""Ordinary Redis clients against the daemon's RESP door."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from real_daemon import RealDaemon

redis = pytest.importorskip("redis", reason="redis-py is not installed: pip install 'kvstore-lmcache[test]'")


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py(fresh_real: RealDaemon, protocol: int) -> None:
    client = redis.Redis(host="127.0.0.1", port=fresh_real.resp_port, protocol=protocol)
    value = os.urandom(20_000_000)
    assert client.ping()
    assert client.set("large", value)
    assert client.get("large") == value
    assert client.mget("large", "absent") == [value, None]
    assert client.set("small", "a", ex=100)
    assert 98 <= client.ttl("small") <= 100
    assert client.set("small", "b", nx=True) is None
    assert client.set("small", "c") is True
    assert client.get("small") == b"c"
    assert (client.strlen("small"), client.exists("small", "large", "absent"), client.dbsize()) == (1, 2, 2)
    assert set(client.scan_iter("*a*")) == {b"large", b"small"}
    assert client.config_get("save") == {"save": ""}
    assert client.info()["chunks"] == 2
    assert client.client_setname("test")
    assert client.client_getname() in ("test", b"test")
    assert client.execute_command("ECHO", b"\x00\r\n") == b"\x00\r\n"
    with client.pipeline(transaction=False) as pipeline:
        for i in range(100):
            pipeline.set(f"p{i}", f"{i}")
            pipeline.get(f"p{i}")
            pipeline.unlink(f"p{i}")
        assert pipeline.execute() == [answer for i in range(100) for answer in (True, str(i).encode(), 1)]
    fresh_real.restart()
    assert client.get("large") == value  # redis-py connects anew by itself
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(host="127.0.0.1", port=fresh_real.resp_port, password="wrong", username="other").ping()  # noqa: S106
    client.close()


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name}: apt-get install redis-tools")
    return path


def test_redis_cli(real: RealDaemon) -> None:
    def cli(*arguments: str) -> str:
        command = [_tool("redis-cli"), "-p", str(real.resp_port), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    assert cli("PING") == "PONG"
    assert cli("SET", "cli", "value") == "OK"
    assert cli("GET", "cli") == "value"
    assert cli("DEL", "cli") == "1"
    assert cli("-3", "GET", "cli") == ""
    assert cli("AUTH", "x").startswith("ERR AUTH <password> called without any password configured")


def test_redis_benchmark(real: RealDaemon) -> None:
    command = [_tool("redis-benchmark"), "-p", str(real.resp_port), "-t", "ping,set,get", "-n", "200", "-c", "8"]
    for size in ("1000", "4194304"):
        result = subprocess.run(
            [*command, "-d", size, "-r", "20", "--csv"], capture_output=True, text=True, timeout=120, check=True
        )
        assert {"PING_INLINE", "SET", "GET"} <= {line.split('"')[1] for line in result.stdout.splitlines()}
        assert "rror" not in result.stdout + result.stderr
