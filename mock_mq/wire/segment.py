"""Segments: the frames of the client protocol. Bytes in, segments out, and the other way round; no I/O.

A segment has a header of 28 bytes (`TSH `, `TSHC`) or 36 (`TSHM`, which names a conversation and a request)
and a body. A body longer than the negotiated transmission size travels in several segments.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from mock_mq.wire.fields import Buffer, ByteOrder, WireError

LARGEST_SEGMENT = 32_768
"""Bytes that a segment may have before a smaller transmission size is agreed."""
MAX_MESSAGE_LENGTH = 104_857_600
"""Bytes of the largest message there is: 100 MB."""
_MARGIN = 65_536  # what a call adds to a message's bytes: headers, descriptors, options, strings

_PLAIN, _CONTROL, _MULTIPLEXED = b"TSH ", b"TSHC", b"TSHM"
_TLS_HANDSHAKE = 0x16
_HEADER = 28
_MULTIPLEXED_HEADER = 36
_HEADERS = {_PLAIN: _HEADER, _CONTROL: _HEADER, _MULTIPLEXED: _MULTIPLEXED_HEADER}
_ENOUGH = 8  # bytes that tell how long a segment is
_ORDERS = {int(order): order for order in ByteOrder}


class SegmentType(IntEnum):
    """What a segment is; the reply to a call is the call + 0x10."""

    INITIAL_DATA = 0x01
    RESYNC_DATA = 0x02
    RESET_DATA = 0x03
    MESSAGE_DATA = 0x04
    STATUS_DATA = 0x05
    SECURITY_DATA = 0x06
    PING_DATA = 0x07
    USERID_DATA = 0x08
    HEARTBEAT = 0x09
    CONAUTH_INFO = 0x0A
    RENEGOTIATE_DATA = 0x0B
    SOCKET_ACTION = 0x0C
    ASYNC_MESSAGE = 0x0D
    REQUEST_MSGS = 0x0E
    NOTIFICATION = 0x0F
    MQCONN = 0x81
    MQDISC = 0x82
    MQOPEN = 0x83
    MQCLOSE = 0x84
    MQGET = 0x85
    MQPUT = 0x86
    MQPUT1 = 0x87
    MQSET = 0x88
    MQINQ = 0x89
    MQCMIT = 0x8A
    MQBACK = 0x8B
    SPI = 0x8C
    MQSTAT = 0x8D
    MQSUB = 0x8E
    MQSUBRQ = 0x8F


REPLY = 0x10
"""What a reply adds to the type of its call."""


class Control:
    """The bits of a segment's first control byte."""

    CONFIRM = 0x01
    ERROR = 0x02
    CLOSE_REQUESTED = 0x04
    CLOSE = 0x08
    FIRST = 0x10
    LAST = 0x20
    WHOLE = FIRST | LAST


@dataclass(slots=True)
class Segment:
    """A segment, or several of them joined: type, control bits, byte order, and the body, never printed.

    `conversation` and `request` are None but for `TSHM`; `for_socket` marks a `TSHC`. Nobody changes one:
    it is not frozen because each call makes two, which would take three times as long.
    """

    type: int
    body: Buffer = field(repr=False)
    order: ByteOrder
    control: int = Control.WHOLE
    encoding: int = 273
    ccsid: int = 819
    conversation: int | None = None
    request: int | None = None
    for_socket: bool = False

    @property
    def name(self) -> str:
        """The type's name, for a log: `MQPUT`, `MQPUT_REPLY`, or `0x42` where it has none."""
        known = SegmentType._value2member_map_
        if self.type in known:
            return SegmentType(self.type).name
        if self.type & 0x90 == 0x90 and self.type - REPLY in known:
            return SegmentType(self.type - REPLY).name + "_REPLY"
        return f"0x{self.type:02X}"

    def pack(self) -> bytes:
        """The segment as it travels; its body must fit one."""
        return b"".join((_header(self, len(self.body), self.control), self.body))

    def split(self, size: int) -> Iterator[bytes]:
        """The segment as it travels, in as many as it takes for none to be longer than `size` bytes."""
        return split(self, (self.body,), size)


_START = struct.Struct(">4sI")
_MULTIPLEXED_START = struct.Struct(">4sIII")
_REST = {order: struct.Struct(order.prefix + "BBBx8xIH2x") for order in ByteOrder}
"""What every header ends in: byte order, type, control, encoding, CCSID, and what is reserved."""
_REST_LENGTH = 20


def _header(segment: Segment, length: int, control: int) -> bytes:
    if segment.conversation is None:
        start = _START.pack(_CONTROL if segment.for_socket else _PLAIN, length + _HEADER)
    else:
        start = _MULTIPLEXED_START.pack(
            _MULTIPLEXED, length + _MULTIPLEXED_HEADER, segment.conversation, segment.request or 0
        )
    return start + _REST[segment.order].pack(
        segment.order, segment.type, control, segment.encoding, segment.ccsid
    )


def overhead(segment: Segment) -> int:
    """Bytes that the segment's header takes."""
    return _HEADER if segment.conversation is None else _MULTIPLEXED_HEADER


def split(segment: Segment, parts: Sequence[Buffer], size: int) -> Iterator[bytes]:
    """A body given in parts, as segments of at most `size` bytes each, headed as `segment` is.

    The parts are copied once, into the segments. `segment`'s own body is not looked at.
    """
    return map(b"".join, frames(segment, parts, size))


def frames(segment: Segment, parts: Sequence[Buffer], size: int) -> Iterator[list[Buffer]]:
    """The same before anything is copied: each segment as the pieces that it is to be joined from."""
    room = size - overhead(segment)
    if room < 1:
        raise WireError(f"a transmission size of {size} bytes leaves no room for a body")
    total = sum(map(len, parts))
    other = segment.control & ~Control.WHOLE
    if total <= room:
        return iter([[_header(segment, total, other | Control.WHOLE), *parts]])
    return _several(segment, parts, total, room)


def _several(segment: Segment, parts: Sequence[Buffer], total: int, room: int) -> Iterator[list[Buffer]]:
    other = segment.control & ~Control.WHOLE
    middle = _header(segment, room, other)
    left = total
    for chunk in _chunks(parts, room):
        if left == total:
            header = _header(segment, room, other | Control.FIRST)
        elif left <= room:
            header = _header(segment, left, other | Control.LAST)
        else:
            header = middle
        left -= room
        yield [header, *chunk]


def _chunks(parts: Sequence[Buffer], room: int) -> Iterator[list[memoryview]]:
    chunk: list[memoryview] = []
    free = room
    for part in parts:
        view = memoryview(part)
        at = 0
        while at < len(view):
            piece = view[at : at + free]
            chunk.append(piece)
            at += len(piece)
            free -= len(piece)
            if free == 0:
                yield chunk
                chunk, free = [], room
    if chunk:
        yield chunk


class SegmentReader:
    """Cuts a stream of bytes into segments. Holds what it was fed and not more, however long a peer claims.

    `largest` is the longest segment that is let in, header included; lower it to what was agreed.
    """

    def __init__(self, largest: int = LARGEST_SEGMENT) -> None:
        self.largest = largest
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes fed that do not make a segment yet."""
        return len(self._buffer)

    def feed(self, data: Buffer) -> list[Segment]:
        """The segments that `data` completes; raises `WireError` as soon as a header can't be one.

        A part's body is a view of `data` and lasts as long: `Joiner` copies it, once.
        """
        segments: list[Segment] = []
        at = 0
        while self._buffer and at < len(data):
            # No more than it takes: what follows is cut where it lies.
            wanted = self._length(self._buffer, 0) or _ENOUGH
            taken = data[at : at + wanted - len(self._buffer)]
            self._buffer += taken
            at += len(taken)
            if len(self._buffer) == self._length(self._buffer, 0):
                segments.append(_segment(memoryview(self._buffer), 0, len(self._buffer)))
                self._buffer = bytearray()
        view = memoryview(data)
        while (length := self._length(view, at)) and at + length <= len(view):
            segments.append(_segment(view, at, length))
            at += length
        self._buffer += view[at:]
        return segments

    def _length(self, data: Buffer, at: int) -> int:
        """The length of the segment that begins there; 0 where not enough has come to tell."""
        if at == len(data):
            return 0
        if len(data) - at < _ENOUGH:
            start = bytes(data[at : at + 4])
            if not any(known.startswith(start) for known in _HEADERS):
                raise _stranger(start)
            return 0
        name, length = _START.unpack_from(data, at)
        head = _HEADERS.get(name)
        if head is None:
            raise _stranger(name)
        if not head <= length <= self.largest:
            raise WireError(f"a segment of {length} bytes, where {head} to {self.largest} are possible")
        return int(length)


def _stranger(start: bytes) -> WireError:
    hint = ", as TLS does: this port speaks plain MQ" if start[0] == _TLS_HANDSHAKE else ""
    return WireError(f"not a segment of the MQ protocol: it starts with {start!r}{hint}")


def _segment(data: memoryview, at: int, length: int) -> Segment:
    """What the segment there says; the body of a whole one is copied."""
    name, _, conversation, request = _MULTIPLEXED_START.unpack_from(data, at)
    head = at + _HEADERS[name]
    end = head - _REST_LENGTH
    order = _ORDERS.get(data[end])
    if order is None:
        raise WireError(f"a byte order of {data[end]}, where 1 and 2 are possible")
    _, kind, control, encoding, ccsid = _REST[order].unpack_from(data, end)
    body: Buffer = data[head : at + length]
    if control & Control.WHOLE == Control.WHOLE:
        body = bytes(body)
    if name == _MULTIPLEXED:
        return Segment(kind, body, order, control, encoding, ccsid, conversation, request)
    return Segment(kind, body, order, control, encoding, ccsid, for_socket=name == _CONTROL)


class Joiner:
    """Joins bodies that came in several segments; bounded by the longest message and what a call adds."""

    def __init__(self, longest_message: int = MAX_MESSAGE_LENGTH) -> None:
        self._limit = longest_message + _MARGIN
        self._first: Segment | None = None
        self._body = bytearray()

    def add(self, segment: Segment) -> Segment | None:
        """The segment with its whole body once its last part is there. Whole ones pass in between."""
        place = segment.control & Control.WHOLE
        if place == Control.WHOLE:
            return segment
        if (place == Control.FIRST) != (self._first is None):
            raise WireError(f"{segment.name}: a part of a body out of its place")
        if self._first is None:
            self._first = segment
        elif segment.type != self._first.type:
            raise WireError(f"{segment.name}: a part in the middle of {self._first.name}")
        if len(self._body) + len(segment.body) > self._limit:
            raise WireError(f"{segment.name}: a body of more than {self._limit} bytes")
        self._body += segment.body
        if place != Control.LAST:
            return None
        whole = replace(self._first, body=self._body, control=self._first.control | Control.LAST)
        self._first, self._body = None, bytearray()
        return whole
