"""Parameters as they come from the adapter's JSON."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from kvstore_lmcache import KvStoreClient
from kvstore_lmcache._options import GIB, KIB, MIB, Options

README = Path(__file__).parents[1] / "README.md"


def test_defaults() -> None:
    assert dataclasses.asdict(Options.parse({})) == {
        "target": "unix:/run/kvstore/kvstore.sock",
        "channels": 4,
        "lookup_timeout_millis": 1000,
        "load_timeout_millis": 10_000,
        "store_timeout_millis": 30_000,
        "connect_timeout_millis": 5000,
        "frame_bytes": 512 * KIB,
        "lease_millis": 30_000,
        "max_pending_bytes": 16 * GIB,
        "payload_path": "auto",
        "staging_bytes": 256 * MIB,
        "tls_ca": None,
        "tls_cert": None,
        "tls_key": None,
        "tls_server_name": None,
    }


def test_the_readme_lists_every_parameter_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", README.read_text(), flags=re.MULTILINE)
    assert rows == [(option.name, str(option.default)) for option in dataclasses.fields(Options)]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("chanels", "channels"), ("loadTimeoutMillis", "load_timeout_millis"), ("socket_target", "target")],
)
def test_an_unknown_parameter_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(TypeError, match=f"KvStoreClient has no parameter '{name}'; the nearest is '{nearest}'"):
        KvStoreClient(**{name: 1})


@pytest.mark.parametrize("target", ["unix:/run/s", "localhost:1", "10.0.0.1:65535", "[::1]:7420"])
def test_targets(target: str) -> None:
    assert Options.parse({"target": target}).target == target


@pytest.mark.parametrize(
    "target", ["", "unix:", "unix:run/s", "localhost", "localhost:", ":1", "h:0", "h:65536", "h:x"]
)
def test_wrong_targets(target: str) -> None:
    with pytest.raises(ValueError, match=f"target must .*{re.escape(repr(target))}"):
        Options.parse({"target": target})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("channels", 0, "channels must be 1 to 64, not 0"),
        ("channels", 65, "channels must be 1 to 64, not 65"),
        ("load_timeout_millis", -1, "load_timeout_millis must be 1 to 3600000, not -1"),
        ("staging_bytes", 1000, "staging_bytes must be 1048576 to 1099511627776, not 1000"),
        ("payload_path", "tcp", "payload_path must be one of auto, in_place, staged, stream, not 'tcp'"),
        ("frame_bytes", 17 << 20, "frame_bytes must be 4096 to 16777216, not 17825792"),
    ],
)
def test_numbers_outside_their_limits(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options.parse({name: value})


@pytest.mark.parametrize("value", ["4", 4.0, True, None])
def test_numbers_of_the_wrong_type(value: object) -> None:
    with pytest.raises(TypeError, match=f"channels must be a whole number, not {value!r}"):
        Options.parse({"channels": value})
    with pytest.raises(TypeError, match="target must be a string"):
        Options.parse({"target": 4})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tls_cert": "c"}, "tls_cert and tls_key belong together"),
        ({"tls_ca": "a", "tls_key": "k"}, "tls_cert and tls_key belong together"),
        ({"tls_cert": "c", "tls_key": "k"}, "need tls_ca"),
        ({"tls_server_name": "n"}, "need tls_ca"),
    ],
)
def test_files_for_tls_that_do_not_go_together(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options.parse(parameters)


@pytest.mark.parametrize("value", ["", 1, True])
def test_a_file_for_tls_that_is_none(value: object) -> None:
    with pytest.raises(TypeError, match="tls_ca must be a string that is not empty"):
        Options.parse({"tls_ca": value})
