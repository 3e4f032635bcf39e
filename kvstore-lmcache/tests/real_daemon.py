"""The daemon of this repository, as a process of its own with a directory of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Not the system's temporary directory, which may be a tmpfs: the daemon is tested on a disk.
DATA_PARENT = REPOSITORY / "kvstore-lmcache" / "target"

START_SECONDS = 120
STOP_SECONDS = 60


def is_built() -> bool:
    """Whether the daemon is there and starts."""
    if not (REPOSITORY / "kvstore").exists():
        return False
    command = [str(REPOSITORY / "kvstore"), "serve", "--help"]
    return subprocess.run(command, capture_output=True, timeout=600, check=False).returncode == 0


class RealDaemon:
    """A daemon that listens on a Unix socket, on a free TCP port and, for ``lm://``, on another one.

    Args:
        capacity: As in the daemon's configuration, such as ``2GiB``.
        settings: Further ones, each ``key=value``.
    """

    def __init__(self, capacity: str = "2GiB", settings: Sequence[str] = ()) -> None:
        self._settings = [f"--set={setting}" for setting in settings]
        DATA_PARENT.mkdir(parents=True, exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix="daemon-", dir=DATA_PARENT))
        # The path of a Unix socket has at most 107 bytes, and a checkout may lie deep.
        self._socket_directory = Path(tempfile.mkdtemp(prefix="kvs-"))
        self.target = f"unix:{self._socket_directory}/s"
        port = _free_port()
        self.tcp_target = f"127.0.0.1:{port}"
        self.lm_url = f"lm://127.0.0.1:{_free_port()}"
        self.resp_port = _free_port()
        self._log_path = self.directory / "log"
        self._config_path = self.directory / "kvstore.yaml"
        self._config_path.write_text(
            f"""\
node: test
data:
  directory: {self.directory / "pool"}
  capacity: {capacity}
  segment-size: 512MiB
  max-value-size: 200MiB
memory:
  slab-size: 512MiB
grpc:
  unix-socket: {self._socket_directory}/s
  listen: {self.tcp_target}
lm:
  listen: {self.lm_url.removeprefix("lm://")}
resp:
  listen: 127.0.0.1:{self.resp_port}
admin:
  listen: ""
"""
        )
        (self.directory / "pool").mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KVSTORE_")}
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [str(REPOSITORY / "kvstore"), "serve", "--config", str(self._config_path), *self._settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the daemon did not start:\n{self.log()}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Of the running daemon."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As ``kill -9``."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As a service manager stops it."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stops it, and removes its files."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self._socket_directory, ignore_errors=True)

    def log(self) -> str:
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the daemon did not stop within {STOP_SECONDS} s:\n{self.log()}") from None

    def _answers(self) -> bool:
        try:
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
                connection.connect(self.target.removeprefix("unix:"))
            # The doors open one after the other.
            socket.create_connection(("127.0.0.1", self.resp_port)).close()
        except OSError:
            return False
        return True


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
