"""The whole chain in place, with shapes that engines have: many ranks, MLA, hybrid, fp8, large chunks; two servers."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import lmcache_tools
from conftest import require_real_daemon
from lmcache_tools import Chain, LmcacheServer
from real_daemon import RealDaemon

# In place, which fails where chunks would go another way; and not judged by how soon a daemon that has just started
# answers a lookup on a busy machine.
PATIENT: dict[str, Any] = {"payload_path": "in_place", "lookup_timeout_millis": 20_000}


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


class Shape(NamedTuple):
    """A simulated engine, and what is asked of it.

    Attributes:
        spec: Of its cache, as LMCache's tool wants it.
        ranks: Of tensor parallelism.
        tokens: In one request; 256 are a chunk.
        transfer_mode: Who moves bytes between engine and L1. The tool takes several groups only when the server does.
        more: Further options of the tool.
    """

    spec: str
    ranks: int = 1
    tokens: int = 1024
    transfer_mode: str = "engine_driven"
    more: tuple[str, ...] = ()


REQUESTS = 2

SHAPES = {
    "tp8": Shape("(2,64,16,1,128):bfloat16:32", ranks=8),
    "mla": Shape("(1,64,16,1,576):bfloat16:61", ranks=2, more=("--use-mla",)),
    "hybrid": Shape("(2,64,16,8,128):bfloat16:8;(2,64,16,2,128):bfloat16:24", transfer_mode="lmcache_driven"),
    "fp8": Shape("(2,64,16,8,128):uint8:32", ranks=2),
    "132_mib": Shape("(2,32,16,8,128):bfloat16:132", tokens=512),
}


def bench(server: LmcacheServer, shape: Shape) -> Chain:
    more = (f"--transfer-mode={shape.transfer_mode}", *shape.more)
    return server.bench(shape.spec, shape.ranks, shape.tokens, REQUESTS, more)


def assert_stored_and_found(chain: Chain, tokens: int) -> None:
    all_chunks, none = f"{tokens // 256}/{tokens // 256}", f"0/{tokens // 256}"
    assert chain.compared() == {"OK": REQUESTS, "FAIL": 0}, chain
    assert chain.lookups("cold") == [none] * REQUESTS, chain
    assert chain.lookups("warm") == [all_chunks] * REQUESTS, chain
    assert len(chain.checksums("cold")) == REQUESTS
    assert chain.checksums("warm") == chain.checksums("cold"), chain


def assert_found_again(chain: Chain, first: Chain) -> None:
    """Nothing is stored any more, so the tool compares nothing by itself."""
    assert chain.lookups("cold") == chain.lookups("warm") == first.lookups("warm"), chain
    assert chain.checksums("warm") == first.checksums("cold"), chain


@pytest.mark.parametrize(
    "name",
    ["tp8", "mla", "hybrid", "fp8", pytest.param("132_mib", marks=pytest.mark.long)],
)
def test_a_shape(daemon: RealDaemon, tmp_path: Path, name: str) -> None:
    shape = SHAPES[name]
    with lmcache_tools.lmcache_server(daemon.target, tmp_path / "server.log", shape.transfer_mode, **PATIENT) as server:
        first = bench(server, shape)
        assert_stored_and_found(first, shape.tokens)
        daemon.kill()
        daemon.start()
        assert_found_again(bench(server, shape), first)


@pytest.mark.long
def test_two_servers_at_once(daemon: RealDaemon, tmp_path: Path) -> None:
    """Two engines of one model and, at the same time, the same prompts: whoever is first stores, both find."""
    shape = Shape("(2,64,16,8,128):bfloat16:32", ranks=2)
    with (
        lmcache_tools.lmcache_server(daemon.target, tmp_path / "one.log", **PATIENT) as one,
        lmcache_tools.lmcache_server(daemon.target, tmp_path / "two.log", **PATIENT) as two,
    ):
        chains = at_once([one, two], shape)
        for chain in chains:
            assert chain.compared().get("FAIL", 0) == 0, chain
            assert chain.lookups("warm") == ["4/4"] * REQUESTS, chain
        daemon.restart()
        again = at_once([one, two], shape)
    for chain in again:
        assert chain.lookups("cold") == chain.lookups("warm") == ["4/4"] * REQUESTS, chain
    assert again[0].checksums("warm") == again[1].checksums("warm") == chains[0].checksums("warm")


def at_once(servers: list[LmcacheServer], shape: Shape) -> list[Chain]:
    """Runs the tool against each, and lets the same requests meet."""
    chains: dict[int, Chain] = {}

    def run(at: int) -> None:
        chains[at] = bench(servers[at], shape)

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(servers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [chains[at] for at in range(len(servers))]
