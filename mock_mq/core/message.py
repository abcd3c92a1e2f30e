"""A message on a queue, and the order messages of one priority stand in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from enum import Enum, auto

from mock_mq.wire.structures import MessageDescriptor

_COMPACT_FROM = 64


class Status(Enum):
    """Where a message stands with the units of work that touch it."""

    AVAILABLE = auto()
    PUT = auto()
    """Put under syncpoint, not committed: seen by nobody."""
    GOT = auto()
    """Got under syncpoint, not committed: seen by nobody, back at its place when backed out."""
    GONE = auto()


class Message:
    """A message on a queue. `sequence` is its place; `expires` is a time of the clock, or None."""

    __slots__ = ("backout_count", "data", "descriptor", "expires", "sequence", "status")

    def __init__(
        self, descriptor: MessageDescriptor, data: bytes, sequence: int, status: Status, expires: float | None
    ) -> None:
        self.descriptor = descriptor
        self.data = data
        self.sequence = sequence
        self.status = status
        self.expires = expires
        self.backout_count = 0


class Lane:
    """The messages of one priority, first in first out. Those that are gone are swept out now and then."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._head = 0  # all before it are gone
        self._gone = 0

    def append(self, message: Message) -> None:
        """Adds a message, whose sequence is the highest yet."""
        self._messages.append(message)

    def after(self, sequence: int) -> Iterator[Message]:
        """The messages behind that place that are not gone; the queue may change meanwhile."""
        messages = self._messages
        start = self._head
        if sequence >= 0:
            start = bisect_right(messages, sequence, lo=start, key=lambda message: message.sequence)
        for position in range(start, len(messages)):
            if messages[position].status is not Status.GONE:
                yield messages[position]

    def sweep(self) -> None:
        """Takes note that one of the messages is gone now."""
        self._gone += 1
        messages = self._messages
        while self._head < len(messages) and messages[self._head].status is Status.GONE:
            self._head += 1
        if self._gone >= _COMPACT_FROM and self._gone * 2 >= len(messages):
            # A new list: somebody may be walking along the old one.
            self._messages = [each for each in messages if each.status is not Status.GONE]
            self._head = self._gone = 0
