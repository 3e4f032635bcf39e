"""``kvstore doctor`` with the interpreter that runs these tests, and so with the real LMCache."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

import pytest

from real_daemon import REPOSITORY, RealDaemon

pytestmark = pytest.mark.skipif(importlib.util.find_spec("lmcache") is None, reason="no LMCache")


def doctor(daemon: RealDaemon, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    adapter = {
        "type": "native_plugin",
        "module_path": "kvstore_lmcache",
        "class_name": "KvStoreClient",
        "adapter_params": {"target": daemon.tcp_target},
    }
    command = [str(REPOSITORY / "kvstore"), "doctor", "--json", f"--target={daemon.target}", "--python", sys.executable]
    if not any(option.startswith("--lmcache-config") for option in options):
        command.append(f"--l2-adapter={json.dumps(adapter)}")
    run = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300, check=False)
    assert run.stdout, run.stderr
    return run.returncode, {finding["check"]: finding for finding in json.loads(run.stdout)["findings"]}


def test_lmcache_server_as_it_comes_is_well(real: RealDaemon) -> None:
    code, findings = doctor(real)

    verdicts = {name: finding["verdict"] for name, finding in findings.items() if finding["verdict"] != "ok"}
    # Whether this machine has huge pages for shared memory is nothing that LMCache could be wrong about.
    assert {name: verdict for name, verdict in verdicts.items() if not name.startswith("huge pages")} == {}
    assert findings["hashes"]["found"] == "the daemon computes the same, blake3"
    assert findings["lmcache"]["found"].startswith("0.5.6")
    assert code == 0


def test_any_chunk_size(real: RealDaemon) -> None:
    _, findings = doctor(real, "--chunk-size=48")

    assert findings["hashes"]["verdict"] == "ok"


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is there")
def test_sha256_without_vllm_is_pythons_hash(real: RealDaemon) -> None:
    code, findings = doctor(real, "--hash-algorithm=sha256_cbor", "--env=PYTHONHASHSEED=0")

    assert findings["hashes"]["verdict"] == "problem"
    assert "takes Python's hash" in findings["hashes"]["found"]
    assert code == 1


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is there")
def test_lmcache_in_the_engine_without_vllm_begins_with_0(real: RealDaemon, tmp_path: Any) -> None:
    config = tmp_path / "lmcache.yaml"
    config.write_text("chunk_size: 256\nremote_url: lm://localhost:1\npre_caching_hash_algorithm: builtin\n")

    code, findings = doctor(real, f"--lmcache-config={config}", "--env=PYTHONHASHSEED=0")

    assert findings["hashes"]["verdict"] == "note"
    assert findings["hashes"]["found"].endswith("if told that the chain begins with 0000000000000000")
    assert code == 0
