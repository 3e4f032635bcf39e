"""The connector of LMCache's in-process mode as a door of the soak."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from lmcache.utils import CacheEngineKey

from in_process_engine import Engine

CHUNK_TOKENS = 64
HIDDEN = 2048


class PluginDoor:
    """``plugin://kvstore`` with chunks of up to 1.5 MiB; the last of a prompt is shorter."""

    def __init__(self, target: str) -> None:
        self._engine = Engine(CHUNK_TOKENS, HIDDEN, memory_gib=0.1)
        self._connector = self._engine.connect(target, lease_millis=500)

    def put(self, numbers: Sequence[int]) -> int:
        for number in numbers:
            chunk = self._chunk(number)
            self._engine.run(self._connector.put(_key(number), chunk))
            chunk.ref_count_down()
        return len(numbers)  # the connector stores in the background, and says nothing

    def get(self, numbers: Sequence[int]) -> list[bool | None]:
        return [self._value(number) for number in numbers]

    def exists(self, numbers: Sequence[int]) -> int:
        return sum(bool(self._engine.run(self._connector.exists(_key(number)))) for number in numbers)

    def close(self) -> None:
        self._engine.close()

    def _chunk(self, number: int) -> Any:
        return self._engine.chunk(number, random.Random(number).randint(1, CHUNK_TOKENS))

    def _value(self, number: int) -> bool | None:
        loaded = self._engine.run(self._connector.get(_key(number)))
        if loaded is None:
            return None
        expected = self._chunk(number)
        right = _content(loaded) == _content(expected) and loaded.get_shape() == expected.get_shape()
        expected.ref_count_down()
        loaded.ref_count_down()
        return right


def _key(number: int) -> Any:
    return CacheEngineKey("/soak/", 1, 0, number, torch.bfloat16)


def _content(memory_obj: Any) -> memoryview:
    return memoryview(memory_obj.byte_array).cast("B")
