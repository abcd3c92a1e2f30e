"""A C program's memory: structures, strings and pointers as the MQI lays them out."""

from __future__ import annotations

from typing import Any, TypeVar

from mock_mq.client._standin import ffi
from mock_mq.constants import Reason
from mock_mq.errors import MQError
from mock_mq.wire.fields import ByteOrder, Structure, WireError, decode_characters

Pointer = Any
"""A cffi pointer."""
S = TypeVar("S", bound=Structure)
ORDER = ByteOrder.LITTLE
"""How integers lie there."""


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


def write(pointer: Pointer, content: bytes) -> None:
    """Puts bytes there."""
    ffi.memmove(pointer, content, len(content))


def read(kind: type[S], pointer: Pointer, error: Reason) -> S:
    """The structure there; raises `error` for what is none."""
    if not pointer:
        raise MQError(error)
    try:
        return kind.unpack(ffi.buffer(pointer, kind.longest()), ORDER)
    except WireError as e:
        raise MQError(error, str(e)) from None


def first_version(kind: type[S], pointer: Pointer, length: int, error: Reason) -> S:
    """Reads what a later version of the structure begins with as its first version."""
    if not pointer:
        raise MQError(error)
    raw = bytes(ffi.buffer(pointer, length))
    try:
        return kind.unpack(raw[:4] + (1).to_bytes(4, "little") + raw[8:], ORDER)
    except WireError as e:
        raise MQError(error, str(e)) from None
