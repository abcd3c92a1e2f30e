"""A message on a queue, and the messages of one priority in the order they stand in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from operator import attrgetter

from mock_mq.wire.fields import Buffer
from mock_mq.wire.structures import MessageDescriptor

_COMPACT_FROM = 64
_sequence = attrgetter("sequence")


class Status(Enum):
    """Where a message stands with the units of work that touch it."""

    AVAILABLE = auto()
    PUT = auto()
    """Put under syncpoint, not committed: seen by nobody."""
    GOT = auto()
    """Got under syncpoint, not committed: seen by nobody, back at its place when backed out."""
    GONE = auto()


class Message:
    """A message on a queue. `sequence` is its place; `expires` is a time of the clock, or None.

    `locked_by` is the handle that browsed it with a lock, `marked_until` when the mark ends that browsers who
    cooperate have set on it.
    """

    __slots__ = (
        "backout_count",
        "data",
        "descriptor",
        "expires",
        "locked_by",
        "marked_until",
        "put_at",
        "sequence",
        "status",
    )

    def __init__(
        self,
        descriptor: MessageDescriptor,
        data: Buffer,
        sequence: int,
        status: Status,
        *,
        put_at: float,
        expires: float | None,
    ) -> None:
        self.descriptor = descriptor
        self.data = data
        self.sequence = sequence
        self.status = status
        self.expires = expires
        self.put_at = put_at
        self.backout_count = 0
        self.locked_by: object | None = None
        self.marked_until = 0.0


class Lane:
    """The messages of one priority, first in first out, and by their ids.

    Those that are gone are swept out now and then; their data is not kept meanwhile.
    """

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._first = 0  # none before it is available
        self.left = 0
        """The messages that are not gone."""
        self._by_message_id: dict[bytes, dict[int, Message]] = {}
        self._by_correlation_id: dict[bytes, dict[int, Message]] = {}

    def append(self, message: Message) -> None:
        """Adds a message, whose sequence is the highest yet."""
        self._messages.append(message)
        self.left += 1
        for index, key in self._indexes(message):
            index.setdefault(key, {})[message.sequence] = message

    def all(self) -> list[Message]:
        """The messages that are not gone, first in first out."""
        return [each for each in self._messages if each.status is not Status.GONE]

    def available(self, message: Message) -> None:
        """Makes a message of this lane available."""
        message.status = Status.AVAILABLE
        self._first = min(self._first, bisect_left(self._messages, message.sequence, key=_sequence))

    def remove(self, message: Message) -> None:
        """Takes a message out for good."""
        message.status = Status.GONE
        message.data = b""
        for index, key in self._indexes(message):
            same = index[key]
            del same[message.sequence]
            if not same:
                del index[key]
        self.left -= 1
        gone = len(self._messages) - self.left
        if gone >= _COMPACT_FROM and gone >= self.left:
            self._messages = self.all()
            self._first = 0

    def available_after(
        self, sequence: int, message_id: bytes | None, correlation_id: bytes | None
    ) -> Iterator[Message]:
        """The available messages behind that place, with that id if one is given (the MsgId's are fewest).

        No message may be removed while this is used.
        """
        if message_id is not None:
            same = self._by_message_id.get(message_id, {})
        elif correlation_id is not None:
            same = self._by_correlation_id.get(correlation_id, {})
        else:
            return self._available_in_order(sequence)
        return (
            each for each in same.values() if each.sequence > sequence and each.status is Status.AVAILABLE
        )

    def _available_in_order(self, sequence: int) -> Iterator[Message]:
        messages = self._messages
        while self._first < len(messages) and messages[self._first].status is not Status.AVAILABLE:
            self._first += 1
        start = self._first
        if start < len(messages) and messages[start].sequence <= sequence:
            start = bisect_right(messages, sequence, lo=start, key=_sequence)
        for position in range(start, len(messages)):
            if messages[position].status is Status.AVAILABLE:
                yield messages[position]

    def _indexes(self, message: Message) -> Sequence[tuple[dict[bytes, dict[int, Message]], bytes]]:
        descriptor = message.descriptor
        by_message_id = self._by_message_id, descriptor.message_id
        if descriptor.correlation_id.strip(b"\0"):
            return by_message_id, (self._by_correlation_id, descriptor.correlation_id)
        return (by_message_id,)
