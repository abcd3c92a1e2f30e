"""The bodies of MQI calls and their replies, both directions, both byte orders.

Every body starts with the `ApiHeader`. A call is a dataclass: `unpack(data, order)` reads it,
`pack(order)` makes the body, `parts(order)` the same without copying a message's data. The header's length
is filled in on the way out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Self, TypeVar

from mock_mq.wire.fields import INTEGERS, Buffer, ByteOrder, Int, Raw, Structure, WireError
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
    StatusReport,
    VariableString,
)

_SEGMENT_HEADER = 28  # the length in an API header counts a plain segment header too
_MAX_SELECTORS = 256
_CALLS_KEPT = 64  # a program's gets are the same call by call
S = TypeVar("S", bound=Structure)


@dataclass(frozen=True)
class ApiHeader(Structure):
    """What every call and reply starts with: completion code, reason, and the object's handle.

    `total` is four bytes big-endian in either order: the bytes to make room for, segment header included.
    """

    total: Annotated[bytes, Raw(4)] = field(default=bytes(4), compare=False)
    completion: Int = 0
    reason: Int = 0
    handle: Int = 0


_HANDLE_AT = 12


def handle_of(call: Buffer, order: ByteOrder) -> int:
    """The handle in the API header that a call's body starts with."""
    if len(call) < _HANDLE_AT + 4:
        raise WireError(f"ApiHeader: {len(call)} bytes of {ApiHeader.longest()}")
    (handle,) = INTEGERS[order].unpack_from(call, _HANDLE_AT)
    return int(handle)


class Cursor:
    """Takes structures and integers one after the other; raises `WireError` at the end of the data."""

    def __init__(self, data: Buffer, order: ByteOrder) -> None:
        self._data = memoryview(data)
        self._order = order

    @property
    def left(self) -> int:
        """Bytes not taken yet."""
        return len(self._data)

    def starts_with(self, *starts: bytes) -> bool:
        """Whether what comes next is one of these."""
        return any(self._data[: len(start)] == start for start in starts)

    def take(self, kind: type[S]) -> S:
        """The structure that comes next."""
        length = kind.length_of(self._data, self._order)
        value = kind.of_length(length, self._data, self._order)
        self._data = self._data[length:]
        return value

    def integers(self, count: int) -> tuple[int, ...]:
        """The next `count` integers of four bytes."""
        return struct.unpack(f"{self._order.prefix}{count}i", self.bytes(4 * count))

    def integer(self) -> int:
        """The next integer of four bytes."""
        (value,) = INTEGERS[self._order].unpack(self.bytes(4))
        return int(value)

    def bytes(self, count: int) -> memoryview:
        """The next `count` bytes, not copied."""
        if not 0 <= count <= len(self._data):
            raise WireError(f"{count} bytes are told of, {len(self._data)} are there")
        taken = self._data[:count]
        self._data = self._data[count:]
        return taken


def _integers(order: ByteOrder, *values: int) -> bytes:
    try:
        return struct.pack(f"{order.prefix}{len(values)}i", *values)
    except struct.error as e:
        raise WireError(f"integers: {e}") from None


def _integer(order: ByteOrder, value: int) -> bytes:
    try:
        return INTEGERS[order].pack(value)
    except struct.error as e:
        raise WireError(f"an integer: {e}") from None


@dataclass(slots=True)
class Call:
    """What all calls have: the header, and two ways out, `pack` and `parts`.

    Nobody changes one. They are not frozen because two are made a call, which would take twice as long.
    """

    header: ApiHeader = field(default=ApiHeader(), kw_only=True)

    @property
    def room(self) -> int:
        """Bytes that the reply may have beyond the call."""
        return 0

    def body(self, order: ByteOrder) -> list[Buffer]:  # noqa: ARG002 - a header alone has no order
        """What follows the API header, in parts that need not be joined."""
        return []

    def parts(self, order: ByteOrder) -> list[Buffer]:
        """Header and body, with the header's total filled in; a message's data is not copied."""
        body = self.body(order)
        header = self.header.pack(order)
        total = _SEGMENT_HEADER + len(header) + sum(map(len, body)) + self.room
        return [total.to_bytes(4, "big") + header[4:], *body]

    def pack(self, order: ByteOrder) -> bytes:
        """Header and body, in one piece."""
        return b"".join(self.parts(order))


@dataclass(slots=True)
class Plain(Call):
    """MQCMIT, MQBACK, MQDISC and their replies, MQCLOSE's reply, and any refusal without a body."""

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads call or reply; what follows the header is left alone."""
        return cls(header=ApiHeader.unpack(data, order))


@dataclass(frozen=True)
class OpenAttributes(Structure, eyecatcher=b"FOPA", lengths={1: 28}):
    """FOPA: the queue's defaults that a client wants to know, behind MQOPEN's options from FAP level 9 on.

    -1 in a call asks for the queue's own. `put_response` 1 is synchronous, `read_ahead` 0 none.
    """

    version: Int = 1
    own_length: Int = 28
    persistence: Int = -1
    put_response: Int = -1
    read_ahead: Int = 0
    property_control: Int = 0


def descriptor_and_strings(cursor: Cursor) -> tuple[ObjectDescriptor, bytes]:
    """An object descriptor and the strings that follow it, up to a multiple of four bytes."""
    descriptor = cursor.take(ObjectDescriptor)
    length = descriptor.length
    end = length
    if descriptor.version >= 4:
        for each in (
            descriptor.object_string,
            descriptor.selection_string,
            descriptor.resolved_object_string,
        ):
            if each.string_length > 0:
                end = max(end, each.offset + each.string_length)
    return descriptor, bytes(cursor.bytes((end + 3) // 4 * 4 - length))


def string_of(descriptor: ObjectDescriptor, strings: bytes, which: VariableString) -> bytes:
    """The string that `which` (one of `descriptor`'s) tells of, in its own CCSID; empty where it has none."""
    if which.string_length <= 0:
        return b""
    start = which.offset - descriptor.length
    if start < 0 or start + which.string_length > len(strings):
        raise WireError("a string that lies outside its descriptor")
    return strings[start : start + which.string_length]


@dataclass(slots=True)
class Open(Call):
    """MQOPEN, call and reply. `strings` are the bytes behind the descriptor (see `string_of`)."""

    descriptor: ObjectDescriptor
    options: int
    attributes: OpenAttributes | None = None
    strings: bytes = b""

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Descriptor, strings, options, attributes."""
        attributes = self.attributes.pack(order) if self.attributes else b""
        return [self.descriptor.pack(order), self.strings, _integer(order, self.options), attributes]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads call or reply."""
        cursor = Cursor(data, order)
        header = cursor.take(ApiHeader)
        descriptor, strings = descriptor_and_strings(cursor)
        options = cursor.integer()
        attributes = cursor.take(OpenAttributes) if cursor.starts_with(b"FOPA") else None
        return cls(descriptor, options, attributes, strings, header=header)


@dataclass(slots=True)
class Close(Call):
    """MQCLOSE, the call; its reply is `Plain`."""

    options: int = 0

    def body(self, order: ByteOrder) -> list[Buffer]:
        """The options."""
        return [_integer(order, self.options)]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the call."""
        cursor = Cursor(data, order)
        return cls(header=cursor.take(ApiHeader), options=cursor.integer())


@dataclass(slots=True)
class Inquire(Call):
    """MQINQ, the call: which attributes, and room for how many integers and how many characters."""

    selectors: tuple[int, ...] = ()
    integer_count: int = 0
    character_length: int = 0

    @property
    def room(self) -> int:
        """Bytes of the values asked for."""
        return 4 * self.integer_count + self.character_length

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Counts and selectors."""
        counts = (len(self.selectors), self.integer_count, self.character_length)
        return [_integers(order, *counts, *self.selectors)]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the call."""
        cursor = Cursor(data, order)
        header = cursor.take(ApiHeader)
        count, integers, characters = cursor.integers(3)
        if not 0 <= count <= _MAX_SELECTORS:
            raise WireError(f"MQINQ: {count} selectors")
        return cls(cursor.integers(count), integers, characters, header=header)


@dataclass(slots=True)
class Inquired(Call):
    """MQINQ, the reply: the selectors again, the integers, the characters of all the names together."""

    selectors: tuple[int, ...] = ()
    integers: tuple[int, ...] = ()
    characters: bytes = b""

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Counts, selectors, values."""
        counts = (len(self.selectors), len(self.integers), len(self.characters))
        return [_integers(order, *counts, *self.selectors, *self.integers), self.characters]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the reply."""
        cursor = Cursor(data, order)
        header = cursor.take(ApiHeader)
        if not cursor.left:
            return cls(header=header)
        count, integer_count, character_length = cursor.integers(3)
        if not 0 <= count <= _MAX_SELECTORS or not 0 <= integer_count <= _MAX_SELECTORS:
            raise WireError(f"MQINQ: {count} selectors, {integer_count} integers")
        selectors, integers = cursor.integers(count), cursor.integers(integer_count)
        return cls(selectors, integers, bytes(cursor.bytes(character_length)), header=header)


@dataclass(slots=True)
class Set(Call):
    """MQSET, the call: the selectors, then their integers, and all their characters. Its reply is `Plain`."""

    selectors: tuple[int, ...] = ()
    integers: tuple[int, ...] = ()
    characters: bytes = b""

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Counts, selectors, values."""
        counts = (len(self.selectors), len(self.integers), len(self.characters))
        return [_integers(order, *counts, *self.selectors, *self.integers), self.characters]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the call."""
        cursor = Cursor(data, order)
        header = cursor.take(ApiHeader)
        count, integer_count, character_length = cursor.integers(3)
        if not 0 <= count <= _MAX_SELECTORS or not 0 <= integer_count <= _MAX_SELECTORS:
            raise WireError(f"MQSET: {count} selectors, {integer_count} integers")
        selectors, integers = cursor.integers(count), cursor.integers(integer_count)
        return cls(selectors, integers, bytes(cursor.bytes(character_length)), header=header)


@dataclass(slots=True)
class Stat(Call):
    """MQSTAT, call and reply: what became of the puts that were not waited for. `type` is MQSTAT_TYPE_*."""

    type: int
    status: StatusReport

    def body(self, order: ByteOrder) -> list[Buffer]:
        """The type and the structure."""
        return [_integer(order, self.type), self.status.pack(order)]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads call or reply."""
        cursor = Cursor(data, order)
        header = cursor.take(ApiHeader)
        return cls(cursor.integer(), cursor.take(StatusReport), header=header)


@dataclass(slots=True)
class Put(Call):
    """MQPUT, call and reply. `length` is the data's; a reply says it and carries none."""

    descriptor: MessageDescriptor
    options: PutMessageOptions
    length: int = 0
    data: Buffer = field(default=b"", repr=False)

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Descriptor, options, length, data."""
        return [
            self.descriptor.pack(order),
            self.options.pack(order),
            _integer(order, self.length),
            self.data,
        ]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads call or reply; `data` stays a view of what was given."""
        view = memoryview(data)
        described = ApiHeader.longest() + MessageDescriptor.length_of(view[ApiHeader.longest() :], order)
        described += PutMessageOptions.length_of(view[described:], order)
        header, descriptor, options = _described(bytes(view[:described]), order)
        length, content = _length_and_data(Cursor(view[described:], order))
        return cls(descriptor, options, length, content, header=header)


@lru_cache(_CALLS_KEPT)
def _described(put: bytes, order: ByteOrder) -> tuple[ApiHeader, MessageDescriptor, PutMessageOptions]:
    cursor = Cursor(put, order)
    return cursor.take(ApiHeader), cursor.take(MessageDescriptor), cursor.take(PutMessageOptions)


def _length_and_data(cursor: Cursor) -> tuple[int, memoryview]:
    """A message's length and as much of it as follows: in a reply to a put that is nothing."""
    length = cursor.integer()
    return length, cursor.bytes(min(length, cursor.left))


@dataclass(slots=True)
class Put1(Call):
    """MQPUT1, call and reply: MQPUT with the object to open in front."""

    target: ObjectDescriptor
    descriptor: MessageDescriptor
    options: PutMessageOptions
    length: int = 0
    data: Buffer = field(default=b"", repr=False)
    strings: bytes = b""

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Object, descriptor, options, length, data."""
        return [
            self.target.pack(order),
            self.strings,
            self.descriptor.pack(order),
            self.options.pack(order),
            _integer(order, self.length),
            self.data,
        ]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads call or reply; `data` stays a view of what was given."""
        cursor = Cursor(data, order)
        header = cursor.take(ApiHeader)
        target, strings = descriptor_and_strings(cursor)
        descriptor, options = cursor.take(MessageDescriptor), cursor.take(PutMessageOptions)
        length, content = _length_and_data(cursor)
        return cls(target, descriptor, options, length, content, strings, header=header)


@dataclass(slots=True)
class Get(Call):
    """MQGET, the call. `buffer_length` is the most data the client takes, in bytes."""

    descriptor: MessageDescriptor
    options: GetMessageOptions
    buffer_length: int = 0

    @property
    def room(self) -> int:
        """Bytes of the message asked for."""
        return self.buffer_length

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Descriptor, options, buffer length."""
        return [self.descriptor.pack(order), self.options.pack(order), _integer(order, self.buffer_length)]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the call."""
        header, descriptor, options, buffer_length = _asked(bytes(data[:_LONGEST_GET]), order)
        return cls(descriptor, options, buffer_length, header=header)


@lru_cache(_CALLS_KEPT)
def _asked(get: bytes, order: ByteOrder) -> tuple[ApiHeader, MessageDescriptor, GetMessageOptions, int]:
    cursor = Cursor(get, order)
    header = cursor.take(ApiHeader)
    return header, cursor.take(MessageDescriptor), cursor.take(GetMessageOptions), cursor.integer()


_LONGEST_GET = ApiHeader.longest() + MessageDescriptor.longest() + GetMessageOptions.longest() + 4
# Bytes of an MQGET: whatever follows is left alone.


@dataclass(slots=True)
class Got(Call):
    """MQGET, the reply. `length` is the whole message's, `data` as much of it as the buffer takes."""

    descriptor: MessageDescriptor
    options: GetMessageOptions
    length: int = 0
    data: Buffer = field(default=b"", repr=False)

    def body(self, order: ByteOrder) -> list[Buffer]:
        """Descriptor, options, length, data."""
        return [
            self.descriptor.pack(order),
            self.options.pack(order),
            _integer(order, self.length),
            self.data,
        ]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the reply; `data` stays a view of what was given."""
        cursor = Cursor(data, order)
        header = cursor.take(ApiHeader)
        descriptor, options = cursor.take(MessageDescriptor), cursor.take(GetMessageOptions)
        length, content = _length_and_data(cursor)
        return cls(descriptor, options, length, content, header=header)
