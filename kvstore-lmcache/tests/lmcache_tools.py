"""LMCache's own command line, run as its users run it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 180
STOP_SECONDS = 60
# For a restart of the daemon on a busy machine, and for clients to notice it.
SETTLE_SECONDS = 26


def is_installed() -> bool:
    """Whether this Python has LMCache."""
    return importlib.util.find_spec("lmcache") is not None


def adapter_json(target: str, **parameters: Any) -> str:
    """The adapter as LMCache's configuration names it; a target that is an adapter's JSON already stays as it is."""
    if target.startswith("{"):
        return target
    return json.dumps(
        {
            "type": "native_plugin",
            "module_path": "kvstore_lmcache",
            "class_name": "KvStoreClient",
            "adapter_params": {"target": target, **parameters},
        }
    )


def run_until_printed(
    module: str, arguments: Sequence[str], last_words: str, config: Path, log: Path, limit_seconds: float = 120
) -> str:
    """Runs ``python -m module`` until it has printed ``last_words``, then ends it; returns what it printed.

    For LMCache's in-process checks with ``redis://``: version 0.5.6 does not come to its end with redis-py 8, whatever
    server it talks to.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**_environment(), "LMCACHE_CONFIG_FILE": str(config)},
        )
        try:
            deadline = time.monotonic() + limit_seconds
            while last_words not in log.read_text(errors="replace"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{module} did not print {last_words!r}:\n{log.read_text(errors='replace')}")
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
    return log.read_text(errors="replace")


def run(module: str, arguments: Sequence[str], limit_seconds: float = 300) -> str:
    """Runs ``python -m module``, returns what it printed, and fails the test if it fails."""
    result = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        timeout=limit_seconds,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def run_script(script: Path, arguments: Sequence[str], limit_seconds: float = 120) -> list[str]:
    """Runs a script that uses LMCache; returns the lines that begin with ``CHUNK``."""
    result = subprocess.run(
        [sys.executable, str(script), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        timeout=limit_seconds,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    lines = [line for line in result.stdout.splitlines() if line.startswith("CHUNK")]
    assert lines, result.stdout
    return lines


def in_process_check(
    mode: str, configuration: dict[str, Any], directory: Path, in_the_middle: Callable[[], None] | None, keys: int = 50
) -> str:
    """Runs LMCache's check of its in-process mode; returns what it printed.

    Args:
        mode: ``test_remote`` or ``test_storage_manager``.
        configuration: LMCache's.
        directory: For the file with that.
        in_the_middle: Called when everything was put and nothing loaded yet, with :data:`SETTLE_SECONDS` to go.
        keys: How many.
    """
    file = directory / "lmcache.json"
    file.write_text(json.dumps(configuration))  # which YAML can read
    process = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-m",
            "lmcache.v1.basic_check",
            f"--mode={mode}",
            "--model=/m/",
            f"--num-keys={keys}",
            f"--settle-time={SETTLE_SECONDS if in_the_middle else 0}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**_environment(), "LMCACHE_CONFIG_FILE": str(file)},
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            if in_the_middle and "for data to settle" in line:
                started = time.monotonic()
                in_the_middle()
                took_seconds = time.monotonic() - started
                assert took_seconds < SETTLE_SECONDS - 8, f"{took_seconds:.0f} s leave no time to connect again"
        assert process.wait(STOP_SECONDS) == 0, printed
    finally:
        process.kill()
        process.wait()
    return printed


def bench_l2(
    target: str, output: Path, size_kib: int, keys: int, in_flight: int, *more: str, **parameters: Any
) -> dict[str, Any]:
    """Runs ``lmcache bench l2``; returns a dictionary of figures for each of its operations."""
    run(
        "lmcache.cli.main",
        [
            "bench",
            "l2",
            f"--l2-adapter={adapter_json(target, **parameters)}",
            f"--num-keys={keys}",
            f"--in-flight={in_flight}",
            f"--data-size-kb={size_kib}",
            "--rounds=3",
            "--warmup-rounds=1",
            f"--l1-align-bytes={4096 if size_kib % 4 == 0 else 1}",
            "--no-skip-verify",
            "--lookup-max-hit-rate=1.0",
            "--format=json",
            f"--output={output}",
            *more,
        ],
    )
    metrics = json.loads(output.read_text())["metrics"]
    return {section["operation"]: section for name, section in metrics.items() if name.startswith("op_")}


class LmcacheServer:
    """The address of a running ``lmcache server``."""

    def __init__(self, log: Path):
        self.log = log
        self.port = _free_port()
        self.http_port = _free_port()

    def bench(
        self,
        shape: str = "(2,256,16,8,128):bfloat16:32",
        ranks: int = 2,
        tokens: int = 1024,
        requests: int = 4,
        more: Sequence[str] = (),
    ) -> Chain:
        """Runs ``lmcache bench server``.

        Args:
            shape: Of the simulated engine's cache, as the tool wants it.
            ranks: Of that engine.
            tokens: In one request; a chunk has 256.
            requests: How many, each of them cold and warm.
            more: Further options.
        """
        printed = run(
            "lmcache.cli.main",
            [
                "bench",
                "server",
                f"--rpc-url=tcp://localhost:{self.port}",
                f"--url=http://localhost:{self.http_port}",
                "--mode=cpu",
                f"--tp-size={ranks}",
                f"--num-tokens={tokens}",
                "--start=0",
                f"--end={requests}",
                "--interval=0.1",
                f"--kvcache-shape-spec={shape}",
                *more,
            ],
        )
        return Chain(printed)


class Chain:
    """What ``lmcache bench server`` printed."""

    def __init__(self, printed: str):
        self.printed = printed

    def __repr__(self) -> str:
        return self.printed

    def compared(self) -> dict[str, int]:
        """How often the tool found a checksum of a warm request like (``OK``) or unlike (``FAIL``) the cold one's."""
        return {word: int(count) for word, count in re.findall(r"Checksum (OK|FAIL): +(\d+)", self.printed)}

    def lookups(self, request: str) -> list[str]:
        """Of each ``cold`` or ``warm`` request: chunks that were found, such as ``4/4``."""
        return re.findall(rf"\[seq \d+/{request}\] LOOKUP: (\d+/\d+) chunks hit", self.printed)

    def checksums(self, request: str) -> dict[str, str]:
        """The checksum of each ``cold`` or ``warm`` request."""
        return dict(re.findall(rf"\[seq (\d+)/{request}\] CHECKSUM: (\w+)", self.printed))


@contextmanager
def lmcache_server(
    target: str, log: Path, transfer_mode: str = "engine_driven", l1_gib: int = 2, **parameters: Any
) -> Iterator[LmcacheServer]:
    """Runs ``lmcache server`` with its L1 in shared memory and nothing kept there, so that every hit comes from us."""
    server = LmcacheServer(log)
    shm_name = f"kvstore_test_{os.getpid()}_{server.port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "lmcache.cli.main",
                "server",
                f"--port={server.port}",
                f"--http-port={server.http_port}",
                "--disable-metrics",
                f"--l1-size-gb={l1_gib}",
                "--eviction-policy=noop",
                "--l2-store-policy=skip_l1",
                f"--supported-transfer-mode={transfer_mode}",
                f"--shm-name={shm_name}",
                "--l1-align-bytes=4096",
                f"--l2-adapter={adapter_json(target, **parameters)}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(),
        )
    try:
        _wait_for_http(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"lmcache server did not stop within {STOP_SECONDS} s:\n{log.read_text()}") from None
        finally:
            Path(f"/dev/shm/lmcache_l1_pool_{shm_name}").unlink(missing_ok=True)  # noqa: S108


def _wait_for_http(server: LmcacheServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://localhost:{server.http_port}/healthcheck", timeout=10):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"lmcache server did not start:\n{server.log.read_text()}") from None
            time.sleep(0.2)


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KVSTORE_", "LMCACHE_"))}
    return {**environment, "LMCACHE_TRACK_USAGE": "false", "LMCACHE_DISABLE_BANNER": "1"}


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
