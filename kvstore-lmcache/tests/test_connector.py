"""The connector of in-process LMCache, with LMCache's own memory objects, against a fake daemon that can misbehave."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from fake_daemon import FakeDaemon

torch = pytest.importorskip("torch")
pytest.importorskip("lmcache")

from lmcache.utils import CacheEngineKey  # noqa: E402
from lmcache.v1.exceptions import IrrecoverableException  # noqa: E402
from lmcache.v1.memory_management import BytesBufferMemoryObj, MemoryFormat  # noqa: E402

from in_process_engine import CHUNK_TOKENS, HIDDEN, LAYERS, LIMIT_SECONDS, Engine  # noqa: E402
from kvstore_lmcache._geometry import Geometry, Layout  # noqa: E402
from kvstore_lmcache.connector import KvStoreConnector, KvStoreConnectorAdapter  # noqa: E402

TOKEN_BYTES = 2 * LAYERS * HIDDEN * 2


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def connector(engine: Engine, fake: FakeDaemon) -> KvStoreConnector:
    """Over streams, on which the fake daemon can be held at every point."""
    return engine.connect(fake.target, payload_path="stream")


def key(number: int) -> Any:
    return CacheEngineKey("/m/", 1, 0, number, torch.bfloat16)


def content(memory_obj: Any) -> bytes:
    return bytes(memoryview(memory_obj.byte_array).cast("B"))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("tokens", [CHUNK_TOKENS, 1, 5])
def test_a_chunk_is_stored_as_it_is_and_comes_back(
    engine: Engine, fake: FakeDaemon, connector: KvStoreConnector, tokens: int
) -> None:
    stored = engine.chunk(1, tokens)
    engine.run(connector.put(key(1), stored))
    assert fake.values == {key(1).to_string().encode(): content(stored)}
    assert stored.get_ref_count() == 1

    loaded = engine.run(connector.get(key(1)))
    assert content(loaded) == content(stored)
    assert (loaded.get_shape(), loaded.get_dtype(), loaded.get_memory_format()) == (
        stored.get_shape(),
        stored.get_dtype(),
        stored.get_memory_format(),
    )
    assert loaded.get_ref_count() == 1


def test_over_shared_memory(engine: Engine, fake: FakeDaemon) -> None:
    connector = engine.connect(fake.target, payload_path="staged")
    stored = engine.chunk(1)
    engine.run(connector.put(key(1), stored))
    assert content(engine.run(connector.get(key(1)))) == content(stored)
    assert len(fake.store_froms) == len(fake.load_intos) == 1


def test_one_layer_is_described(engine: Engine, fake: FakeDaemon, connector: KvStoreConnector) -> None:
    layer_key = key(1).split_layers(LAYERS)[2]
    stored = engine.fill([torch.Size([CHUNK_TOKENS, 2, HIDDEN])], [torch.bfloat16], MemoryFormat.KV_T2D, 1)
    engine.run(connector.put(layer_key, stored))
    ((name, value),) = fake.values.items()
    assert name == layer_key.to_string().encode()
    assert len(value) % 2 == 1
    assert value.startswith(content(stored))
    loaded = engine.run(connector.get(layer_key))
    assert content(loaded) == content(stored)
    assert loaded.get_shape() == stored.get_shape()
    assert loaded.get_memory_format() is MemoryFormat.KV_T2D


@pytest.mark.parametrize("size", [1, 2, 4096, 12_289])
def test_compressed_bytes_are_described(engine: Engine, connector: KvStoreConnector, size: int) -> None:
    """As CacheGen hands them over: of the length of a chunk, perhaps, but not one."""
    stored = BytesBufferMemoryObj(random.Random(size).randbytes(size))
    engine.run(connector.put(key(1), stored))
    loaded = engine.run(connector.get(key(1)))
    assert content(loaded) == content(stored)
    assert loaded.get_memory_format() is MemoryFormat.BINARY_BUFFER


@pytest.mark.skipif(not hasattr(MemoryFormat, "EC_TD"), reason="an LMCache without encoder cache")
def test_encoder_cache_of_the_length_of_a_chunk(engine: Engine, connector: KvStoreConnector) -> None:
    stored = engine.fill([torch.Size([2 * LAYERS, HIDDEN])], [torch.bfloat16], MemoryFormat.EC_TD, 1)
    assert len(content(stored)) == TOKEN_BYTES
    engine.run(connector.put(key(1), stored))
    loaded = engine.run(connector.get(key(1)))
    assert content(loaded) == content(stored)
    assert loaded.get_shape() == stored.get_shape()
    assert loaded.get_memory_format() is MemoryFormat.EC_TD


@pytest.mark.parametrize("length", [TOKEN_BYTES - 2, TOKEN_BYTES + 2, (CHUNK_TOKENS + 1) * TOKEN_BYTES, 1, 999])
def test_a_value_that_is_no_chunk_is_a_miss(
    engine: Engine, fake: FakeDaemon, connector: KvStoreConnector, length: int
) -> None:
    fake.values[key(1).to_string().encode()] = bytes(length)
    free = engine.free_bytes()
    assert engine.run(connector.get(key(1))) is None
    assert engine.free_bytes() == free


def test_prefixes(engine: Engine, connector: KvStoreConnector) -> None:
    keys = [key(number) for number in range(100)]
    chunks = [engine.chunk(number, 1) for number in range(100)]
    hole = 70
    engine.run(connector.batched_put(keys[:hole] + keys[hole + 1 :], chunks[:hole] + chunks[hole + 1 :]))
    assert connector.batched_contains(keys) == hole
    assert connector.batched_contains(keys[:3]) == 3
    assert connector.batched_contains(keys[hole:]) == 0
    assert engine.run(connector.batched_async_contains("1", keys, pin=True)) == hole
    assert [connector.exists_sync(keys[0]), connector.exists_sync(keys[hole])] == [True, False]
    assert [engine.run(connector.exists(keys[at])) for at in (0, hole)] == [True, False]

    free = engine.free_bytes()
    loaded = engine.run(connector.batched_get(keys))
    assert [at for at, memory_obj in enumerate(loaded) if memory_obj is None] == [hole]
    assert all(content(loaded[at]) == content(chunks[at]) for at in range(100) if at != hole)
    for memory_obj in loaded:
        if memory_obj is not None:
            memory_obj.ref_count_down()
    leading = engine.run(connector.batched_get_non_blocking("1", keys))
    assert [content(memory_obj) for memory_obj in leading] == [content(chunk) for chunk in chunks[:hole]]
    for memory_obj in leading:
        memory_obj.ref_count_down()
    assert engine.free_bytes() == free


def test_what_is_being_stored_is_there(engine: Engine, fake: FakeDaemon, connector: KvStoreConnector) -> None:
    """LMCache was seen to store a prefix again, with wrong bytes, when its first store had not ended."""
    release = fake.faults.hold["commit"] = threading.Event()
    right, wrong = engine.chunk(1), engine.chunk(2)
    store = engine.start(connector.put(key(1), right))
    until(lambda: len(fake.begins) == 1)
    assert connector.batched_contains([key(1), key(2)]) == 1
    assert engine.run(connector.exists(key(1)))
    engine.run(connector.put(key(1), wrong))
    load = engine.start(connector.get(key(1)))
    assert not load.done()
    release.set()
    store.result(LIMIT_SECONDS)
    assert content(load.result(LIMIT_SECONDS)) == content(right)
    assert len(fake.begins) == 1
    assert [right.get_ref_count(), wrong.get_ref_count()] == [1, 1]


def test_what_waits_to_be_sent_is_there(engine: Engine, fake: FakeDaemon) -> None:
    release = fake.faults.hold["Hello"] = threading.Event()
    connector = engine.connect(fake.target, payload_path="stream")
    store = engine.start(connector.put(key(1), engine.chunk(1)))
    until(lambda: engine.run(connector.exists(key(1))))
    assert fake.begins == []
    release.set()
    store.result(LIMIT_SECONDS)
    assert connector.exists_sync(key(1))


def test_a_prompt_repeated_at_once(engine: Engine, fake: FakeDaemon, connector: KvStoreConnector) -> None:
    fake.faults.delay_seconds["commit"] = 0.01
    keys = [key(number) for number in range(8)]
    chunks = [engine.chunk(number) for number in range(8)]
    for _ in range(10):
        for each in keys:
            if connector.exists_sync(each):
                connector.remove_sync(each)
        stores = [engine.start(connector.batched_put(keys, chunks)) for _ in range(3)]
        until(lambda: connector.batched_contains(keys) == 8)
        for loaded in engine.run(connector.batched_get(keys)), engine.run(connector.batched_get(keys)):
            assert [content(memory_obj) for memory_obj in loaded] == [content(chunk) for chunk in chunks]
            for memory_obj in loaded:
                memory_obj.ref_count_down()
        for store in stores:
            store.result(LIMIT_SECONDS)
    assert [chunk.get_ref_count() for chunk in chunks] == [1] * 8


def test_memory_of_a_load_that_nobody_waits_for(engine: Engine, fake: FakeDaemon, connector: KvStoreConnector) -> None:
    chunk = engine.chunk(1)
    engine.run(connector.put(key(1), chunk))
    free = engine.free_bytes()
    release = fake.faults.hold["frame"] = threading.Event()
    load = engine.start(connector.get(key(1)))
    until(lambda: len(fake.gets) == 1)
    load.cancel()
    # The client may still write: the memory must not be given to anybody else yet.
    engine.run(asyncio.sleep(0))
    assert engine.free_bytes() < free
    release.set()
    until(lambda: engine.free_bytes() == free)


def test_memory_of_a_store_that_nobody_waits_for(engine: Engine, fake: FakeDaemon, connector: KvStoreConnector) -> None:
    release = fake.faults.hold["commit"] = threading.Event()
    chunk = engine.chunk(1)
    store = engine.start(connector.put(key(1), chunk))
    until(lambda: len(fake.begins) == 1)
    store.cancel()
    engine.run(asyncio.sleep(0.02))
    assert chunk.get_ref_count() == 2
    release.set()
    until(lambda: chunk.get_ref_count() == 1)
    assert engine.run(connector.exists(key(1)))


def test_no_memory_is_a_miss(engine: Engine, connector: KvStoreConnector) -> None:
    engine.run(connector.put(key(1), engine.chunk(1)))
    hoard: list[Any] = []
    while hoard[-1:] != [None]:
        hoard.append(engine.backend.allocate([torch.Size([4096])], [torch.uint8], MemoryFormat.KV_T2D, busy_loop=False))
    assert engine.run(connector.batched_get([key(1), key(2)])) == [None, None]
    for memory_obj in hoard[:-1]:
        memory_obj.ref_count_down()
    assert engine.run(connector.get(key(1))) is not None


def test_no_daemon(engine: Engine, fake: FakeDaemon, connector: KvStoreConnector) -> None:
    until(lambda: engine.run(connector.ping()) == 0)
    chunk = engine.chunk(1)
    engine.run(connector.put(key(1), chunk))
    fake.kill()
    assert engine.run(connector.get(key(1))) is None
    assert connector.batched_contains([key(1)]) == 0
    assert engine.run(connector.ping()) != 0
    engine.run(connector.put(key(2), chunk))
    assert chunk.get_ref_count() == 1
    fake.start()
    until(lambda: engine.run(connector.ping()) == 0)
    assert content(engine.run(connector.get(key(1)))) == content(chunk)
    assert not connector.exists_sync(key(2))


def test_remove(engine: Engine, connector: KvStoreConnector) -> None:
    engine.run(connector.put(key(1), engine.chunk(1)))
    assert [connector.remove_sync(key(1)), connector.remove_sync(key(1))] == [True, False]
    assert engine.run(connector.get(key(1))) is None


def test_close_ends_what_is_under_way(engine: Engine, fake: FakeDaemon, connector: KvStoreConnector) -> None:
    release = fake.faults.hold["commit"] = threading.Event()
    chunk = engine.chunk(1)
    store = engine.start(connector.put(key(1), chunk))
    until(lambda: len(fake.begins) == 1)
    engine.run(connector.close())
    store.result(LIMIT_SECONDS)
    release.set()
    assert chunk.get_ref_count() == 1
    assert engine.run(connector.get(key(1))) is None
    assert connector.batched_contains([key(1)]) == 0
    engine.run(connector.put(key(1), chunk))
    engine.run(connector.close())


def test_a_chunk_that_cannot_be_described_is_dropped(
    engine: Engine, fake: FakeDaemon, connector: KvStoreConnector, caplog: pytest.LogCaptureFixture
) -> None:
    chunk = engine.fill([torch.Size([4, 4])], [torch.int32], MemoryFormat.KV_T2D, 1)
    with caplog.at_level(logging.WARNING, "kvstore_lmcache"):
        engine.run(connector.put(key(1), chunk))
    assert "dropped a chunk to store" in caplog.text
    assert fake.values == {}
    assert chunk.get_ref_count() == 1


def test_an_unknown_option_stops_lmcache(engine: Engine) -> None:
    with pytest.raises(IrrecoverableException, match=r"kvstore\.far\.\*: .*'tragets'; the nearest is 'target'"):
        engine.connect("unix:/s", plugin="kvstore.far", tragets=1)
    with pytest.raises(IrrecoverableException, match=r"channels must be 1 to 64, not 0"):
        engine.connect("unix:/s", channels=0)


def test_urls() -> None:
    adapter = KvStoreConnectorAdapter()
    urls = ["plugin://kvstore", "plugin://kvstore.a", "plugin://kvstores", "plugin://fs", "lm://kvstore:1"]
    assert [adapter.can_parse(url) for url in urls] == [True, True, False, False, False]


def test_groups_of_layers_stay_plain() -> None:
    """A hybrid model: two groups with shapes and types of their own in one chunk."""
    shapes = [torch.Size([2, 4, 16, 64]), torch.Size([1, 2, 16, 576])]
    dtypes = [torch.bfloat16, torch.uint8]
    geometry = Geometry(Layout(shapes, dtypes, MemoryFormat.KV_2LTD), 16)
    assert geometry.token_bytes == 2 * 4 * 64 * 2 + 2 * 576
    part = Layout([torch.Size([2, 4, 5, 64]), torch.Size([1, 2, 5, 576])], dtypes, MemoryFormat.KV_2LTD)
    assert geometry.plain(False, 5 * geometry.token_bytes) == part
    assert geometry.is_plain(False, part)
    assert not geometry.is_plain(True, part)
    assert not geometry.is_plain(False, Layout([shapes[0]], dtypes[:1], MemoryFormat.KV_2LTD))
    assert Layout.described(part.describe()) == part


@pytest.mark.parametrize("tokens", [CHUNK_TOKENS, 3])
def test_groups_that_lmcache_learns_of_later(
    engine: Engine, fake: FakeDaemon, connector: KvStoreConnector, tokens: int
) -> None:
    groups = [
        SimpleNamespace(dtype=torch.bfloat16, num_layers=2, hidden_dim_size=64, shape_desc=SimpleNamespace(kv_size=2)),
        SimpleNamespace(dtype=torch.uint8, num_layers=5, hidden_dim_size=96, shape_desc=SimpleNamespace(kv_size=1)),
    ]
    engine.metadata.kv_layer_groups_manager = SimpleNamespace(kernel_groups=groups, num_kernel_groups=2)
    shapes = engine.metadata.get_shapes(tokens)
    stored = engine.fill(shapes, engine.metadata.get_dtypes(), MemoryFormat.KV_2LTD, 1)
    engine.run(connector.put(key(1), stored))
    assert list(fake.values.values()) == [content(stored)]
    loaded = engine.run(connector.get(key(1)))
    assert content(loaded) == content(stored)
    assert (loaded.get_shapes(), loaded.get_dtypes()) == (shapes, [torch.bfloat16, torch.uint8])


def test_tokens_of_an_odd_number_of_bytes_are_never_plain() -> None:
    chunk = Layout([torch.Size([1, 1, 16, 3])], [torch.uint8], MemoryFormat.KV_MLA_FMT)
    assert not Geometry(chunk, 16).is_plain(False, chunk)
