"""Gets over a shared conversation: REQUEST_MSGS asks, ASYNC_MESSAGE brings, NOTIFICATION says that none came.

A message that is longer than a segment comes in several, each with the head of its own that tells which one
it is; only the first has what concerns the message as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Self

from mock_mq.constants import MatchOption
from mock_mq.wire.calls import Cursor
from mock_mq.wire.fields import Buffer, ByteOrder, Int, Raw, Short, Structure, WireError
from mock_mq.wire.segment import Control, Segment, overhead
from mock_mq.wire.structures import MessageDescriptor

CONNECTION_STATE, CONNECTION_STATE_REPLY = 3, 4
"""NOTIFICATIONs: consumers are started or stopped, which the client may want confirmed."""
FAILED, NO_MESSAGE = 14, 15
"""A request is refused with the value as its reason, which is told where messages come; and it is over."""
STANDING = 0x1
"""In a request's flags: it holds until a message comes, as a message listener's does."""
_HAS_SELECTION = 0x10


@dataclass(frozen=True)
class _Request(Structure):
    version: Int = 1
    handle: Int = 0
    received_bytes: Int = 0
    requested_bytes: Int = 1
    max_message_length: Int = -1
    get_options: Int = 0
    wait_interval: Int = 0
    queue_status: Int = 0
    flags: Int = 0
    global_index: Int = 0


@dataclass(frozen=True)
class _SelectionHead(Structure):
    index: Short = 0
    descriptor_version: Short = 2
    ccsid: Int = 0
    encoding: Int = 273
    sequence_number: Int = 1
    offset: Int = 0
    match_options: Int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages a handle asks for, and how their descriptors and data are wanted.

    `index` is repeated in what is sent for it. `descriptor` has the ids, numbers, CCSID and encoding.
    """

    index: int
    descriptor: MessageDescriptor
    match_options: int
    token: bytes = bytes(16)

    @classmethod
    def take(cls, cursor: Cursor) -> Self:
        """Reads the block behind a request's own fields."""
        head = cursor.take(_SelectionHead)
        if head.descriptor_version not in MessageDescriptor.LENGTHS:
            raise WireError(f"REQUEST_MSGS: an MQMD of version {head.descriptor_version}")

        def wanted(option: MatchOption, width: int) -> bytes:
            return bytes(cursor.bytes(width)) if head.match_options & option else bytes(width)

        descriptor = MessageDescriptor(
            version=head.descriptor_version,
            ccsid=head.ccsid,
            encoding=head.encoding,
            sequence_number=head.sequence_number,
            offset=head.offset,
            message_id=wanted(MatchOption.MSG_ID, 24),
            correlation_id=wanted(MatchOption.CORREL_ID, 24),
            group_id=wanted(MatchOption.GROUP_ID, 24),
        )
        return cls(head.index, descriptor, head.match_options, wanted(MatchOption.MSG_TOKEN, 16))

    def pack(self, order: ByteOrder) -> bytes:
        """The block, as a client sends it."""
        asked = self.descriptor
        head = _SelectionHead(
            self.index,
            asked.version,
            asked.ccsid,
            asked.encoding,
            asked.sequence_number,
            asked.offset,
            self.match_options,
        )
        ids = (
            (MatchOption.MSG_ID, asked.message_id),
            (MatchOption.CORREL_ID, asked.correlation_id),
            (MatchOption.GROUP_ID, asked.group_id),
            (MatchOption.MSG_TOKEN, self.token),
        )
        return head.pack(order) + b"".join(value for option, value in ids if self.match_options & option)


@dataclass(frozen=True, slots=True)
class RequestMessages:
    """REQUEST_MSGS. `wait_interval` is in milliseconds, -1 for ever; lengths are in bytes, -1 for any.

    Without a `selection` the handle's last one holds.
    """

    handle: int
    get_options: int
    wait_interval: int = 0
    max_message_length: int = -1
    requested_bytes: int = 1
    flags: int = 0
    global_index: int = 0
    selection: Selection | None = None

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the body."""
        cursor = Cursor(data, order)
        head = cursor.take(_Request)
        return cls(
            head.handle,
            head.get_options,
            head.wait_interval,
            head.max_message_length,
            head.requested_bytes,
            head.flags,
            head.global_index,
            Selection.take(cursor) if head.flags & _HAS_SELECTION else None,
        )

    def pack(self, order: ByteOrder) -> bytes:
        """The body, as a client sends it."""
        flags = self.flags | (_HAS_SELECTION if self.selection else 0)
        head = _Request(
            handle=self.handle,
            requested_bytes=self.requested_bytes,
            max_message_length=self.max_message_length,
            get_options=self.get_options,
            wait_interval=self.wait_interval,
            flags=flags,
            global_index=self.global_index,
        )
        return head.pack(order) + (self.selection.pack(order) if self.selection else b"")


@dataclass(frozen=True)
class Notification(Structure):
    """NOTIFICATION: an event of a handle; `value` is a reason."""

    version: Int = 1
    handle: Int = 0
    code: Int = NO_MESSAGE
    value: Int = 0


@dataclass(frozen=True)
class _PartHead(Structure):
    version: Int = 1
    handle: Int = 0
    message_index: Int = 0
    global_index: Int = 0
    part_length: Int = 0
    part_index: Short = 0
    selection_index: Short = 0


_GROUP_STATUS = {"G": 0x10, "L": 0x20}  # MQGS_*


@dataclass(frozen=True)
class _MessageHead(Structure):
    reason: Int = 0
    message_length: Int = 0
    total_length: Int = 0
    token: Annotated[bytes, Raw(16)] = bytes(16)
    status: Short = 0


@dataclass(frozen=True, slots=True)
class AsyncMessage:
    """ASYNC_MESSAGE: a message for a handle. `data` is as much of its `total_length` bytes as was asked for.

    `reason` is 0, or a warning (2079, 2080, 2119, ...). `message_index` counts a handle's messages,
    `group_status` is MQGMO's.
    """

    handle: int
    message_index: int
    global_index: int
    selection_index: int
    descriptor: MessageDescriptor
    queue: str
    total_length: int
    token: bytes = bytes(16)
    reason: int = 0
    data: Buffer = field(default=b"", repr=False)
    group_status: str = " "

    def frames(self, segment: Segment, size: int) -> Iterator[bytes]:
        """The message in segments of at most `size` bytes, headed as `segment` is."""
        order = segment.order
        rest = [memoryview(self.data)]
        left = len(self.data)
        intro = self._intro(order) + self.descriptor.pack(order)
        part = 0
        while part == 0 or left:
            room = size - overhead(segment) - _PartHead.longest() - (len(intro) if part == 0 else 0)
            pieces = _taken(rest, room)
            length = sum(len(each) for each in pieces)
            left -= length
            head = _PartHead(
                handle=self.handle,
                message_index=self.message_index,
                global_index=self.global_index,
                part_length=length,
                part_index=part,
                selection_index=self.selection_index,
            )
            control = (Control.FIRST if part == 0 else 0) | (0 if left else Control.LAST)
            front = [head.pack(order), intro] if part == 0 else [head.pack(order)]
            yield replace(segment, body=b"".join((*front, *pieces)), control=control).pack()
            part += 1

    def _intro(self, order: ByteOrder) -> bytes:
        status = _GROUP_STATUS.get(self.group_status, 0)
        head = _MessageHead(self.reason, len(self.data), self.total_length, self.token, status)
        name = self.queue.encode("latin-1", "replace")
        packed = head.pack(order) + bytes((len(name),)) + name
        # Counted from the version on, behind which the descriptor starts at a multiple of four.
        return packed + bytes(-len(packed) % 4)


def _taken(rest: list[memoryview], room: int) -> list[memoryview]:
    """Takes up to `room` bytes from the front of `rest`."""
    taken = []
    while room > 0 and rest:
        piece = rest[0][:room]
        taken.append(piece)
        room -= len(piece)
        rest[0] = rest[0][len(piece) :]
        if not rest[0]:
            del rest[0]
    return taken
