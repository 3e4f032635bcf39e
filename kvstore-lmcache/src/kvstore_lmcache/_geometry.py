"""Between LMCache's memory objects and the two forms of values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from lmcache.v1.memory_management import MemoryFormat, MemoryObj
from lmcache.v1.protocol import DTYPE_TO_INT, INT_TO_DTYPE

from ._values import DIMENSIONS, Description, Group, is_described

# Their shape is [bytes, 0, 0, 0], and no zero of it may be left out.
_BYTES = (MemoryFormat.BINARY, MemoryFormat.BINARY_BUFFER)


@dataclass(frozen=True)
class Layout:
    """What LMCache allocates by.

    Attributes:
        shapes: One for each group.
        dtypes: One for each group; None for plain bytes.
        format: The memory format.
    """

    shapes: list[torch.Size]
    dtypes: list[torch.dtype | None]
    format: MemoryFormat

    @classmethod
    def of(cls, memory_obj: MemoryObj) -> Layout:
        """The layout of a memory object."""
        fmt = memory_obj.get_memory_format()
        shapes = list(memory_obj.get_shapes())
        if len(shapes) > 1:
            return cls(shapes, list(memory_obj.get_dtypes()), fmt)
        # Of a chunk that LMCache has cut to its size, the single shape alone is right.
        return cls([memory_obj.get_shape()], [memory_obj.get_dtype()], fmt)

    @classmethod
    def described(cls, description: Description) -> Layout | None:
        """The layout that was described; None if this LMCache does not know its numbers."""
        try:
            fmt = MemoryFormat(description.format)
            dtypes = [INT_TO_DTYPE[group.dtype] if group.dtype else None for group in description.groups]
        except (ValueError, KeyError):
            return None
        return cls([_shape(group, fmt) for group in description.groups], dtypes, fmt)

    @property
    def size_bytes(self) -> int:
        """Bytes that it takes."""
        return sum(
            shape[0] if dtype is None else math.prod(shape) * dtype.itemsize
            for shape, dtype in zip(self.shapes, self.dtypes, strict=True)
        )

    def describe(self) -> Description:
        """Puts it in numbers.

        Raises:
            ValueError: LMCache has no number for a type, or a shape has too many dimensions.
        """
        groups = []
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            if dtype is not None and dtype not in DTYPE_TO_INT:
                raise ValueError(f"LMCache's protocol has no number for {dtype}")
            if len(shape) > DIMENSIONS:
                raise ValueError(f"a shape of {len(shape)} dimensions, at most {DIMENSIONS} can be described")
            one, two, three, four = list(shape) + [0] * (DIMENSIONS - len(shape))
            groups.append(Group(0 if dtype is None else DTYPE_TO_INT[dtype], (one, two, three, four)))
        return Description(self.size_bytes, int(self.format.value), tuple(groups))


class Geometry:
    """The KV cache of one engine.

    Args:
        chunk: The layout of a full chunk of all layers.
        chunk_tokens: How many tokens that has.

    Attributes:
        chunk: As given.
        chunk_bytes: Its length.
        token_bytes: Its part of one token.
    """

    def __init__(self, chunk: Layout, chunk_tokens: int):
        self.chunk = chunk
        self._token_dimension = chunk.format.token_dim()
        self.chunk_bytes = chunk.size_bytes
        self.token_bytes = self.chunk_bytes // chunk_tokens

    def is_plain(self, names_layer: bool, layout: Layout) -> bool:
        """Whether a chunk is stored plain: :meth:`plain` must then give back this layout."""
        if names_layer or is_described(self.token_bytes):
            return False
        return layout == self.plain(names_layer, layout.size_bytes)

    def plain(self, names_layer: bool, value_bytes: int) -> Layout | None:
        """The layout of a plain value; None if no chunk of this engine has its length.

        Args:
            names_layer: Whether the key is one of a single layer.
            value_bytes: Length of the value.
        """
        if names_layer or not 0 < value_bytes <= self.chunk_bytes or value_bytes % self.token_bytes:
            return None
        tokens = value_bytes // self.token_bytes
        shapes = [_with_tokens(shape, self._token_dimension, tokens) for shape in self.chunk.shapes]
        return Layout(shapes, self.chunk.dtypes, self.chunk.format)


def _with_tokens(shape: torch.Size, dimension: int, tokens: int) -> torch.Size:
    return torch.Size([tokens if at == dimension else extent for at, extent in enumerate(shape)])


def _shape(group: Group, fmt: MemoryFormat) -> torch.Size:
    shape = list(group.shape)
    if fmt not in _BYTES:
        while len(shape) > 1 and shape[-1] == 0:
            shape.pop()
    return torch.Size(shape)
