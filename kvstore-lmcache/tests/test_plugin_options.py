"""Where the options of the in-process connector are found in LMCache's extra_config."""

from __future__ import annotations

from kvstore_lmcache._plugin_options import plugin_name_of, plugin_options

EXTRA = {
    "save_chunk_meta": True,
    "remote_storage_plugin.kvstore.module_path": "kvstore_lmcache.connector",
    "remote_storage_plugin.kvstore.class_name": "KvStoreConnectorAdapter",
    "remote_storage_plugin.kvstore.target": "unix:/a",
    "remote_storage_plugin.kvstore.far.target": "host:1",
    "remote_storage_plugin.kvstore.far.channels": 2,
    "remote_storage_plugin.kvstores.target": "unix:/b",
}


def test_name() -> None:
    assert plugin_name_of("plugin://kvstore") == "kvstore"
    assert plugin_name_of("plugin://kvstore.far") == "kvstore.far"


def test_each_plugin_has_its_own() -> None:
    plugins = ["kvstore", "kvstore.far"]
    assert plugin_options("kvstore", EXTRA, plugins) == {"target": "unix:/a"}
    assert plugin_options("kvstore.far", EXTRA, plugins) == {"target": "host:1", "channels": 2}


def test_what_belongs_to_no_plugin_is_not_passed_over() -> None:
    """So that a wrong name is an error and no silence."""
    assert plugin_options("kvstore", EXTRA, ["kvstore"]) == {
        "target": "unix:/a",
        "far.target": "host:1",
        "far.channels": 2,
    }
