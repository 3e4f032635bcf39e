"""Tells the daemon what this process's LMCache computes for fixed tokens, and warns where the two differ."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence

import grpc

from ._proto import kvstore_pb2 as pb
from ._stats import Stats

logger = logging.getLogger("kvstore_lmcache")

DEFAULT_ALGORITHM = "blake3"
DEFAULT_CHUNK_SIZE = 256

_TOKEN_HASHER = "lmcache.v1.multiprocess.token_hasher"  # noqa: S105 - a module

_ALGORITHMS = {
    "blake3": pb.HASH_ALGORITHM_BLAKE3,
    "sha256_cbor": pb.HASH_ALGORITHM_SHA256_CBOR,
    "sha256_cbor_64bit": pb.HASH_ALGORITHM_SHA256_CBOR_64BIT,
    "builtin": pb.HASH_ALGORITHM_BUILTIN,
}


class HashCheck:
    """Compares hashes once for each start of the daemon, and warns once for each disagreement.

    A daemon that hashes otherwise stores and loads as ever, but answers MatchPrefix with nothing.
    """

    def __init__(self, stats: Stats, make: Callable[[], Sequence[pb.HashCheck]] | None = None):
        self._stats = stats
        self._make = make or known_answers
        self._told = ""

    def run(self, ask: Callable[[Sequence[pb.HashCheck]], Sequence[pb.HashCheckResult]]) -> None:
        """Asks the daemon. Never fails: the data path needs no hashes."""
        try:
            checks = self._make()
            results = ask(checks) if checks else ()
        except (grpc.RpcError, ValueError) as error:
            logger.debug("the daemon was not asked for its hashes: %s", error)
            return
        except Exception as error:  # whatever another release of LMCache does
            logger.info("LMCache's hashes cannot be compared with the daemon's: %s: %s", type(error).__name__, error)
            return
        # An older daemon answers with none.
        for result in results:
            self._stats.add("hash_checks")
            if result.agrees:
                continue
            self._stats.add("hash_checks_differ")
            if result.message != self._told:
                self._told = result.message
                logger.warning("prompts are hashed differently here and in the daemon: %s", result.message)


def known_answers() -> list[pb.HashCheck]:
    """What LMCache's server computes in this process, or nothing where this process is none.

    Its options are those of the command line, because it tells them nobody.
    """
    module = sys.modules.get(_TOKEN_HASHER)
    if module is None:
        return []
    algorithm = _option("--hash-algorithm", DEFAULT_ALGORITHM)
    chunk_size = int(_option("--chunk-size", str(DEFAULT_CHUNK_SIZE)))
    if algorithm not in _ALGORITHMS:
        return []
    hasher = module.TokenHasher(chunk_size=chunk_size, hash_algorithm=algorithm)
    # The second chunk's: the first would not show whether the chain goes on alike.
    chunk_hash = hasher.compute_chunk_hashes(list(range(2 * chunk_size)))[1]
    scheme = pb.HashScheme(algorithm=_ALGORITHMS[algorithm], era=pb.HASH_ERA_NONE)
    return [pb.HashCheck(scheme=scheme, chunk_size=chunk_size, chunk_hash=chunk_hash)]


def _option(name: str, default: str) -> str:
    arguments = sys.argv
    for index, argument in enumerate(arguments):
        if argument.startswith(name + "="):
            return argument.removeprefix(name + "=")
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
    return default
