"""Addresses of buffers, and copies that let other Python threads run."""

from __future__ import annotations

import ctypes

# Below this the copy takes less time than giving up the interpreter lock and getting it back may.
_LEAST_UNLOCKED_BYTES = 256 * 1024


class _PyBuffer(ctypes.Structure):
    """Py_buffer of CPython's stable ABI (https://docs.python.org/3/c-api/buffer.html#c.Py_buffer)."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_PYBUF_SIMPLE = 0


def address_of(view: memoryview) -> int:
    """Returns where a contiguous view begins; good for as long as the caller keeps what it views in place.

    ``from_buffer`` of ctypes could do this for writable views only.
    """
    buffer = _PyBuffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), _PYBUF_SIMPLE)
    address = buffer.buf or 0
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))
    return address


def copy(target: memoryview, source: memoryview) -> None:
    """Copies all of ``source`` over ``target`` of the same length; large copies without the interpreter lock."""
    if len(target) != len(source):
        raise ValueError(f"{len(source)} bytes to copy over {len(target)}")
    if len(source) < _LEAST_UNLOCKED_BYTES:
        target[:] = source
    else:
        ctypes.memmove(address_of(target), address_of(source), len(source))
