"""The soak, for half a minute; ``python -m soak.run`` runs it for as long as one likes."""

from __future__ import annotations

import os

import pytest

import lmcache_tools
from conftest import require_real_daemon
from soak.run import Soak


@pytest.mark.long
def test_all_doors_at_once() -> None:
    if not lmcache_tools.is_installed():
        assert "KVSTORE_TEST_COMPLETE" not in os.environ, "LMCache is not installed"
        pytest.skip("LMCache is not installed")
    require_real_daemon()
    assert Soak(seconds=30, kill_seconds=4, restart_seconds=5).run() == []
