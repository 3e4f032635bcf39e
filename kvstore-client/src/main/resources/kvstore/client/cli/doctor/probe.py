"""Tells `kvstore doctor` what is installed here, and what the real LMCache computes for fixed tokens.

Run as: python -c SCRIPT mp|in-process ALGORITHM CHUNK_SIZE. LMCache writes to the standard streams, so the answer is the
line that begins with the marker.
"""

import importlib.metadata
import json
import platform
import sys

mode, algorithm, chunk_size = sys.argv[1], sys.argv[2], int(sys.argv[3])
facts = {"python": platform.python_version()}
for name in ("lmcache", "vllm", "kvstore-lmcache"):
    try:
        facts[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
tokens = list(range(2 * chunk_size))


def as_hex(value):
    return value.hex() if isinstance(value, bytes) else (value % (1 << 64)).to_bytes(8, "big").hex()


try:
    if mode == "mp":
        from lmcache.v1.multiprocess.token_hasher import TokenHasher

        hasher = TokenHasher(chunk_size, algorithm)
        none_hash, function = hasher.none_hash, hasher.hash_func
        second = hasher.compute_chunk_hashes(tokens)[1]
    else:
        from lmcache.v1 import token_database
        from lmcache.v1.config import LMCacheEngineConfig

        config = LMCacheEngineConfig.from_defaults(chunk_size=chunk_size, pre_caching_hash_algorithm=algorithm)
        database = token_database.ChunkedTokenDatabase(config)
        none_hash, function = token_database.NONE_HASH, database.hash_func
        second = database._hash_tokens(tokens[chunk_size:], database._hash_tokens(tokens[:chunk_size], none_hash))
    facts["none_hash"] = as_hex(none_hash)
    facts["hash"] = as_hex(second)
    facts["uses_builtin"] = function is hash
except Exception as error:
    facts["error"] = f"{type(error).__name__}: {error}"
print("\nKVSTORE-DOCTOR " + json.dumps(facts), flush=True)
