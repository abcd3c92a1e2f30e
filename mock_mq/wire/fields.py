"""How a structure of the wire is declared: one line a field, packed and unpacked in either byte order.

    class MessageDescriptor(Structure, eyecatcher=b"MD  ", lengths={1: 324, 2: 364}):
        version: Int = 2
        format: Annotated[str, Char(8)] = ""

The fields follow the eye-catcher without gaps, as in MQ's C headers with pointers of four bytes. A
structure that comes in several versions has all the fields of its longest one; a version is a length,
and the fields behind that length keep their defaults. Character fields are carried without their padding.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args, get_origin, get_type_hints

Buffer = bytes | bytearray | memoryview
S = TypeVar("S", bound="Structure")


class WireError(Exception):
    """What arrived is not what the protocol says; the one error that anything in `mock_mq.wire` raises."""


class ByteOrder(IntEnum):
    """The byte order byte of a segment header; an argument of everything that packs or unpacks."""

    BIG = 1
    LITTLE = 2

    @property
    def prefix(self) -> str:
        """`struct`'s sign for it."""
        return ">" if self is ByteOrder.BIG else "<"

    @property
    def encoding(self) -> int:
        """The MQENC value that goes with it: 273 (all normal, IEEE) or 546 (all reversed)."""
        return 273 if self is ByteOrder.BIG else 546


@dataclass(frozen=True, slots=True)
class Number:
    """An integer; `code` is `struct`'s letter for its width and sign."""

    code: str

    @property
    def width(self) -> int:
        """Bytes on the wire."""
        return struct.calcsize("=" + self.code)


@dataclass(frozen=True, slots=True)
class Char:
    """`width` characters, padded with blanks; what follows a NUL is padding too, as in C.

    Names are carried as ISO 8859-1, one byte a character, so that no byte of a peer's is ever refused.
    What is `secret` is forgotten with the structure.
    """

    width: int
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """`width` bytes as they are; shorter values are filled with zeros."""

    width: int


Byte = Annotated[int, Number("B")]
Short = Annotated[int, Number("H")]
Int = Annotated[int, Number("i")]
Long = Annotated[int, Number("q")]


INTEGERS = {order: struct.Struct(order.prefix + "i") for order in ByteOrder}
"""One integer of four bytes, by byte order."""
_NAMES_KEPT = 1024  # queues, users, programs, formats: the same few come with every message
_STRUCTURES_KEPT = 64  # of a kind and version: a program's descriptors and options are the same call by call


def decode_characters(raw: bytes) -> str:
    """A character field's text without its padding."""
    end = raw.find(b"\0")
    return (raw if end < 0 else raw[:end]).rstrip(b" ").decode("latin-1")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    code: str
    width: int
    to_wire: Callable[[Any], Any] | None = None
    from_wire: Callable[[Any], Any] | None = None
    secret: bool = False


def _characters(name: str, kind: Char) -> _Field:
    width = kind.width

    def to_wire(value: str) -> bytes:
        try:
            raw = value.encode("latin-1")
        except UnicodeEncodeError:
            raise WireError(f"{name}: characters outside ISO 8859-1") from None
        if len(raw) > width:
            raise WireError(f"{name}: {len(raw)} characters, at most {width}")
        return raw.ljust(width)

    if kind.secret:
        return _Field(name, f"{width}s", width, to_wire, decode_characters, secret=True)
    return _Field(name, f"{width}s", width, lru_cache(_NAMES_KEPT)(to_wire), _decode_name)


_decode_name = lru_cache(_NAMES_KEPT)(decode_characters)


def _raw(name: str, width: int) -> _Field:
    def to_wire(value: bytes) -> bytes:
        if len(value) > width:
            raise WireError(f"{name}: {len(value)} bytes, at most {width}")
        return value

    return _Field(name, f"{width}s", width, to_wire)


def _part(name: str, part: type[Structure], order: ByteOrder) -> _Field:
    width = part.longest()
    return _Field(
        name, f"{width}s", width, lambda value: value.pack(order), lambda raw: part.unpack(raw, order)
    )


def _field(name: str, hint: Any, order: ByteOrder) -> _Field:
    if isinstance(hint, type) and issubclass(hint, Structure):
        return _part(name, hint, order)
    kind = get_args(hint)[1] if get_origin(hint) is Annotated else None
    if isinstance(kind, Number):
        return _Field(name, kind.code, kind.width)
    if isinstance(kind, Char):
        return _characters(name, kind)
    if isinstance(kind, Raw):
        return _raw(name, kind.width)
    raise TypeError(f"{name}: not a wire field: {hint!r}")


_FIELDS: dict[tuple[type[Structure], ByteOrder], tuple[_Field, ...]] = {}
_LONGEST: dict[type[Structure], int] = {}


def _fields(cls: type[Structure], order: ByteOrder) -> tuple[_Field, ...]:
    key = (cls, order)
    if key not in _FIELDS:
        hints = get_type_hints(cls, include_extras=True)
        _FIELDS[key] = tuple(_field(each.name, hints[each.name], order) for each in fields(cls))
    return _FIELDS[key]


@dataclass(frozen=True, slots=True)
class _Layout:
    """One version of a structure in one byte order, ready to use."""

    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]
    """The structure that bytes of this length are; the last few are kept, unless they have secrets."""


_LAYOUTS: dict[tuple[type[Structure], int, ByteOrder], _Layout] = {}


def _layout(cls: type[Structure], length: int, order: ByteOrder) -> _Layout:
    key = (cls, length, order)
    found = _LAYOUTS.get(key)
    if found is None:
        found = _LAYOUTS[key] = _make_layout(cls, length, order)
    return found


def _make_layout(cls: type[Structure], length: int, order: ByteOrder) -> _Layout:
    position = len(cls.EYECATCHER)
    chosen = []
    for each in _fields(cls, order):
        if position == length:
            break
        position += each.width
        chosen.append(each)
    if position != length:
        raise TypeError(f"{cls.__name__}: no field ends at {length} bytes")
    code = order.prefix + f"{len(cls.EYECATCHER)}s" + "".join(each.code for each in chosen)
    names = tuple(each.name for each in chosen)
    packer = struct.Struct(code)
    decoded = tuple((i, each.from_wire) for i, each in enumerate(chosen) if each.from_wire)

    def unpack(raw: bytes) -> Structure:
        _eyecatcher, *values = packer.unpack(raw)
        for index, from_wire in decoded:
            values[index] = from_wire(values[index])
        return _made(cls, zip(names, values, strict=True))

    secret = any(each.secret for each in chosen)
    return _Layout(
        _packer(packer, cls.EYECATCHER, chosen), unpack if secret else lru_cache(_STRUCTURES_KEPT)(unpack)
    )


def _packer(packer: struct.Struct, eyecatcher: bytes, chosen: Sequence[_Field]) -> Callable[[Any], bytes]:
    """What packs a structure."""
    values_of = attrgetter(*(each.name for each in chosen))
    to_wire = tuple((i, each.to_wire) for i, each in enumerate(chosen) if each.to_wire)

    def pack(structure: Any) -> bytes:
        values = list(values_of(structure))
        for index, made in to_wire:
            values[index] = made(values[index])
        return packer.pack(eyecatcher, *values)

    return pack


def _made(cls: type[S], values: Iterable[tuple[str, Any]] | Mapping[str, Any]) -> S:
    """A structure with these values; fields that are not among them have their defaults."""
    made = object.__new__(cls)
    # Frozen, its `__init__` would set each field by a call of its own.
    vars(made).update(values)
    return made


@dataclass(frozen=True)
class Structure:
    """A structure of the wire, both ways. Subclasses are frozen dataclasses declared field by field.

    `lengths` maps the value of the `version` field to the length in bytes; a structure without versions
    has none and is as long as its fields.
    """

    EYECATCHER: ClassVar[bytes] = b""
    LENGTHS: ClassVar[Mapping[int, int]] = {}

    def __init_subclass__(cls, *, eyecatcher: bytes = b"", lengths: Mapping[int, int] | None = None) -> None:
        cls.EYECATCHER = eyecatcher
        cls.LENGTHS = lengths or {}

    @classmethod
    def longest(cls) -> int:
        """The length of the longest version, in bytes."""
        if cls not in _LONGEST:
            fields_width = sum(each.width for each in _fields(cls, ByteOrder.BIG))
            _LONGEST[cls] = len(cls.EYECATCHER) + fields_width
        return _LONGEST[cls]

    @classmethod
    def length_of(cls, data: Buffer, order: ByteOrder) -> int:
        """The length in bytes of the structure at the start of `data`, which its version tells."""
        at = len(cls.EYECATCHER)
        if at and data[:at] != cls.EYECATCHER:
            raise WireError(f"{cls.__name__}: starts with {bytes(data[:at])!r}, not {cls.EYECATCHER!r}")
        if not cls.LENGTHS:
            return cls.longest()
        if len(data) < at + 4:
            raise WireError(f"{cls.__name__}: {len(data)} bytes are too few for a version")
        (version,) = INTEGERS[order].unpack_from(data, at)
        length = cls.LENGTHS.get(version)
        if length is None:
            raise WireError(f"{cls.__name__}: version {version} is not known")
        return length

    @property
    def length(self) -> int:
        """The length in bytes that this value packs to."""
        if not self.LENGTHS:
            return self.longest()
        version: int = getattr(self, "version", 0)
        length = self.LENGTHS.get(version)
        if length is None:
            raise WireError(f"{type(self).__name__}: version {version} is not known")
        return length

    def but(self, **changes: Any) -> Self:
        """The same with other values in these fields."""
        # `dataclasses.replace`, which sets each field by itself, takes fifteen times as long.
        if not changes.keys() <= self.__dataclass_fields__.keys():
            raise TypeError(f"{type(self).__name__}: no such fields as {', '.join(changes)}")
        made = _made(type(self), vars(self))
        vars(made).update(changes)
        return made

    def pack(self, order: ByteOrder) -> bytes:
        """The value as bytes; raises `WireError` where a field does not fit its width."""
        try:
            return _layout(type(self), self.length, order).pack(self)
        except struct.error as e:
            raise WireError(f"{type(self).__name__}: {e}") from None

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """The structure at the start of `data`; what follows it is left alone."""
        return cls.of_length(cls.length_of(data, order), data, order)

    @classmethod
    def of_length(cls, length: int, data: Buffer, order: ByteOrder) -> Self:
        """The same where `length_of` has been asked."""
        raw = bytes(data[:length])
        if len(raw) < length:
            raise WireError(f"{cls.__name__}: {len(raw)} bytes of {length}")
        made: Self = _layout(cls, length, order).unpack(raw)
        return made
