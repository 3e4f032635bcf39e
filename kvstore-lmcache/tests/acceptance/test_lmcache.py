"""LMCache's own tools against the real daemon: what upstream accepts as an L2 adapter that works."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lmcache_tools
from conftest import require_real_daemon
from real_daemon import RealDaemon


@pytest.fixture
def daemon() -> Iterator[RealDaemon]:
    """A daemon of the test's own: LMCache's tools name their keys alike in every run."""
    if not lmcache_tools.is_installed():
        assert "KVSTORE_TEST_COMPLETE" not in os.environ, "LMCache is not installed"
        pytest.skip("LMCache is not installed")
    require_real_daemon()
    daemon = RealDaemon(capacity="6GiB")
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.remove()


# Forced, so that a tool fails where its chunks would go another way. Its memory is private, but for that of the server.
WAYS = ["staged", "stream", "tcp"]


def way_to(daemon: RealDaemon, way: str) -> tuple[str, dict[str, Any]]:
    """The target and the parameters of an adapter whose chunks travel this way."""
    # Not judged by how soon a daemon that has just started answers a lookup on a busy machine.
    patient = {"lookup_timeout_millis": 20_000}
    if way == "tcp":
        return daemon.tcp_target, {"payload_path": "auto", **patient}
    return daemon.target, {"payload_path": way, **patient}


@pytest.mark.parametrize("way", WAYS)
def test_basic_check(daemon: RealDaemon, way: str) -> None:
    target, parameters = way_to(daemon, way)
    printed = lmcache_tools.run(
        "lmcache.v1.basic_check",
        [
            "--mode=test_l2_adapter",
            "--model=/m/",
            "--num-keys=50",
            f"--l2-adapter={lmcache_tools.adapter_json(target, **parameters)}",
        ],
    )
    # The tool's exit code is 0 whatever it finds.
    for line in (
        "Validation: 50/50 correctly absent",
        "Batch store OK",
        "Validation: 50/50 found",
        "Validation (loaded): 50/50",
        "Validation (content): 50/50",
    ):
        assert line in printed, printed


@pytest.mark.parametrize(
    ("way", "size_kib", "keys", "in_flight"),
    [
        ("staged", 1, 16, 2),
        ("staged", 1023, 16, 2),
        ("staged", 16_129, 16, 1),
        ("staged", 16_384, 16, 2),
        ("staged", 131_072, 2, 1),
        ("stream", 5, 16, 2),
        ("stream", 16_129, 16, 1),
        ("tcp", 1023, 16, 2),
        ("tcp", 131_072, 2, 1),
    ],
)
def test_bench_l2(daemon: RealDaemon, tmp_path: Path, way: str, size_kib: int, keys: int, in_flight: int) -> None:
    """The tool fails by itself if a byte differs."""
    target, parameters = way_to(daemon, way)
    figures = lmcache_tools.bench_l2(target, tmp_path / "out.json", size_kib, keys, in_flight, **parameters)
    assert list(figures) == ["Store", "Lookup", "Load"]
    for operation in figures.values():
        assert operation["total_success"] == operation["total_keys"] == 3 * keys * in_flight
        assert operation["rounds_timed_out"] == 0
        # Shown by pytest -rP: what this machine reached beside everything else it did.
        print(operation["operation"], size_kib, "KiB:", operation["throughput_avg_mbps"], "MiB/s")


@pytest.mark.parametrize(("way", "end"), [("staged", "kill"), ("stream", "stop"), ("tcp", "kill")])
def test_load_after_a_restart_of_the_daemon(daemon: RealDaemon, tmp_path: Path, way: str, end: str) -> None:
    target, parameters = way_to(daemon, way)
    lmcache_tools.bench_l2(target, tmp_path / "store.json", 1023, 16, 2, "--only=store", **parameters)
    getattr(daemon, end)()
    daemon.start()
    figures = lmcache_tools.bench_l2(target, tmp_path / "load.json", 1023, 16, 2, "--only=load", **parameters)
    assert figures["Load"]["total_success"] == 3 * 16 * 2


def test_another_size_under_the_same_keys(daemon: RealDaemon, tmp_path: Path) -> None:
    for size_kib in (64, 256, 16):
        figures = lmcache_tools.bench_l2(daemon.target, tmp_path / "out.json", size_kib, 16, 2)
        assert {operation["total_success"] for operation in figures.values()} == {96}


@pytest.mark.parametrize(("way", "end"), [("in_place", "kill"), ("staged", "stop"), ("tcp", "kill")])
def test_the_whole_chain(daemon: RealDaemon, tmp_path: Path, way: str, end: str) -> None:
    """A simulated engine of two ranks, LMCache's server, this adapter, the daemon, which restarts under way."""
    target, parameters = way_to(daemon, way)
    with lmcache_tools.lmcache_server(target, tmp_path / "first.log", **parameters) as server:
        first = server.bench()
        assert first.compared() == {"OK": 4, "FAIL": 0}, first
        assert first.lookups("cold") == ["0/4"] * 4
        assert first.lookups("warm") == ["4/4"] * 4
        assert first.checksums("warm") == first.checksums("cold")

        getattr(daemon, end)()
        daemon.start()
        second = server.bench()
    assert second.lookups("cold") == second.lookups("warm") == ["4/4"] * 4, second
    assert second.checksums("warm") == first.checksums("cold"), second


def test_another_server_finds_it(daemon: RealDaemon, tmp_path: Path) -> None:
    """All of the chain anew but the disk."""
    with lmcache_tools.lmcache_server(daemon.target, tmp_path / "first.log") as server:
        first = server.bench()
    assert first.lookups("warm") == ["4/4"] * 4, first
    daemon.restart()
    with lmcache_tools.lmcache_server(daemon.target, tmp_path / "second.log") as server:
        second = server.bench()
    assert second.lookups("cold") == second.lookups("warm") == ["4/4"] * 4, second
    assert second.checksums("warm") == first.checksums("cold"), second
