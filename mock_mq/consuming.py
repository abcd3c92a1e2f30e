"""Who waits for messages on a shared conversation: one request a handle, answered when there is something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from mock_mq.constants import GetOption, Reason
from mock_mq.core import Connection, Got
from mock_mq.errors import MQError
from mock_mq.wire.consuming import (
    FAILED,
    NO_MESSAGE,
    STANDING,
    AsyncMessage,
    Notification,
    RequestMessages,
    Selection,
)
from mock_mq.wire.segment import Segment
from mock_mq.wire.structures import GetMessageOptions, MessageDescriptor

_UNLIMITED = -1
_BROWSES = GetOption.BROWSE_FIRST | GetOption.BROWSE_NEXT | GetOption.BROWSE_MSG_UNDER_CURSOR
_BROWSING = GetOption.BROWSE_FIRST | GetOption.BROWSE_NEXT


@dataclass(slots=True)
class _Waiting:
    """A request that is not answered yet; `until` is None where it waits for ever."""

    segment: Segment
    asked: RequestMessages
    until: float | None
    sent: int = 0


@dataclass(slots=True)
class _Consumer:
    """What is kept of a handle between its requests."""

    selection: Selection = field(default_factory=lambda: Selection(0, MessageDescriptor(), 0))
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is told, with the segment that asked; and whether that is all it is told."""

    asked: Segment
    told: AsyncMessage | Notification
    over: bool


class Consumers:
    """The requests of one connection. `wake` is called once a request is worth another try."""

    def __init__(self, connection: Connection, *, max_message: int, wake: Callable[[], None]) -> None:
        self._connection = connection
        self._max_message = max_message
        self._wake = wake
        self._consumers: dict[int, _Consumer] = {}
        self._waiting: dict[int, _Waiting] = {}

    @property
    def waiting(self) -> bool:
        """Whether any request has no answer yet."""
        return bool(self._waiting)

    @property
    def due(self) -> float | None:
        """When the first wait ends."""
        return min((each.until for each in self._waiting.values() if each.until is not None), default=None)

    def request(self, segment: Segment, now: float) -> None:
        """Takes a REQUEST_MSGS, in place of the handle's last one. Raises `WireError`."""
        asked = RequestMessages.unpack(segment.body, segment.order)
        consumer = self._consumers.setdefault(asked.handle, _Consumer())
        if asked.selection is not None:
            consumer.selection = asked.selection
        until: float | None = now
        if asked.flags & STANDING:
            until = None
        elif asked.get_options & GetOption.WAIT:
            until = None if asked.wait_interval == _UNLIMITED else now + asked.wait_interval / 1000
        self._waiting[asked.handle] = _Waiting(replace(segment, body=b""), asked, until)

    def answers(self, now: float) -> Iterator[Answer]:
        """What can be answered now."""
        for handle in list(self._waiting):
            while (waiting := self._waiting.get(handle)) is not None:
                told = self._answer(waiting, now)
                if told is None:
                    break
                yield Answer(waiting.segment, told, over=handle not in self._waiting)

    def close(self, handle: int) -> None:
        """The handle is closed: its request goes with it."""
        self._consumers.pop(handle, None)
        self._waiting.pop(handle, None)

    def end(self, reason: Reason) -> Iterator[Answer]:
        """Ends every wait with a reason."""
        for handle, waiting in list(self._waiting.items()):
            del self._waiting[handle]
            if not waiting.asked.flags & STANDING:
                yield Answer(waiting.segment, refusal_of(handle, reason), over=True)

    def _answer(self, waiting: _Waiting, now: float) -> AsyncMessage | Notification | None:
        asked = waiting.asked
        consumer = self._consumers[asked.handle]
        try:
            got = self._get(asked, consumer.selection, first=not waiting.sent)
        except MQError as e:
            if self._goes_on_waiting(waiting, e.reason, now):
                self._connection.on_arrival(asked.handle, self._wake)
                return None
            del self._waiting[asked.handle]
            return refusal_of(asked.handle, e.reason)
        consumer.messages += 1
        waiting.sent += len(got.data)
        if waiting.sent >= asked.requested_bytes or got.reason is Reason.TRUNCATED_MSG_FAILED or not got.data:
            del self._waiting[asked.handle]
        elif asked.get_options & _BROWSES and not asked.get_options & GetOption.BROWSE_NEXT:
            del self._waiting[asked.handle]  # the same one would come for ever
        return AsyncMessage(
            asked.handle,
            consumer.messages,
            asked.global_index,
            consumer.selection.index,
            got.descriptor.but(version=consumer.selection.descriptor.version),
            got.queue,
            got.length,
            got.token,
            got.reason,
            got.data,
            got.group_status,
        )

    def _goes_on_waiting(self, waiting: _Waiting, reason: Reason, now: float) -> bool:
        if reason is Reason.GET_INHIBITED:
            # A listener hears no more until gets are allowed again.
            return bool(waiting.asked.flags & STANDING)
        return reason is Reason.NO_MSG_AVAILABLE and (waiting.until is None or now < waiting.until)

    def _get(self, asked: RequestMessages, selection: Selection, *, first: bool) -> Got:
        wanted = asked.get_options & ~GetOption.WAIT
        if wanted & _BROWSING == _BROWSING:  # the first one, and then the next ones
            wanted &= ~(GetOption.BROWSE_NEXT if first else GetOption.BROWSE_FIRST)
        options = GetMessageOptions(
            version=4,
            options=wanted,
            match_options=selection.match_options,
            message_token=selection.token,
        )
        room = self._max_message if asked.max_message_length < 0 else asked.max_message_length
        return self._connection.get(asked.handle, selection.descriptor, options, room)


def refusal_of(handle: int, reason: Reason) -> Notification:
    """What tells that a request is over: there was nothing, or it is refused."""
    code = NO_MESSAGE if reason is Reason.NO_MSG_AVAILABLE else FAILED
    return Notification(handle=handle, code=code, value=reason)
