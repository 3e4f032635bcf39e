"""The options of the in-process connector, as they stand in LMCache's ``extra_config``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SCHEME = "plugin://"

# Of LMCache's own: where it finds the adapter.
_LOADER = ("module_path", "class_name")


def plugin_name_of(url: str) -> str:
    """``kvstore.a`` of ``plugin://kvstore.a``."""
    return url.removeprefix(_SCHEME)


def plugin_options(plugin: str, extra_config: Mapping[str, object], plugins: Sequence[str]) -> dict[str, object]:
    """Picks out the options of one plugin.

    Args:
        plugin: Its name, ``kvstore`` or ``kvstore.<instance>``.
        extra_config: LMCache's.
        plugins: The names of all plugins: what is under ``kvstore.a`` is none of ``kvstore``'s, if there is such one.

    Returns:
        Values by the names of :class:`kvstore_lmcache._options.Options`, not checked.
    """
    prefix = _prefix(plugin)
    others = [_prefix(other) for other in plugins if other.startswith(plugin + ".")]
    return {
        name.removeprefix(prefix): value
        for name, value in extra_config.items()
        if name.startswith(prefix)
        and name.removeprefix(prefix) not in _LOADER
        and not any(name.startswith(other) for other in others)
    }


def _prefix(plugin: str) -> str:
    return f"remote_storage_plugin.{plugin}."
