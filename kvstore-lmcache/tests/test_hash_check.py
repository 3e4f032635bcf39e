"""Known answers of the installed LMCache, against the fake daemon and the real one."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import random
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import pytest

from fake_daemon import FakeDaemon
from kvstore_lmcache import _hash_check
from kvstore_lmcache._hash_check import HashCheck, known_answers
from kvstore_lmcache._proto import kvstore_pb2 as pb
from kvstore_lmcache._proto.kvstore_pb2_grpc import KvStoreStub
from kvstore_lmcache._stats import Stats
from real_daemon import RealDaemon
from waiter import Waiter

SEED = 5
CHUNK_BYTES = 1000

Connect = Callable[..., Waiter]


@pytest.fixture
def token_hasher() -> Iterator[Any]:
    """The installed LMCache's, loaded as its server loads it, and away again for the clients of other tests."""
    if importlib.util.find_spec("lmcache") is None:
        pytest.skip("no LMCache")
    yield importlib.import_module(_hash_check._TOKEN_HASHER)
    del sys.modules[_hash_check._TOKEN_HASHER]


@pytest.fixture
def no_token_hasher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, _hash_check._TOKEN_HASHER, raising=False)


def until(condition: Callable[[], bool], limit_seconds: float = 30) -> None:
    deadline = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def match(target: str, **request: Any) -> pb.MatchPrefixResponse:
    with grpc.insecure_channel(target) as channel:
        stub = KvStoreStub(channel)  # type: ignore[no-untyped-call]
        response: pb.MatchPrefixResponse = stub.MatchPrefix(pb.MatchPrefixRequest(**request), timeout=30)
        return response


def test_a_process_that_hashes_nothing_sends_nothing(no_token_hasher: None) -> None:
    assert known_answers() == []


def test_the_answers_are_of_the_command_line(token_hasher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["lmcache", "server", "--chunk-size=16", "--hash-algorithm", "blake3"])

    (check,) = known_answers()

    assert check.chunk_size == 16
    assert check.scheme.algorithm == pb.HASH_ALGORITHM_BLAKE3
    assert check.chunk_hash == token_hasher.TokenHasher(16, "blake3").compute_chunk_hashes(list(range(32)))[1]


@pytest.mark.parametrize("argument", ["--hash-algorithm=xxhash", "--unknown"])
def test_an_algorithm_that_the_wire_has_no_name_for(
    token_hasher: Any, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["lmcache", "server", argument])

    assert len(known_answers()) == (0 if "xxhash" in argument else 1)


def test_the_installed_lmcache_and_the_daemon_agree(
    token_hasher: Any, real: RealDaemon, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["lmcache", "server"])
    client = connect(real.target).client

    until(lambda: client.stats()["hash_checks"] == 1)

    assert client.stats()["hash_checks_differ"] == 0


def test_a_disagreement_is_told_once(
    real: RealDaemon, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What LMCache takes for sha256_cbor where it finds no vLLM: Python's hash, without a word to its storage.
    with grpc.insecure_channel(real.target) as channel:
        stub = KvStoreStub(channel)  # type: ignore[no-untyped-call]

        def ask(checks: Sequence[pb.HashCheck]) -> Sequence[pb.HashCheckResult]:
            results: Sequence[pb.HashCheckResult] = stub.Hello(pb.HelloRequest(hash_checks=checks)).hash_checks
            return results

        scheme = pb.HashScheme(algorithm=pb.HASH_ALGORITHM_SHA256_CBOR)
        wrong = pb.HashCheck(scheme=scheme, chunk_size=256, chunk_hash=b"12345678")
        stats = Stats()
        check = HashCheck(stats, lambda: [wrong])
        with caplog.at_level(logging.WARNING):
            check.run(ask)
            check.run(ask)

    assert stats.snapshot()["hash_checks_differ"] == 2
    (record,) = caplog.records
    assert "prompts are hashed differently" in record.getMessage()
    assert "LMCache finds no vLLM" in record.getMessage()


def test_an_older_daemon_says_nothing(fake: FakeDaemon, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = types.SimpleNamespace(compute_chunk_hashes=lambda tokens: [b"0" * 32, b"1" * 32])
    module = types.SimpleNamespace(TokenHasher=lambda **_: hasher)
    monkeypatch.setitem(sys.modules, _hash_check._TOKEN_HASHER, module)
    client = connect(fake.target)
    assert client.store(["k"], [b"v"]).ok

    until(lambda: len(fake.hellos) >= 2)

    assert [len(hello.hash_checks) for hello in fake.hellos[:2]] == [0, 1]
    assert client.client.stats()["hash_checks"] == 0


def test_another_lmcache_never_hurts(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> list[pb.HashCheck]:
        raise AttributeError("no TokenHasher in this release")

    stats = Stats()
    with caplog.at_level(logging.INFO):
        HashCheck(stats, broken).run(lambda checks: [])

    assert "cannot be compared" in caplog.text
    assert stats.snapshot()["hash_checks"] == 0


@pytest.mark.parametrize("chunk_size", [1, 16, 100, 256, 1000])
def test_match_prefix_finds_what_lmcache_stored(
    token_hasher: Any, real: RealDaemon, connect: Connect, chunk_size: int
) -> None:
    api = importlib.import_module("lmcache.v1.distributed.api")
    native = importlib.import_module("lmcache.v1.distributed.l2_adapters.native_connector_l2_adapter")
    generator = random.Random(SEED + chunk_size)
    token_ids = [generator.randrange(1 << 32) for _ in range(generator.randrange(3, 9) * chunk_size + chunk_size // 2)]
    hashes = token_hasher.TokenHasher(chunk_size, "blake3").compute_chunk_hashes(token_ids)
    model = f"org/model-{chunk_size}"
    ranks = [api.ObjectKey.ComputeKVRank(2, rank, 2, rank) for rank in range(2)]
    keys = [
        [
            native._object_key_to_string(api.ObjectKey(chunk, model, rank, group, "salt"))
            for rank in ranks
            for group in (0, 1)
        ]
        for chunk in hashes
    ]
    request = {
        "token_ids": token_ids,
        "chunk_size": chunk_size,
        "mp": pb.MpKeys(model_name=model, world_size=2, object_groups=[0, 1], cache_salt="salt"),
        "return_hashes": True,
    }
    nothing = match(real.target, **request)
    assert list(nothing.chunk_hashes) == hashes
    assert nothing.matched_tokens == 0
    assert nothing.missing_key.decode() == keys[0][0]

    client = connect(real.target)
    there = [key for chunk in keys[:-1] for key in chunk]
    assert client.store(there, [bytes(CHUNK_BYTES)] * len(there)).ok
    all_but_one = match(real.target, **request)
    assert all_but_one.matched_tokens == (len(keys) - 1) * chunk_size
    assert all_but_one.matched_bytes == len(there) * CHUNK_BYTES
    assert all_but_one.missing_key.decode() == keys[-1][0]

    assert client.store(keys[-1], [bytes(CHUNK_BYTES)] * 4).ok
    everything = match(real.target, **request)
    assert everything.matched_tokens == len(keys) * chunk_size
    assert everything.missing_key == b""
    by_hash = match(real.target, **{**request, "token_ids": [], "chunk_hashes": hashes})
    assert by_hash.matched_tokens == everything.matched_tokens


def test_match_prefix_finds_the_keys_of_lmcache_in_the_engine(real: RealDaemon, connect: Connect) -> None:
    if importlib.util.find_spec("lmcache") is None:
        pytest.skip("no LMCache")
    torch = importlib.import_module("torch")
    utils = importlib.import_module("lmcache.utils")
    database = importlib.import_module("lmcache.v1.token_database")
    generator = random.Random(SEED)
    token_ids = [generator.randrange(1 << 17) for _ in range(600)]
    # Without a config LMCache hashes with Python's hash, and without vLLM its chain begins with 0.
    tokens = database.ChunkedTokenDatabase()
    prefix, hashes = 0, []
    for start in range(0, 512, 256):
        prefix = tokens._hash_tokens(token_ids[start : start + 256], prefix)
        hashes.append(prefix)
    keys = [
        utils.CacheEngineKey("model", 1, 0, chunk_hash, torch.bfloat16, {"lmcache.tag.user": "a"}).to_string()
        for chunk_hash in hashes
    ]
    client = connect(real.target)
    assert client.store(keys, [bytes(CHUNK_BYTES)] * 2).ok

    answer = match(
        real.target,
        token_ids=token_ids,
        scheme=pb.HashScheme(algorithm=pb.HASH_ALGORITHM_BUILTIN, none_hash=bytes(8)),
        in_process=pb.InProcessKeys(model_name="model", world_size=1, dtype="bfloat16", tags=["user%a"]),
    )

    assert (answer.matched_tokens, answer.missing_key) == (512, b"")
