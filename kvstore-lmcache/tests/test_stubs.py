"""The checked-in stubs against the contract in proto/."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from kvstore_lmcache._proto import kvstore_pb2

pytest.importorskip("grpc_tools", reason="needs grpcio-tools, as the extra 'test' has it")

REPOSITORY = Path(__file__).resolve().parents[2]
STUBS = REPOSITORY / "kvstore-lmcache" / "src" / "kvstore_lmcache" / "_proto"


def test_the_stubs_are_of_this_contract(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"--proto_path={REPOSITORY / 'proto'}",
            f"--descriptor_set_out={tmp_path / 'set'}",
            "kvstore/v1/kvstore.proto",
        ],
        check=True,
    )
    (of_the_contract,) = descriptor_pb2.FileDescriptorSet.FromString((tmp_path / "set").read_bytes()).file
    of_the_stubs = descriptor_pb2.FileDescriptorProto()
    kvstore_pb2.DESCRIPTOR.CopyToProto(of_the_stubs)
    # protoc may add names that follow from the fields' own.
    for message in of_the_contract.message_type:
        for field in message.field:
            field.ClearField("json_name")
    assert of_the_stubs == of_the_contract, "run scripts/generate-python-stubs"


def test_the_stubs_are_what_the_script_makes(tmp_path: Path) -> None:
    subprocess.run(
        [str(REPOSITORY / "scripts" / "generate-python-stubs"), str(tmp_path)],
        env={**os.environ, "PYTHON": sys.executable},
        check=True,
    )
    for made in tmp_path.iterdir():
        assert made.read_text() == (STUBS / made.name).read_text(), "run scripts/generate-python-stubs"
