"""Unmodified LMCache through the RESP door: ``{"type":"resp"}`` (MP mode) and ``redis://`` (in-process)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

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


def _adapter(daemon: RealDaemon) -> str:
    return json.dumps({"type": "resp", "host": "127.0.0.1", "port": daemon.resp_port, "num_workers": 8})


def test_basic_check(daemon: RealDaemon) -> None:
    printed = lmcache_tools.run(
        "lmcache.v1.basic_check",
        ["--mode=test_l2_adapter", "--model=/m/", "--num-keys=50", f"--l2-adapter={_adapter(daemon)}"],
    )
    for line in ("Batch store OK", "Validation: 50/50 found", "Validation (content): 50/50"):
        assert line in printed, printed


@pytest.mark.parametrize(
    ("size_kib", "keys", "in_flight"), [(1, 16, 2), (1023, 16, 2), (16_384, 16, 2), (131_072, 2, 1)]
)
def test_bench_l2(daemon: RealDaemon, tmp_path: Path, size_kib: int, keys: int, in_flight: int) -> None:
    figures = lmcache_tools.bench_l2(_adapter(daemon), tmp_path / "out.json", size_kib, keys, in_flight)
    assert list(figures) == ["Store", "Lookup", "Load"]
    for operation in figures.values():
        assert operation["total_success"] == operation["total_keys"] == 3 * keys * in_flight
        assert operation["rounds_timed_out"] == 0
        print(operation["operation"], size_kib, "KiB:", operation["throughput_avg_mbps"], "MiB/s")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_load_after_a_restart_of_the_daemon(daemon: RealDaemon, tmp_path: Path, end: str) -> None:
    """Between two processes, because LMCache's resp client connects once and never again."""
    lmcache_tools.bench_l2(_adapter(daemon), tmp_path / "store.json", 1023, 16, 2, "--only=store")
    getattr(daemon, end)()
    daemon.start()
    figures = lmcache_tools.bench_l2(_adapter(daemon), tmp_path / "load.json", 1023, 16, 2, "--only=load")
    assert figures["Load"]["total_success"] == 3 * 16 * 2


def test_the_whole_chain(daemon: RealDaemon, tmp_path: Path) -> None:
    """As in test_lmcache.py: LMCache's server and the daemon anew in the middle, the bytes the same."""
    with lmcache_tools.lmcache_server(_adapter(daemon), tmp_path / "first.log") as server:
        first = server.bench()
    assert first.compared() == {"OK": 4, "FAIL": 0}, first

    daemon.restart()
    with lmcache_tools.lmcache_server(_adapter(daemon), tmp_path / "second.log") as server:
        second = server.bench()
    assert second.lookups("warm") == ["4/4"] * 4, second
    assert second.checksums("warm") == first.checksums("cold"), second


def test_in_process_redis(daemon: RealDaemon, tmp_path: Path) -> None:
    """Two modes one after the other use the same keys with other shapes; the daemon is anew in between."""
    config = tmp_path / "lmcache.yaml"
    config.write_text(
        f"chunk_size: 256\nlocal_cpu: false\nmax_local_cpu_size: 1\nremote_url: redis://127.0.0.1:{daemon.resp_port}\n"
    )
    for mode in ("test_remote", "test_storage_manager"):
        printed = lmcache_tools.run_until_printed(
            "lmcache.v1.basic_check",
            [f"--mode={mode}", "--model=/m/", "--num-keys=50"],
            "| GET ",
            config,
            tmp_path / f"{mode}.log",
        )
        assert "Validation (not None): 50/50 passed" in printed, printed
        assert "Validation (content correct): 50/50 passed" in printed, printed
        daemon.restart()
