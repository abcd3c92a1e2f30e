"""A C program's memory: structures, strings and pointers as the MQI lays them out."""

from __future__ import annotations

from typing import Any

from mock_mq.client._standin import ffi
from mock_mq.constants import Reason
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer, ByteOrder, Structure, decode_characters

Pointer = Any
"""A cffi pointer."""
ORDER = ByteOrder.LITTLE
"""How integers lie there."""
_VERSIONED = 8  # bytes of an eye-catcher and a version
_FIRST = (1).to_bytes(4, "little")


def at(structure: Pointer, pointer: Pointer, offset: int) -> Pointer:
    """MQ's two ways to point: a pointer, or an offset from the start of the structure."""
    if pointer:
        return pointer
    return ffi.cast("char *", structure) + offset if offset else ffi.NULL


def text(structure: Pointer, pointer: Pointer, offset: int, length: int) -> str:
    """A string that a structure points to; empty where it points to none."""
    start = at(structure, pointer, offset)
    return bytes(ffi.buffer(start, length)).decode(errors="replace") if start and length > 0 else ""


def variable(structure: Pointer, string: Pointer) -> bytes:
    """What an MQCHARV of a structure tells of, which may be ended by a zero (MQVS_NULL_TERMINATED)."""
    start = at(structure, string.VSPtr, string.VSOffset)
    if not start or not string.VSLength:
        return b""
    if string.VSLength < 0:
        return bytes(ffi.string(ffi.cast("char *", start)))
    return bytes(ffi.buffer(start, string.VSLength))


def characters(field: Pointer) -> str:
    """A field of MQCHARs."""
    return decode_characters(bytes(ffi.buffer(field)))


def data(buffer: Pointer, length: int) -> memoryview:
    """A message's data, not copied; raises 2005 for a length that can't be."""
    if length < 0:
        raise MQError(Reason.BUFFER_LENGTH_ERROR)
    return memoryview(ffi.buffer(buffer, length)) if length else memoryview(b"")


def write(pointer: Pointer, content: Buffer) -> None:
    """Puts bytes there."""
    ffi.memmove(pointer, content, len(content))


def packed(kind: type[Structure], pointer: Pointer, error: Reason) -> bytes:
    """The structure there as it lies, which is how it travels; raises `error` for what is none."""
    raw = _starting(kind, pointer, _VERSIONED, error)
    length = kind.LENGTHS.get(int.from_bytes(raw[4:], "little"))
    if length is None:
        raise MQError(error, f"{kind.__name__}: its version is not known")
    there: bytes = ffi.buffer(pointer, length)[:]
    return there


def first_version(kind: type[Structure], pointer: Pointer, error: Reason) -> bytes:
    """What a structure of any version begins with, as its first version."""
    raw = _starting(kind, pointer, kind.LENGTHS[1], error)
    return raw[:4] + _FIRST + raw[_VERSIONED:]


def _starting(kind: type[Structure], pointer: Pointer, length: int, error: Reason) -> bytes:
    if not pointer:
        raise MQError(error)
    raw: bytes = ffi.buffer(pointer, length)[:]
    if raw[:4] != kind.EYECATCHER:
        raise MQError(error, f"{kind.__name__}: starts with {raw[:4]!r}")
    return raw
