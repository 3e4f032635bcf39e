"""The options of the plugins of in-process LMCache, as they stand in its ``extra_config``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SCHEME = "plugin://"
_STORAGE = "storage_plugin."

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


def storage_plugin_options(
    extra_config: Mapping[str, object], plugins: Sequence[str], class_name: str
) -> tuple[str, dict[str, object]]:
    """Picks out the options of the storage plugin that is this class: LMCache does not tell it its name.

    Args:
        extra_config: LMCache's.
        plugins: The names of all storage plugins.
        class_name: Of the class.

    Returns:
        The name, and values by the names of the options, not checked.

    Raises:
        ValueError: No plugin or more than one is of this class.
    """
    names = [name for name in plugins if extra_config.get(f"{_STORAGE}{name}.class_name") == class_name]
    if len(names) != 1:
        raise ValueError(f"{len(names)} of storage_plugins={list(plugins)} have class_name {class_name}, one is needed")
    prefix = f"{_STORAGE}{names[0]}."
    found = {name.removeprefix(prefix): value for name, value in extra_config.items() if name.startswith(prefix)}
    return names[0], {name: value for name, value in found.items() if name not in _LOADER}


def _prefix(plugin: str) -> str:
    return f"remote_storage_plugin.{plugin}."
