"""LMCache's way to a kvstore daemon: a ``native_plugin`` L2 adapter that speaks gRPC.

LMCache loads :class:`KvStoreClient` by name; README.md shows the JSON.
"""

from ._client import KvStoreClient
from ._version import VERSION as __version__  # noqa: N811

__all__ = ["KvStoreClient", "__version__"]
