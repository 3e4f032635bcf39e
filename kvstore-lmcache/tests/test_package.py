"""What `pip install ./kvstore-lmcache` puts into site-packages."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import kvstore_lmcache

PACKAGE = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="needs hatchling, as the extra 'test' has it"
)


def test_the_wheel_has_everything(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, PACKAGE],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"kvstore_lmcache-{kvstore_lmcache.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = PACKAGE / "src"
    kept = {".py", ".pyi", ".typed"}
    assert packed == {str(path.relative_to(sources)) for path in sources.rglob("*") if path.suffix in kept}
