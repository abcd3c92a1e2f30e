"""A connection and the MQI's calls on it. Each refusal is the reason that MQ's documentation gives for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mock_mq.constants import (
    CompletionCode,
    GetOption,
    ObjectType,
    OpenOption,
    PutOption,
    Reason,
)
from mock_mq.core import context
from mock_mq.core.attributes import Attributes, inquire, of_queue
from mock_mq.core.context import Putter
from mock_mq.core.definition import Right
from mock_mq.core.message import Message
from mock_mq.core.queue import START, Match, Place, Queue, place, token
from mock_mq.core.unit_of_work import UnitOfWork
from mock_mq.errors import MQError
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

if TYPE_CHECKING:
    from mock_mq.core.queue_manager import QueueManager

_INPUT = OpenOption.INPUT_AS_Q_DEF | OpenOption.INPUT_SHARED | OpenOption.INPUT_EXCLUSIVE
_USES = _INPUT | OpenOption.BROWSE | OpenOption.OUTPUT | OpenOption.INQUIRE | OpenOption.SET
_NOT_FOR_QUEUE_MANAGER = _INPUT | OpenOption.BROWSE | OpenOption.OUTPUT
_BROWSE = GetOption.BROWSE_FIRST | GetOption.BROWSE_NEXT | GetOption.BROWSE_MSG_UNDER_CURSOR
_NOT_HERE = (
    GetOption.SET_SIGNAL
    | GetOption.MARK_SKIP_BACKOUT
    | GetOption.LOCK
    | GetOption.UNLOCK
    | GetOption.LOGICAL_ORDER
    | GetOption.MARK_BROWSE_HANDLE
    | GetOption.MARK_BROWSE_CO_OP
    | GetOption.UNMARK_BROWSE_CO_OP
    | GetOption.UNMARK_BROWSE_HANDLE
    | GetOption.UNMARKED_BROWSE_MSG
)
_PUT_NOT_HERE = PutOption.LOGICAL_ORDER
_AS_QUEUE = {"persistence": 2, "priority": -1}  # MQPER_PERSISTENCE_AS_Q_DEF, MQPRI_PRIORITY_AS_Q_DEF
_REQUEST = 1  # MQMT_REQUEST
_MESSAGE_TYPES = range(1, 1_000_000_000)  # MQMT_SYSTEM_FIRST to MQMT_APPL_LAST
_RIGHTS = {
    _INPUT: Right.GET,
    OpenOption.BROWSE: Right.BROWSE,
    OpenOption.OUTPUT: Right.PUT,
    OpenOption.INQUIRE: Right.INQUIRE,
}


@dataclass(frozen=True, slots=True)
class Got:
    """MQGET's answer. `length` is the whole message's in bytes, `data` what fits, `token` its MsgToken.

    `reason` is NONE, or a warning: 2080 (too long: nothing was taken), 2079 (cut), 2119 (not converted).
    """

    descriptor: MessageDescriptor
    data: bytes = field(repr=False)
    length: int
    queue: str
    token: bytes
    reason: Reason = Reason.NONE

    @property
    def completion(self) -> CompletionCode:
        """The completion code that goes with the reason."""
        return CompletionCode.WARNING if self.reason else CompletionCode.OK


@dataclass(slots=True)
class _Opened:
    """What a handle stands for; no queue is the queue manager itself."""

    queue: Queue | None
    options: OpenOption
    cursor: Place = START
    saved: MessageDescriptor | None = None
    """The last message got, where the handle was opened with MQOO_SAVE_ALL_CONTEXT."""


class Connection:
    """What MQCONN gives. Its handles, unit of work and browse cursors are its own."""

    def __init__(self, queue_manager: QueueManager, key: int, putter: Putter) -> None:
        self._queue_manager = queue_manager
        self._key = key
        self._putter = putter
        self._handles: dict[int, _Opened] = {}
        self._next_handle = itertools.count(2)
        self._unit = UnitOfWork(queue_manager.definition.max_uncommitted)

    @property
    def user(self) -> str:
        """Who is connected."""
        return self._putter.user

    def open(self, target: ObjectDescriptor, options: int) -> int:
        """MQOPEN: a handle. Raises 2017, 2085, 2035, 2042, 2043, 2045, 2046, 2087."""
        wanted = OpenOption(options)
        if len(self._handles) >= self._queue_manager.definition.max_handles:
            raise MQError(Reason.HANDLE_NOT_AVAILABLE, f"{len(self._handles)} are open")
        if not wanted & _USES or (wanted & _INPUT).bit_count() > 1:
            raise MQError(Reason.OPTIONS_ERROR, f"open options {options:#x}")
        if target.object_type == ObjectType.QUEUE_MANAGER:
            if wanted & _NOT_FOR_QUEUE_MANAGER:
                raise MQError(Reason.OPTION_NOT_VALID_FOR_TYPE, "a queue manager")
            return self._remember(_Opened(None, wanted))
        queue = self._resolve(target)
        self._check_rights(queue, wanted)
        if wanted & _INPUT:
            exclusive = bool(wanted & OpenOption.INPUT_EXCLUSIVE) or not queue.definition.shareable
            if queue.exclusive or (exclusive and queue.open_input):
                raise MQError(Reason.OBJECT_IN_USE, queue.definition.name)
            queue.exclusive = exclusive
            queue.open_input += 1
        if wanted & OpenOption.OUTPUT:
            queue.open_output += 1
        return self._remember(_Opened(queue, wanted))

    def close(self, handle: int, options: int = 0) -> None:
        """MQCLOSE. Raises 2019, and 2045 for options that a predefined queue does not have."""
        if handle not in self._handles:
            raise MQError(Reason.HOBJ_ERROR, str(handle))
        if options:
            raise MQError(Reason.OPTION_NOT_VALID_FOR_TYPE, f"close options {options:#x}")
        self._release(self._handles.pop(handle))

    def put(
        self, handle: int, descriptor: MessageDescriptor, options: PutMessageOptions, data: bytes
    ) -> MessageDescriptor:
        """MQPUT: the descriptor as the message has it now. Raises 2039, 2030, 2031, 2051, 2053, ..."""
        opened = self._opened(handle)
        if opened.queue is None or not opened.options & OpenOption.OUTPUT:
            raise MQError(Reason.NOT_OPEN_FOR_OUTPUT)
        context.check(PutOption(options.options), opened.options)
        return self._put(opened.queue, descriptor, options, data)

    def put1(
        self, target: ObjectDescriptor, descriptor: MessageDescriptor, options: PutMessageOptions, data: bytes
    ) -> MessageDescriptor:
        """MQPUT1: MQOPEN, MQPUT and MQCLOSE in one."""
        queue = self._resolve(target)
        self._check_rights(queue, OpenOption.OUTPUT)
        return self._put(queue, descriptor, options, data)

    def get(
        self, handle: int, descriptor: MessageDescriptor, options: GetMessageOptions, buffer_length: int
    ) -> Got:
        """MQGET, never waiting: 2033 where there is nothing. Raises 2016, 2034, 2036, 2037, 2046, ..."""
        opened = self._opened(handle)
        wanted = GetOption(options.options)
        queue = self._check_get(opened, wanted)
        if wanted & (GetOption.MSG_UNDER_CURSOR | GetOption.BROWSE_MSG_UNDER_CURSOR):
            message = self._under_cursor(queue, opened)
        else:
            after = opened.cursor if wanted & GetOption.BROWSE_NEXT else START
            found = queue.find(Match.of(descriptor, options), after)
            if found is None:
                raise MQError(Reason.NO_MSG_AVAILABLE)
            message = found
        reason = _fit(message, descriptor, wanted, buffer_length)
        # Made before the message is removed, which takes its data.
        got = self._got(queue, message, message.data[:buffer_length], reason)
        if reason is Reason.TRUNCATED_MSG_FAILED:
            return got
        if wanted & _BROWSE:
            opened.cursor = place(message)
            return got
        if self._in_unit(wanted, message):
            self._unit.got(queue, message)
        else:
            queue.remove(message)
        if opened.options & OpenOption.SAVE_ALL_CONTEXT:
            opened.saved = got.descriptor
        return got

    def on_arrival(self, handle: int, call: Callable[[], None]) -> None:
        """Calls `call` once when a message becomes available on the handle's queue. Raises 2019."""
        queue = self._opened(handle).queue
        if queue is not None:
            queue.on_arrival(self._key, call)

    def forget_arrival(self, handle: int) -> None:
        """Takes `on_arrival` back."""
        opened = self._handles.get(handle)
        if opened is not None and opened.queue is not None:
            opened.queue.forget(self._key)

    def inquire(
        self, handle: int, selectors: Sequence[int], integer_count: int, character_length: int
    ) -> Attributes:
        """MQINQ, with room for so many integers and characters. Raises 2038, 2066, 2067, 2021, 2006."""
        opened = self._opened(handle)
        if not opened.options & OpenOption.INQUIRE:
            raise MQError(Reason.NOT_OPEN_FOR_INQUIRE)
        table = of_queue(opened.queue) if opened.queue else self._queue_manager.attributes
        return inquire(table, selectors, integer_count, character_length)

    def default_persistence(self, handle: int) -> int:
        """DEFPSIST of the handle's queue, told to whoever opens it; 0 for the queue manager. Raises 2019."""
        queue = self._opened(handle).queue
        return 0 if queue is None else queue.definition.default_persistence

    def commit(self) -> None:
        """MQCMIT."""
        self._unit.commit()

    def back_out(self) -> None:
        """MQBACK: messages got go back to their places, with a BackoutCount one higher."""
        self._unit.back_out()

    def disconnect(self) -> None:
        """MQDISC: commits, and closes every handle. A connection that breaks is backed out first."""
        self._unit.commit()
        for opened in self._handles.values():
            self._release(opened)
        self._handles.clear()

    def _remember(self, opened: _Opened) -> int:
        handle = next(self._next_handle)
        self._handles[handle] = opened
        return handle

    def _release(self, opened: _Opened) -> None:
        queue = opened.queue
        if queue is None:
            return
        queue.forget(self._key)
        if opened.options & _INPUT:
            queue.open_input -= 1
            queue.exclusive = False
        if opened.options & OpenOption.OUTPUT:
            queue.open_output -= 1

    def _opened(self, handle: int) -> _Opened:
        opened = self._handles.get(handle)
        if opened is None:
            raise MQError(Reason.HOBJ_ERROR, str(handle))
        return opened

    def _resolve(self, target: ObjectDescriptor) -> Queue:
        if target.object_type != ObjectType.QUEUE:
            raise MQError(Reason.OBJECT_TYPE_ERROR, str(target.object_type))
        if target.object_queue_manager not in ("", self._queue_manager.name):
            raise MQError(Reason.UNKNOWN_REMOTE_Q_MGR, target.object_queue_manager)
        return self._queue_manager.queue(target.object_name)

    def _check_rights(self, queue: Queue, options: OpenOption) -> None:
        for option, right in _RIGHTS.items():
            if options & option and self._queue_manager.definition.denies(
                self.user, queue.definition.name, right
            ):
                raise MQError(Reason.NOT_AUTHORIZED, f"{self.user}: {right.value} on {queue.definition.name}")

    def _put(
        self, queue: Queue, descriptor: MessageDescriptor, options: PutMessageOptions, data: bytes
    ) -> MessageDescriptor:
        wanted = PutOption(options.options)
        if (wanted & PutOption.SYNCPOINT and wanted & PutOption.NO_SYNCPOINT) or wanted & _PUT_NOT_HERE:
            raise MQError(Reason.OPTIONS_ERROR, f"put options {wanted:#x}")
        if len(data) > self._queue_manager.definition.max_message_length:
            raise MQError(Reason.MSG_TOO_BIG_FOR_Q_MGR)
        queue.check_room(len(data))
        passed = self._saved_context(options.context) if context.passes(wanted) else None
        _check_descriptor(descriptor)
        complete = self._complete(queue, descriptor, wanted, passed)
        if wanted & PutOption.SYNCPOINT:
            self._unit.check_room()
            self._unit.put(queue, queue.put(complete, data, committed=False))
        else:
            queue.put(complete, data, committed=True)
        return complete

    def _complete(
        self,
        queue: Queue,
        descriptor: MessageDescriptor,
        wanted: PutOption,
        passed: MessageDescriptor | None,
    ) -> MessageDescriptor:
        """The descriptor with what a queue manager fills in."""
        own = self._putter.context(self._queue_manager.clock())
        filled = {"backout_count": 0} | context.fields(wanted, own, passed)
        if descriptor.priority == _AS_QUEUE["priority"]:
            filled["priority"] = queue.definition.default_priority
        if descriptor.persistence == _AS_QUEUE["persistence"]:
            filled["persistence"] = queue.definition.default_persistence
        if wanted & PutOption.NEW_MSG_ID or not any(descriptor.message_id):
            filled["message_id"] = self._queue_manager.new_id()
        if wanted & PutOption.NEW_CORREL_ID:
            filled["correlation_id"] = self._queue_manager.new_id()
        if descriptor.ccsid == 0:  # MQCCSI_Q_MGR
            filled["ccsid"] = self._queue_manager.definition.ccsid
        if descriptor.reply_to_queue and not descriptor.reply_to_queue_manager:
            filled["reply_to_queue_manager"] = self._queue_manager.name
        return replace(descriptor, **filled)  # type: ignore[arg-type]

    def _saved_context(self, handle: int) -> MessageDescriptor:
        source = self._handles.get(handle)
        if source is None or not source.options & OpenOption.SAVE_ALL_CONTEXT:
            raise MQError(Reason.CONTEXT_HANDLE_ERROR, str(handle))
        if source.saved is None:
            raise MQError(Reason.CONTEXT_NOT_AVAILABLE, str(handle))
        return source.saved

    def _check_get(self, opened: _Opened, wanted: GetOption) -> Queue:
        browsing = bool(wanted & _BROWSE)
        if opened.queue is None or (not browsing and not opened.options & _INPUT):
            raise MQError(Reason.NOT_OPEN_FOR_INPUT)
        if (browsing or wanted & GetOption.MSG_UNDER_CURSOR) and not opened.options & OpenOption.BROWSE:
            raise MQError(Reason.NOT_OPEN_FOR_BROWSE)
        syncpoints = wanted & (
            GetOption.SYNCPOINT | GetOption.NO_SYNCPOINT | GetOption.SYNCPOINT_IF_PERSISTENT
        )
        if (
            wanted & _NOT_HERE
            or (wanted & (_BROWSE | GetOption.MSG_UNDER_CURSOR)).bit_count() > 1
            or syncpoints.bit_count() > 1
            or (browsing and wanted & GetOption.SYNCPOINT)
        ):
            raise MQError(Reason.OPTIONS_ERROR, f"get options {wanted:#x}")
        if opened.queue.definition.get_inhibited:
            raise MQError(Reason.GET_INHIBITED, opened.queue.definition.name)
        return opened.queue

    def _under_cursor(self, queue: Queue, opened: _Opened) -> Message:
        priority, sequence = opened.cursor
        found = queue.find(Match(), (priority, sequence - 1)) if opened.cursor != START else None
        if found is None or place(found) != opened.cursor:
            raise MQError(Reason.NO_MSG_UNDER_CURSOR)
        return found

    def _in_unit(self, wanted: GetOption, message: Message) -> bool:
        persistent = message.descriptor.persistence == 1
        if wanted & GetOption.SYNCPOINT or (wanted & GetOption.SYNCPOINT_IF_PERSISTENT and persistent):
            self._unit.check_room()
            return True
        return False

    def _got(self, queue: Queue, message: Message, data: bytes, reason: Reason) -> Got:
        descriptor = replace(
            message.descriptor, backout_count=message.backout_count, expiry=self._expiry_left(message)
        )
        return Got(descriptor, data, len(message.data), queue.definition.name, token(message), reason)

    def _expiry_left(self, message: Message) -> int:
        if message.expires is None:
            return message.descriptor.expiry
        return max(1, round((message.expires - self._queue_manager.clock()) * 10))


def _fit(message: Message, asked: MessageDescriptor, wanted: GetOption, buffer_length: int) -> Reason:
    """The warning that a message is given with, if any."""
    if len(message.data) > buffer_length:
        accepted = wanted & GetOption.ACCEPT_TRUNCATED_MSG
        return Reason.TRUNCATED_MSG_ACCEPTED if accepted else Reason.TRUNCATED_MSG_FAILED
    if wanted & GetOption.CONVERT and not _as_asked(message.descriptor, asked):
        return Reason.NOT_CONVERTED
    return Reason.NONE


def _check_descriptor(descriptor: MessageDescriptor) -> None:
    """Raises what a descriptor that can't be put is refused with."""
    if descriptor.priority < _AS_QUEUE["priority"]:
        raise MQError(Reason.PRIORITY_ERROR, str(descriptor.priority))
    if descriptor.persistence not in (0, 1, _AS_QUEUE["persistence"]):
        raise MQError(Reason.PERSISTENCE_ERROR, str(descriptor.persistence))
    if descriptor.expiry == 0 or descriptor.expiry < -1:
        raise MQError(Reason.EXPIRY_ERROR, str(descriptor.expiry))
    if descriptor.message_type not in _MESSAGE_TYPES:
        raise MQError(Reason.MSG_TYPE_ERROR, str(descriptor.message_type))
    if descriptor.message_type == _REQUEST and not descriptor.reply_to_queue:
        raise MQError(Reason.MISSING_REPLY_TO_Q)


def _as_asked(message: MessageDescriptor, asked: MessageDescriptor) -> bool:
    """Whether a message needs no conversion to what the getter's descriptor asks for (0: as it is)."""
    return asked.ccsid in (0, message.ccsid) and asked.encoding == message.encoding
