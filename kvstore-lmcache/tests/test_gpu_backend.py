"""The storage plugin for GPUs under LMCache's own storage manager, with host memory in the place of a GPU's.

All but the memory is what it is on a GPU host: the buffer is handed over as a whole, and chunks are named by place.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fake_daemon import FakeDaemon
from real_daemon import RealDaemon

torch = pytest.importorskip("torch")
pytest.importorskip("lmcache")

from gpu_engine import (  # noqa: E402
    ALLOCATING,
    BESIDE,
    CHUNK_BYTES,
    CHUNK_TOKENS,
    LAYERS,
    GpuEngine,
    bytes_for,
    configuration,
    key,
)
from kvstore_lmcache._plugin_options import storage_plugin_options  # noqa: E402
from kvstore_lmcache.gpu_backend import KvStoreGpuBackend  # noqa: E402

LIMIT_SECONDS = 30
SOME = range(1, 6)


@pytest.fixture
def open_engine() -> Iterator[Callable[..., GpuEngine]]:
    engines: list[GpuEngine] = []

    def start(target: str, name: str = ALLOCATING, **options: object) -> GpuEngine:
        engines.append(GpuEngine(target, name, **options))
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()


def expected(seeds: range) -> list[bytes]:
    return [bytes_for(seed) for seed in seeds]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("name", [ALLOCATING, BESIDE])
def test_what_was_stored_comes_back(open_engine: Callable[..., GpuEngine], fresh_real: RealDaemon, name: str) -> None:
    engine = open_engine(fresh_real.target, name)
    free_bytes = engine.free_bytes()
    assert engine.hits(SOME) == 0
    engine.store(SOME)
    engine.settle(SOME)
    assert engine.hits(range(1, 8)) == len(SOME)
    assert engine.load(range(1, 8)) == [*expected(SOME), None, None]
    assert engine.free_bytes() == free_bytes
    stats = engine.backend.stats()
    assert stats["path_in_place_chunks"] == 2 * len(SOME)
    assert stats["path_staged_chunks"] == stats["path_stream_chunks"] == 0
    assert stats["regions"] == 1


def test_after_a_restart_of_both(open_engine: Callable[..., GpuEngine], fresh_real: RealDaemon) -> None:
    first = open_engine(fresh_real.target)
    first.store(SOME)
    first.settle(SOME)
    fresh_real.kill()
    fresh_real.start()
    second = open_engine(fresh_real.target)
    until(lambda: second.hits(SOME) == len(SOME))
    assert second.load(SOME) == expected(SOME)
    until(lambda: first.hits(SOME) == len(SOME))
    assert first.load(SOME) == expected(SOME)


def test_a_key_that_is_being_stored_is_there_and_its_load_waits(
    open_engine: Callable[..., GpuEngine], fake: FakeDaemon
) -> None:
    engine = open_engine(fake.target)
    fake.faults.hold["item"] = threading.Event()
    engine.store(SOME)
    assert engine.hits(SOME) == len(SOME)
    assert engine.backend.exists_in_put_tasks(key(1))
    loads: list[Any] = []
    loader = threading.Thread(target=lambda: loads.append(engine.load(SOME)))
    loader.start()
    # The same keys with other bytes: as if the engine had found only a part, and stored the rest again.
    again = [engine.chunk(seed + 100) for seed in SOME]
    engine.manager.batched_put([key(seed) for seed in SOME], again)
    assert not loads
    fake.faults.hold["item"].set()
    loader.join(LIMIT_SECONDS)
    assert loads == [expected(SOME)]
    assert [len(request.items) for request in fake.store_froms] == [len(SOME)]
    assert not engine.backend.exists_in_put_tasks(key(1))


def test_chunks_keep_their_names_where_some_are_stored_already(
    open_engine: Callable[..., GpuEngine], fake: FakeDaemon
) -> None:
    """LMCache 0.5.3 mixes up keys and chunks where a backend that it copies to says that it has some of them."""
    engine = open_engine(fake.target, BESIDE)
    engine.store(range(2, 4))
    engine.settle(range(2, 4))
    engine.store(SOME)
    engine.settle(SOME)
    assert engine.load(SOME) == expected(SOME)


def test_a_prompt_that_is_repeated_at_once_many_times(
    open_engine: Callable[..., GpuEngine], fresh_real: RealDaemon
) -> None:
    engine = open_engine(fresh_real.target)
    for first in range(1, 201, 5):
        seeds = range(first, first + 5)
        engine.store(seeds)
        for _ in range(3):
            hits = engine.hits(seeds)
            assert hits == len(seeds)
            engine.store(seeds)
            assert engine.load(seeds) == expected(seeds)


def test_one_lookup_for_all_keys(open_engine: Callable[..., GpuEngine], fake: FakeDaemon) -> None:
    fake.limits.keys = 1024
    engine = open_engine(fake.target)
    engine.store(SOME)
    engine.settle(SOME)
    asked = len(fake.lookups)
    assert engine.hits(range(1, 392)) == len(SOME)
    assert len(fake.lookups) == asked + 1
    assert fake.lookups[-1].lease_millis > 0
    # The load knows the lengths from the lookup.
    assert engine.load(SOME) == expected(SOME)
    assert len(fake.lookups) == asked + 1


def test_asynchronous_lookup_and_prefetch(open_engine: Callable[..., GpuEngine], fake: FakeDaemon) -> None:
    engine = open_engine(fake.target)
    engine.store(SOME)
    engine.settle(SOME)
    keys = [key(number) for number in range(1, 8)]
    lengths = [CHUNK_TOKENS * number for number in range(8)]
    call = engine.manager.async_lookup_and_prefetch("request", keys, lengths, pin=True)
    asyncio.run_coroutine_threadsafe(call, engine.manager.loop).result(LIMIT_SECONDS)
    until(lambda: engine.answers == [("request", CHUNK_TOKENS * len(SOME))])


def test_pin_unpin_and_remove(open_engine: Callable[..., GpuEngine], fake: FakeDaemon) -> None:
    engine = open_engine(fake.target)
    engine.store(SOME)
    engine.settle(SOME)
    backend = engine.backend
    assert backend.pin(key(1))
    assert backend.unpin(key(1))
    assert not backend.pin(key(99))
    assert backend.remove(key(1))
    assert not backend.remove(key(1))
    assert backend.get_blocking(key(1)) is None
    assert engine.manager.batched_remove([key(2), key(3), key(99)]) == 2
    assert engine.load(range(4, 6)) == expected(range(4, 6))
    found = backend.get_non_blocking(key(4)).result(LIMIT_SECONDS)
    assert found is not None
    found.ref_count_down()


def test_who_wants_to_hear_of_stored_chunks_hears_of_each(
    open_engine: Callable[..., GpuEngine], fake: FakeDaemon
) -> None:
    engine = open_engine(fake.target)
    heard: list[Any] = []
    chunks = [engine.chunk(seed) for seed in SOME]
    keys = [key(seed) for seed in SOME]
    futures = engine.backend.batched_submit_put_task(keys, chunks, on_complete_callback=heard.append)
    assert futures is not None
    for future in futures:
        future.result(LIMIT_SECONDS)
    until(lambda: len(heard) == len(keys))
    assert set(heard) == set(keys)
    assert all(chunk.get_ref_count() == 1 for chunk in chunks)


def test_a_chunk_with_fewer_tokens(open_engine: Callable[..., GpuEngine], fake: FakeDaemon) -> None:
    engine = open_engine(fake.target)
    stored = engine.chunk(1, tokens=5)
    engine.manager.batched_put([key(1)], [stored])
    loaded = engine.backend.get_blocking(key(1))
    assert loaded is not None
    assert loaded.get_shape() == torch.Size([2, LAYERS, 5, 128])
    assert loaded.get_size() == CHUNK_BYTES * 5 // CHUNK_TOKENS


def test_one_layer_alone_is_left_out(
    open_engine: Callable[..., GpuEngine], fake: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(fake.target)
    engine.manager.batched_put([key(1).split_layers(LAYERS)[0]], [engine.chunk(1)])
    assert not fake.store_froms
    assert "none of all layers" in caplog.text


def test_loads_wait_for_room_that_stores_hold(open_engine: Callable[..., GpuEngine], fake: FakeDaemon) -> None:
    engine = open_engine(fake.target, buffer_mib=1)
    # Allocated in steps of 64 KiB, each chunk takes one; 16 fit.
    engine.store(range(1, 17))
    engine.settle(range(1, 17))
    fake.faults.hold["item"] = threading.Event()
    engine.store(range(21, 33))
    assert engine.manager.allocate(engine.metadata.get_shapes(), engine.metadata.get_dtypes(), busy_loop=False)
    loads: list[Any] = []
    loader = threading.Thread(target=lambda: loads.append(engine.load(range(1, 11))))
    loader.start()
    fake.faults.hold["item"].set()
    loader.join(LIMIT_SECONDS)
    assert loads == [expected(range(1, 11))]


def test_a_daemon_that_refuses_the_memory(
    open_engine: Callable[..., GpuEngine], fake: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    assert fake.regions is not None
    fake.regions.refusal = "not today"
    engine = open_engine(fake.target)
    engine.store(SOME)
    engine.settle(SOME)
    assert engine.load(SOME) == expected(SOME)
    assert engine.backend.stats()["path_in_place_chunks"] == 0
    assert caplog.text.count("go through host memory") == 1


def test_without_a_daemon(open_engine: Callable[..., GpuEngine], fake: FakeDaemon) -> None:
    engine = open_engine(fake.target)
    engine.store(SOME)
    engine.settle(SOME)
    free_bytes = engine.free_bytes()
    fake.kill()
    until(lambda: engine.hits(SOME) == 0)
    engine.store(range(11, 16))
    engine.settle(range(11, 16))
    assert engine.load(SOME) == [None] * len(SOME)
    assert engine.free_bytes() == free_bytes
    fake.start()
    until(lambda: engine.hits(SOME) == len(SOME))
    assert engine.load(SOME) == expected(SOME)


def test_memory_that_the_daemon_may_still_write_is_not_used_again(
    open_engine: Callable[..., GpuEngine], fake: FakeDaemon
) -> None:
    engine = open_engine(fake.target, load_timeout_millis=200)
    engine.store(SOME)
    engine.settle(SOME)
    free_bytes = engine.free_bytes()
    fake.faults.hold["item"] = threading.Event()
    loads: list[Any] = []
    loader = threading.Thread(target=lambda: loads.append(engine.load(SOME)))
    loader.start()
    until(lambda: engine.backend.stats()["regions_fenced"] > 0)
    assert not loads
    assert engine.free_bytes() < free_bytes
    fake.faults.hold["item"].set()
    loader.join(LIMIT_SECONDS)
    assert loads
    assert engine.free_bytes() == free_bytes
    until(lambda: engine.load(SOME) == expected(SOME))


def test_options_of_the_plugin() -> None:
    extra = {
        "storage_plugin.a.class_name": "K",
        "storage_plugin.a.module_path": "m",
        "storage_plugin.a.target": "unix:/s",
        "storage_plugin.b.class_name": "Other",
        "storage_plugin.b.target": "unix:/t",
    }
    assert storage_plugin_options(extra, ["a", "b"], "K") == ("a", {"target": "unix:/s"})
    with pytest.raises(ValueError, match="0 of storage_plugins"):
        storage_plugin_options(extra, ["b"], "K")


@pytest.mark.parametrize("size", [0, "8", True])
def test_a_wrong_size_of_the_buffer(fake: FakeDaemon, size: object) -> None:
    config, metadata = configuration(fake.target, buffer_mib=size)
    with pytest.raises(ValueError, match="buffer_mib"):
        KvStoreGpuBackend(dst_device="cpu", config=config, metadata=metadata)
