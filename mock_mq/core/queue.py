"""A local queue: which message comes next, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mock_mq.constants import MatchOption, Reason
from mock_mq.core.definition import QueueDefinition
from mock_mq.core.message import Lane, Message, Status
from mock_mq.errors import MQError
from mock_mq.wire.structures import MessageDescriptor

_PRIORITIES = 10
Place = tuple[int, int]
"""A place in a queue: priority, highest first as a negative number, and sequence."""
START: Place = (-_PRIORITIES, -1)


@dataclass(frozen=True, slots=True)
class Match:
    """The ids a message must have to be got; None for any."""

    message_id: bytes | None = None
    correlation_id: bytes | None = None
    group_id: bytes | None = None

    @classmethod
    def of(cls, descriptor: MessageDescriptor, options: int) -> Match:
        """What MQGET's descriptor and match options (MQMO_*) ask for; ids of zeros match any."""

        def wanted(value: bytes, option: MatchOption) -> bytes | None:
            return value if options & option and any(value) else None

        return cls(
            wanted(descriptor.message_id, MatchOption.MSG_ID),
            wanted(descriptor.correlation_id, MatchOption.CORREL_ID),
            wanted(descriptor.group_id, MatchOption.GROUP_ID),
        )

    def __call__(self, descriptor: MessageDescriptor) -> bool:
        """Whether a message with this descriptor is one."""
        return (
            self.message_id in (None, descriptor.message_id)
            and self.correlation_id in (None, descriptor.correlation_id)
            and self.group_id in (None, descriptor.group_id)
        )


class Queue:
    """Messages by priority and then first in first out, found by id without a search."""

    def __init__(self, definition: QueueDefinition, clock: Callable[[], float]) -> None:
        self.definition = definition
        self.open_input = 0
        self.open_output = 0
        self.exclusive = False
        self._clock = clock
        self._lanes = tuple(Lane() for _ in range(_PRIORITIES))
        self._by_message_id: dict[bytes, dict[int, Message]] = {}
        self._by_correlation_id: dict[bytes, dict[int, Message]] = {}
        self._depth = 0
        self._sequence = 0
        self._waiting: dict[int, Callable[[], None]] = {}

    @property
    def depth(self) -> int:
        """CURDEPTH: the messages on the queue, uncommitted ones included."""
        return self._depth

    def check_room(self, length: int) -> None:
        """Raises what an MQPUT of `length` bytes is refused with, if it is."""
        if self.definition.put_inhibited:
            raise MQError(Reason.PUT_INHIBITED, self.definition.name)
        if length > self.definition.max_message_length:
            raise MQError(Reason.MSG_TOO_BIG_FOR_Q, self.definition.name)
        if self._depth >= self.definition.max_depth:
            self._sweep_expired()
        if self._depth >= self.definition.max_depth:
            raise MQError(Reason.Q_FULL, self.definition.name)

    def put(self, descriptor: MessageDescriptor, data: bytes, *, committed: bool) -> Message:
        """Adds a message at the end of its priority."""
        self._sequence += 1
        expires = None if descriptor.expiry < 0 else self._clock() + descriptor.expiry / 10
        status = Status.AVAILABLE if committed else Status.PUT
        message = Message(descriptor, data, self._sequence, status, expires)
        self._lanes[descriptor.priority].append(message)
        self._by_message_id.setdefault(descriptor.message_id, {})[message.sequence] = message
        if any(descriptor.correlation_id):
            self._by_correlation_id.setdefault(descriptor.correlation_id, {})[message.sequence] = message
        self._depth += 1
        if committed:
            self._arrived()
        return message

    def release(self, message: Message) -> None:
        """Makes a message available: its put was committed, or its get backed out."""
        message.status = Status.AVAILABLE
        self._arrived()

    def remove(self, message: Message) -> None:
        """Takes a message off for good."""
        message.status = Status.GONE
        descriptor = message.descriptor
        self._lanes[descriptor.priority].sweep()
        for index, key in (
            (self._by_message_id, descriptor.message_id),
            (self._by_correlation_id, descriptor.correlation_id),
        ):
            if (same := index.get(key)) is not None:
                same.pop(message.sequence, None)
                if not same:
                    del index[key]
        self._depth -= 1

    def find(self, match: Match, after: Place = START) -> Message | None:
        """The first available message behind `after` that matches, in the order of delivery."""
        for message in self._candidates(match, after):
            if message.status is not Status.AVAILABLE or not match(message.descriptor):
                continue
            if message.expires is not None and message.expires <= self._clock():
                self.remove(message)
                continue
            return message
        return None

    def on_arrival(self, key: int, call: Callable[[], None]) -> None:
        """Calls `call` once, when the next message becomes available."""
        self._waiting[key] = call

    def forget(self, key: int) -> None:
        """Takes `on_arrival` back."""
        self._waiting.pop(key, None)

    def _candidates(self, match: Match, after: Place) -> Iterator[Message]:
        if match.message_id is not None:
            same = self._by_message_id.get(match.message_id, {})
        elif match.correlation_id is not None:
            same = self._by_correlation_id.get(match.correlation_id, {})
        else:
            yield from self._in_order(after)
            return
        yield from sorted((each for each in same.values() if place(each) > after), key=place)

    def _in_order(self, after: Place) -> Iterator[Message]:
        priority, sequence = after
        for each in range(max(priority, 1 - _PRIORITIES), 1):
            yield from self._lanes[-each].after(sequence if each == priority else -1)

    def _sweep_expired(self) -> None:
        now = self._clock()
        for message in list(self._in_order(START)):
            if message.status is Status.AVAILABLE and message.expires is not None and message.expires <= now:
                self.remove(message)

    def _arrived(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for call in waiting.values():
            call()


def place(message: Message) -> Place:
    """Where a message stands in its queue."""
    return -message.descriptor.priority, message.sequence
