"""A local queue: which message comes next, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mock_mq.constants import MatchOption, Reason
from mock_mq.core.definition import QueueDefinition
from mock_mq.core.message import Lane, Message, Status
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer
from mock_mq.wire.structures import GetMessageOptions, MessageDescriptor

MAX_PRIORITY = 9
_PRIORITIES = MAX_PRIORITY + 1
_MATCHES = sum(MatchOption)
_BY_IDS = MatchOption.MSG_ID | MatchOption.CORREL_ID
_PERSISTENT = 1  # MQPER_PERSISTENT
Also = Callable[[Message], bool]
Place = tuple[int, int]
"""A place in a queue: priority, highest first as a negative number, and sequence."""
START: Place = (-_PRIORITIES, -1)


@dataclass(frozen=True, slots=True)
class Match:
    """What a message must have to be got; None for any."""

    message_id: bytes | None = None
    correlation_id: bytes | None = None
    group_id: bytes | None = None
    sequence_number: int | None = None
    offset: int | None = None
    token: bytes | None = None

    @classmethod
    def of(cls, descriptor: MessageDescriptor, asked: GetMessageOptions) -> Match:
        """What MQGET's descriptor and match options (MQMO_*) ask for; ids of zeros match any.

        Raises 2247 for options that are not there.
        """
        options = asked.match_options
        if options & ~_MATCHES:
            raise MQError(Reason.MATCH_OPTIONS_ERROR, f"match options {options:#x}")

        message_id = _id(descriptor.message_id) if options & MatchOption.MSG_ID else None
        correlation_id = _id(descriptor.correlation_id) if options & MatchOption.CORREL_ID else None
        if not options & ~_BY_IDS and message_id is correlation_id is None:
            return _ANY
        return cls(
            message_id,
            correlation_id,
            _id(descriptor.group_id) if options & MatchOption.GROUP_ID else None,
            descriptor.sequence_number if options & MatchOption.MSG_SEQ_NUMBER else None,
            descriptor.offset if options & MatchOption.OFFSET else None,
            asked.message_token if options & MatchOption.MSG_TOKEN else None,
        )

    def __call__(self, message: Message) -> bool:
        """Whether a message is one."""
        descriptor = message.descriptor
        return (
            self.message_id in (None, descriptor.message_id)
            and self.correlation_id in (None, descriptor.correlation_id)
            and self.group_id in (None, descriptor.group_id)
            and self.sequence_number in (None, descriptor.sequence_number)
            and self.offset in (None, descriptor.offset)
            and (self.token is None or self.token == token(message))
        )


_ANY = Match()


def _id(value: bytes) -> bytes | None:
    return value if value.strip(b"\0") else None


class Queue:
    """Messages by priority and then first in first out, found by id without a search.

    `expired` is called with a message that nobody got in its time, before it goes.
    """

    def __init__(
        self,
        definition: QueueDefinition,
        clock: Callable[[], float],
        expired: Callable[[Message], None] = lambda _message: None,
    ) -> None:
        self._definition = definition
        self._expired = expired
        self.deleted = False
        self.last_put: float | None = None
        self.last_get: float | None = None
        self.open_input = 0
        self.open_output = 0
        self.exclusive = False
        self.created = clock()
        self._clock = clock
        self._lanes = tuple(Lane() for _ in range(_PRIORITIES))
        self._depth = 0
        self._expiring = 0
        self._sequence = 0
        self._waiting: dict[int, Callable[[], None]] = {}
        # A queue keeps its first order: messages don't move when MSGDLVSQ is altered.
        self._by_priority = definition.priority_sequence

    @property
    def definition(self) -> QueueDefinition:
        """The queue's attributes as they are now."""
        return self._definition

    @property
    def depth(self) -> int:
        """CURDEPTH: the messages on the queue. Puts and gets count at once, not when they are committed."""
        return self._depth

    @property
    def empty(self) -> bool:
        """Whether no message is left, not even one that a unit of work holds."""
        return next(self.messages(), None) is None

    @property
    def uncommitted(self) -> int:
        """The messages put or got in units of work that have not ended."""
        return sum(each.status is not Status.AVAILABLE for each in self.messages())

    @property
    def oldest_age(self) -> float | None:
        """How many seconds ago the oldest message was put; None for an empty queue."""
        put = min((each.put_at for each in self.messages()), default=None)
        return None if put is None else max(0.0, self._clock() - put)

    def messages(self) -> Iterator[Message]:
        """All messages, uncommitted ones too, in the order of delivery."""
        for lane in reversed(self._lanes):
            yield from lane.all()

    def browse(self) -> Iterator[Message]:
        """The messages that can be got now, in the order of delivery."""
        now = self._clock()
        for each in self.messages():
            if each.status is Status.AVAILABLE and (each.expires is None or each.expires > now):
                yield each

    def alter(self, definition: QueueDefinition) -> None:
        """Gives the queue other attributes; those who wait find out at once."""
        self._definition = definition
        self.wake()

    def clear(self) -> int:
        """Removes all messages and says how many; raises 2055 while units of work hold some."""
        messages = list(self.messages())
        if any(each.status is not Status.AVAILABLE for each in messages):
            raise MQError(Reason.Q_NOT_EMPTY, f"{self._definition.name}: uncommitted messages")
        for message in messages:
            self.remove(message)
        return len(messages)

    def forget_non_persistent(self) -> None:
        """What a restart of the queue manager leaves: units of work have been backed out before."""
        for message in list(self.messages()):
            if message.descriptor.persistence != _PERSISTENT:
                self.remove(message)

    def delete(self) -> None:
        """The queue is no more: whoever waits finds out."""
        self.deleted = True
        self.wake()

    def check_room(self, length: int) -> None:
        """Raises what an MQPUT of `length` bytes is refused with, if it is."""
        if self._definition.put_inhibited:
            raise MQError(Reason.PUT_INHIBITED, self._definition.name)
        if length > self._definition.max_message_length:
            raise MQError(Reason.MSG_TOO_BIG_FOR_Q, self._definition.name)
        if self._depth >= self._definition.max_depth and self._expiring:
            self._remove_expired()
        if self._depth >= self._definition.max_depth:
            raise MQError(Reason.Q_FULL, self._definition.name)

    def put(self, descriptor: MessageDescriptor, data: Buffer, *, committed: bool) -> Message:
        """Adds a message at the end of its priority."""
        self._sequence += 1
        now = self._clock()
        expires = None if descriptor.expiry < 0 else now + descriptor.expiry / 10
        status = Status.AVAILABLE if committed else Status.PUT
        message = Message(descriptor, data, self._sequence, status, put_at=now, expires=expires)
        self._lane(message).append(message)
        self._depth += 1
        self._expiring += expires is not None
        self.last_put = now
        if committed:
            self.wake()
        return message

    def hold(self, message: Message) -> None:
        """Takes a message out of everybody's sight: it was got in a unit of work."""
        message.status = Status.GOT
        self._depth -= 1

    def release(self, message: Message) -> None:
        """Makes a message available: its put was committed, or its get backed out."""
        self._depth += message.status is Status.GOT
        self._lane(message).available(message)
        self.wake()

    def remove(self, message: Message) -> None:
        """Takes a message off for good; its data is gone with it."""
        self._depth -= message.status is not Status.GOT
        self._lane(message).remove(message)
        self._expiring -= message.expires is not None

    def find(self, match: Match, after: Place = START, also: Also | None = None) -> Message | None:
        """The first available message behind `after` that matches, in the order of delivery.

        `also` is what else it must be, if anything.
        Messages on the way that have expired are removed.
        """
        found, expired = self._search(match, after, also)
        for message in expired:
            self._expired(message)
            self.remove(message)
        return found

    def on_arrival(self, key: int, call: Callable[[], None]) -> None:
        """Calls `call` once, when the next message becomes available."""
        self._waiting[key] = call

    def forget(self, key: int) -> None:
        """Takes `on_arrival` back."""
        self._waiting.pop(key, None)

    def _search(self, match: Match, after: Place, also: Also | None) -> tuple[Message | None, list[Message]]:
        expired = []
        priority, sequence = after
        for each in range(max(priority, 1 - _PRIORITIES), 1):
            lane = self._lanes[-each]
            if not lane.left:
                continue
            behind = sequence if each == priority else -1
            for message in lane.available_after(behind, match.message_id, match.correlation_id):
                if message.expires is not None and message.expires <= self._clock():
                    expired.append(message)
                elif (match is _ANY or match(message)) and (also is None or also(message)):
                    return message, expired
        return None, expired

    def place(self, message: Message) -> Place:
        """Where a message stands."""
        return -self._priority(message), message.sequence

    def _lane(self, message: Message) -> Lane:
        return self._lanes[self._priority(message)]

    def _priority(self, message: Message) -> int:
        """What it stands by; its descriptor keeps what its putter said, even where that is too high."""
        return min(message.descriptor.priority, MAX_PRIORITY) if self._by_priority else 0

    def _remove_expired(self) -> None:
        now = self._clock()
        for lane in self._lanes:
            for message in list(lane.available_after(-1, None, None)):
                if message.expires is not None and message.expires <= now:
                    self._expired(message)
                    self.remove(message)

    def wake(self) -> None:
        """Has everybody who waits look again."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        for call in waiting.values():
            call()


def token(message: Message) -> bytes:
    """MsgToken, 16 bytes: no other message of the queue has it. IBM's Java client gets by it after 2080."""
    return message.sequence.to_bytes(16, "big")
