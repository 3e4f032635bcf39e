"""``kvstore import`` and ``export`` with trees that LMCache made, and LMCache with trees that we made."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lmcache_tools
from real_daemon import REPOSITORY, RealDaemon
from waiter import Waiter

if not lmcache_tools.is_installed():
    assert "KVSTORE_TEST_COMPLETE" not in os.environ, "LMCache is not installed"
    pytest.skip("LMCache is not installed", allow_module_level=True)

import golden_trees as golden

Connect = Callable[..., Waiter]
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def kvstore(real: RealDaemon) -> Run:
    """Runs ``kvstore import`` or ``export`` and returns what it counted."""

    def run(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
        result = subprocess.run(
            [str(REPOSITORY / "kvstore"), *arguments, "--json", f"--target={real.target}"],
            capture_output=True,
            timeout=300,
            check=False,
            text=True,
        )
        assert result.returncode == exit_code, result.stdout + result.stderr
        counted: dict[str, Any] = json.loads(result.stdout)
        return counted

    return run


def object_string(key: Any) -> str:
    """What LMCache asks ``native_plugin`` and ``resp`` for."""
    from lmcache.v1.distributed.l2_adapters.native_connector_l2_adapter import _object_key_to_string

    return str(_object_key_to_string(key))


def assert_loads(client: Waiter, expected: dict[str, bytes]) -> None:
    names = list(expected)
    assert client.lookup(names) == [True] * len(names)
    results, loaded = client.load(names, [len(value) for value in expected.values()])
    assert results == [True] * len(names)
    assert loaded == list(expected.values())


def object_values(model: str) -> dict[Any, bytes]:
    """Values of several lengths, as hybrid models have them."""
    return {
        key: golden.payload(key, golden.CHUNK_BYTES >> (key.object_group_id % 3)) for key in golden.object_keys(model)
    }


@pytest.mark.parametrize("kind", ["fs_native", "fs"])
def test_fs_tree(real: RealDaemon, kvstore: Run, connect: Connect, tmp_path: Path, kind: str) -> None:
    """Names with slashes, blanks and underscores."""
    values = object_values(f"/models/local_one {kind}")
    adapter = golden.l2_adapter({"type": kind, "base_path": str(tmp_path / "tree")})
    golden.store(adapter, list(values), list(values.values()))
    adapter.close()

    counted = kvstore("import", str(tmp_path / "tree"), "--verify")
    assert counted["imported"]["chunks"] == counted["verified"]["chunks"] == len(values)
    assert counted["skipped"] == 0
    assert_loads(connect(real.target), {object_string(key): value for key, value in values.items()})
    again = kvstore("import", str(tmp_path / "tree"), "--format=fs_native")
    assert (again["imported"]["chunks"], again["already_there"]["chunks"]) == (0, len(values))


@pytest.mark.parametrize("kind", ["fs_native", "fs"])
def test_lmcache_reads_our_fs_tree(real: RealDaemon, kvstore: Run, connect: Connect, tmp_path: Path, kind: str) -> None:
    model = f"meta-llama/Llama-3.1-8B-{kind}"
    values = object_values(model)
    client = connect(real.target)
    client.until_connected()
    assert client.store([object_string(key) for key in values], list(values.values())).ok
    assert client.store([f"{model}@no key of LMCache"], [b"x"]).ok

    counted = kvstore("export", str(tmp_path / "tree"), "--format=fs_native", f"--model={model}", exit_code=1)
    assert counted["exported"]["chunks"] == len(values)
    assert [(skip["reason"], skip["count"]) for skip in counted["skips"]] == [("not_nameable", 1)]
    adapter = golden.l2_adapter({"type": kind, "base_path": str(tmp_path / "tree")})
    loaded = golden.load(adapter, list(values), [len(value) for value in values.values()])
    adapter.close()
    assert loaded == list(values.values())


@pytest.mark.parametrize("shard_dirs", [False, True])
def test_nixl_tree(real: RealDaemon, kvstore: Run, connect: Connect, tmp_path: Path, shard_dirs: bool) -> None:
    """One object group is no whole number of pages, and its true length is given."""
    model = f"Qwen/Qwen3_32B-{shard_dirs}"
    values = {
        key: golden.payload(key, 100_001 if key.object_group_id else golden.CHUNK_BYTES)
        for key in golden.object_keys(model)
    }
    agent = golden.nixl_agent(tmp_path / "tree", shard_dirs)
    for key, value in values.items():
        golden.nixl_store(agent, key, value)

    counted = kvstore("import", str(tmp_path / "tree"), "--verify", "--true-length=11=100001")
    assert counted["imported"]["chunks"] == counted["verified"]["chunks"] == len(values)
    expected = {object_string(key): value for key, value in values.items()}
    assert_loads(connect(real.target), expected)

    # Whole pages only: the rest of the last one is not kept.
    options = ["--shard-dirs"] if shard_dirs else []
    kvstore("export", str(tmp_path / "ours"), "--format=nixl", f"--model={model}", *options)
    ours = golden.nixl_agent(tmp_path / "ours", shard_dirs)
    assert {key: ours.get_stored_size(key) for key in values} == {key: len(value) for key, value in values.items()}
    assert all(Path(ours._get_file_path_for_key(key)).read_bytes() == value for key, value in values.items())


def test_gds_tree(real: RealDaemon, kvstore: Run, connect: Connect, tmp_path: Path) -> None:
    """Chunks of KV cache are plain values of the in-process connector: what LMCache stored, and nothing else."""
    model = "meta-llama/Llama-3.1-8B-gds"
    values = {key: golden.payload(key) for key in golden.engine_keys(model)}
    short = next(iter(values))
    values[short] = values[short][: golden.CHUNK_BYTES // 4]
    backend = golden.gds_backend(tmp_path / "tree")
    for key, value in values.items():
        golden.gds_store(backend, key, value)

    counted = kvstore("import", str(tmp_path / "tree"), "--verify")
    assert counted["imported"]["chunks"] == counted["verified"]["chunks"] == len(values)
    assert_loads(connect(real.target), {key.to_string(): value for key, value in values.items()})

    shape = f"2,{golden.LAYERS},{golden.HIDDEN}"
    kvstore("export", str(tmp_path / "ours"), "--format=gds", f"--model={model}", f"--kv-shape={shape}")
    ours = {path.relative_to(tmp_path / "ours"): path.read_bytes() for path in files(tmp_path / "ours")}
    assert ours == {path.relative_to(tmp_path / "tree"): path.read_bytes() for path in files(tmp_path / "tree")}
    fresh = golden.gds_backend(tmp_path / "ours")
    assert {key: golden.gds_load(fresh, key) for key in values} == values


def test_fs_connector_tree(real: RealDaemon, kvstore: Run, connect: Connect, tmp_path: Path) -> None:
    """The in-process ``fs://``: a chunk of KV cache, and one that CacheGen made, which is not a tensor."""
    from lmcache.v1.memory_management import MemoryFormat

    model = "meta-llama/Llama-3.1-8B-in-process-fs"
    tensor, binary, *_ = golden.engine_keys(model)
    value = golden.payload(tensor)
    golden.fs_connector_store(tmp_path / "tree", tensor, value, MemoryFormat.KV_2LTD)
    golden.fs_connector_store(tmp_path / "tree", binary, value[:5000], MemoryFormat.BINARY_BUFFER)

    counted = kvstore("import", str(tmp_path / "tree"), "--verify")
    assert counted["imported"]["chunks"] == 2
    client = connect(real.target)
    assert_loads(client, {tensor.to_string(): value})
    # docs/reference/in-process-values.md
    results, loaded = client.load([binary.to_string()], [5000 + 24 + 1 + 16])
    assert results == [True]
    assert loaded[0].startswith(value[:5000])
    assert loaded[0].endswith(b"\x01\x00\x01KVSDM")

    shape = f"2,{golden.LAYERS},{golden.HIDDEN}"
    kvstore("export", str(tmp_path / "ours"), "--format=fs", f"--model={model}", f"--kv-shape={shape}")
    assert {path.name: path.read_bytes() for path in files(tmp_path / "ours")} == {
        path.name: path.read_bytes() for path in files(tmp_path / "tree")
    }


def test_in_process_engines_find_both(real: RealDaemon, kvstore: Run, tmp_path: Path) -> None:
    """What was in a GdsBackend tree and in an fs:// one, through the connector ``plugin://kvstore``."""
    pytest.importorskip("kvstore_lmcache.connector")
    from lmcache.v1.memory_management import MemoryFormat

    gds, short, binary, *_ = golden.engine_keys("meta-llama/Llama-3.1-8B-in-process")
    value = golden.payload(gds)
    backend = golden.gds_backend(tmp_path / "gds")
    golden.gds_store(backend, gds, value)
    golden.gds_store(backend, short, value[: golden.CHUNK_BYTES // 4])
    golden.fs_connector_store(tmp_path / "fs", binary, value[:5000], MemoryFormat.BINARY_BUFFER)
    assert kvstore("import", str(tmp_path / "gds"))["imported"]["chunks"] == 2
    assert kvstore("import", str(tmp_path / "fs"))["imported"]["chunks"] == 1

    assert golden.load_in_process(real.target, [gds, short, binary]) == [
        value,
        value[: golden.CHUNK_BYTES // 4],
        value[:5000],
    ]


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]
