"""A connection and the MQI's calls on it. Each refusal is the reason that MQ's documentation gives for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from mock_mq.constants import (
    CloseOption,
    CompletionCode,
    DefinitionType,
    GetOption,
    MessageFlag,
    ObjectType,
    OpenOption,
    PutOption,
    QueueType,
    Reason,
    Selector,
)
from mock_mq.core import context, properties, reports, selector
from mock_mq.core.access import Right
from mock_mq.core.attributes import Attributes, inquire, of_alias, of_queue, settings
from mock_mq.core.context import Putter
from mock_mq.core.conversion import convert
from mock_mq.core.definition import QueueDefinition
from mock_mq.core.handle import INPUT, Opened, group_status, put_group
from mock_mq.core.message import Message
from mock_mq.core.queue import START, Match, Place, Queue, token
from mock_mq.core.reports import ReportMessage
from mock_mq.core.unit_of_work import UnitOfWork
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

if TYPE_CHECKING:
    from mock_mq.core.queue_manager import QueueManager

_USES = INPUT | OpenOption.BROWSE | OpenOption.OUTPUT | OpenOption.INQUIRE | OpenOption.SET
_NOT_FOR_QUEUE_MANAGER = INPUT | OpenOption.BROWSE | OpenOption.OUTPUT | OpenOption.SET
_SYNCPOINTS = GetOption.SYNCPOINT | GetOption.NO_SYNCPOINT | GetOption.SYNCPOINT_IF_PERSISTENT
_BROWSE = GetOption.BROWSE_FIRST | GetOption.BROWSE_NEXT | GetOption.BROWSE_MSG_UNDER_CURSOR
_NOT_HERE = GetOption.SET_SIGNAL | GetOption.MARK_SKIP_BACKOUT  # those are z/OS's
_UNDER_CURSOR = GetOption.MSG_UNDER_CURSOR | GetOption.BROWSE_MSG_UNDER_CURSOR
_BY_CURSOR = _BROWSE | GetOption.MSG_UNDER_CURSOR
_BROWSING = (
    GetOption.LOCK
    | GetOption.MARK_BROWSE_HANDLE
    | GetOption.MARK_BROWSE_CO_OP
    | GetOption.UNMARKED_BROWSE_MSG
)
"""What goes with browsing only."""
_NOT_BROWSING = GetOption.SYNCPOINT
_AS_QUEUE = {"persistence": 2, "priority": -1}  # MQPER_PERSISTENCE_AS_Q_DEF, MQPRI_PRIORITY_AS_Q_DEF
_PERSISTENT = 1  # MQPER_PERSISTENT
_REQUEST = 1  # MQMT_REQUEST
_OPTIONS_KEPT = 256  # whose check went well: a program's are the same call by call
_MESSAGE_TYPES = range(1, 1_000_000_000)  # MQMT_SYSTEM_FIRST to MQMT_APPL_LAST
_RIGHTS = {
    INPUT: Right.GET,
    OpenOption.BROWSE: Right.BROWSE,
    OpenOption.OUTPUT: Right.PUT,
    OpenOption.INQUIRE: Right.INQUIRE,
    OpenOption.SET: Right.SET,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is connected, from where, over which channel, since when (seconds since the epoch)."""

    key: int
    channel: str
    putter: Putter
    address: str
    connected_at: float

    @property
    def user(self) -> str:
        """Whose rights hold."""
        return self.putter.user

    @property
    def application(self) -> str:
        """The program's name."""
        return self.putter.application


@dataclass(slots=True)
class Got:
    """MQGET's answer. `length` is the whole message's in bytes, `data` what fits, `token` its MsgToken.

    `reason` is NONE, or a warning: 2080 (too long: nothing was taken), 2079 (cut), 2119 and its like (not
    converted). `group_status` is MQGMO's GroupStatus.
    """

    descriptor: MessageDescriptor
    data: Buffer = field(repr=False)
    length: int
    queue: str
    token: bytes
    reason: Reason = Reason.NONE
    group_status: str = " "

    @property
    def completion(self) -> CompletionCode:
        """The completion code that goes with the reason."""
        return CompletionCode.WARNING if self.reason else CompletionCode.OK


class Connection:
    """What MQCONN gives. Its handles, unit of work and browse cursors are its own."""

    def __init__(self, queue_manager: QueueManager, identity: Identity) -> None:
        self._queue_manager = queue_manager
        self.identity = identity
        self.calls = 0
        self._handles: dict[int, Opened] = {}
        self._next_handle = itertools.count(2)
        self._unit = UnitOfWork(queue_manager.definition.max_uncommitted)

    @property
    def user(self) -> str:
        """Who is connected."""
        return self.identity.user

    def open(self, target: ObjectDescriptor, options: int, selection: str = "") -> int:
        """MQOPEN: a handle; of a model, one to a new queue. `selection` is a message selector.

        Raises 2001, 2011, 2017, 2035, 2042, 2043, 2045, 2046, 2082, 2085, 2087, 2161, 2459.
        """
        wanted = options
        self._check_running(bool(wanted & OpenOption.FAIL_IF_QUIESCING))
        if len(self._handles) >= self._queue_manager.definition.max_handles:
            raise MQError(Reason.HANDLE_NOT_AVAILABLE, f"{len(self._handles)} are open")
        if not wanted & _USES or (wanted & INPUT).bit_count() > 1:
            raise MQError(Reason.OPTIONS_ERROR, f"open options {options:#x}")
        if target.object_type == ObjectType.QUEUE_MANAGER:
            if wanted & _NOT_FOR_QUEUE_MANAGER:
                raise MQError(Reason.OPTION_NOT_VALID_FOR_TYPE, "a queue manager")
            return self._remember(Opened(None, wanted))
        chosen = selector.parse(selection) if selection else None
        opened = self._resolve(target, wanted)
        opened.selector = chosen
        if opened.queue is not None:
            self._share(opened.queue, wanted)
        return self._remember(opened)

    def queue_of(self, handle: int) -> str:
        """The name of the queue behind a handle; empty for the queue manager. Raises 2019."""
        queue = self._opened(handle).queue
        return "" if queue is None else queue.definition.name

    def definition_of(self, handle: int) -> QueueDefinition | None:
        """The definition a handle was opened by, whose defaults a client is told; None: the queue manager."""
        opened = self._opened(handle)
        return opened.alias or (opened.queue.definition if opened.queue else None)

    def close(self, handle: int, options: int = 0) -> Reason:
        """MQCLOSE: NONE, or 2241 where a group was not ended. Raises 2019, 2045, 2035, 2055, 2042.

        A dynamic queue may be deleted with it; a temporary one is, once who made it closes it.
        """
        opened = self._handles.get(handle)
        if opened is None:
            raise MQError(Reason.HOBJ_ERROR, str(handle))
        wanted = options
        queue = opened.queue
        if wanted:
            if queue is None or queue.definition.definition_type is DefinitionType.PREDEFINED:
                raise MQError(Reason.OPTION_NOT_VALID_FOR_TYPE, f"close options {options:#x}")
            others = queue.open_input + queue.open_output - opened.uses
            if others:
                raise MQError(Reason.OBJECT_IN_USE, opened.name)
            if not queue.empty and not wanted & CloseOption.DELETE_PURGE and not queue.definition.temporary:
                raise MQError(Reason.Q_NOT_EMPTY, opened.name)
        del self._handles[handle]
        self._release(opened)
        if queue is not None and (wanted or (opened.made and queue.definition.temporary)):
            self._queue_manager.drop(queue)
        return Reason.INCOMPLETE_GROUP if opened.putting is not None else Reason.NONE

    def put(
        self, handle: int, descriptor: MessageDescriptor, options: PutMessageOptions, data: Buffer
    ) -> MessageDescriptor:
        """MQPUT: the descriptor as the message has it now. Raises 2039, 2030, 2031, 2051, 2053, ..."""
        opened = self._opened(handle)
        opened.check_alive()
        if opened.queue is None or not opened.options & OpenOption.OUTPUT:
            raise MQError(Reason.NOT_OPEN_FOR_OUTPUT)
        context.check(options.options, opened.options)
        return self._put(opened, opened.queue, descriptor, options, data)

    def put1(
        self,
        target: ObjectDescriptor,
        descriptor: MessageDescriptor,
        options: PutMessageOptions,
        data: Buffer,
    ) -> tuple[str, MessageDescriptor]:
        """MQPUT1: MQOPEN, MQPUT and MQCLOSE in one; the queue it went to, and its descriptor."""
        if options.options & PutOption.LOGICAL_ORDER:
            raise MQError(Reason.OPTIONS_ERROR, "logical order in MQPUT1")
        opened = self._resolve(target, OpenOption.OUTPUT)
        if opened.queue is None:
            raise MQError(Reason.NOT_OPEN_FOR_OUTPUT)
        return opened.queue.definition.name, self._put(opened, opened.queue, descriptor, options, data)

    def get(
        self, handle: int, descriptor: MessageDescriptor, options: GetMessageOptions, buffer_length: int
    ) -> Got:
        """MQGET, never waiting: 2033 where there is nothing. Raises 2016, 2034, 2036, 2037, 2046, ..."""
        opened = self._opened(handle)
        wanted = options.options
        queue = self._check_get(opened, wanted)
        if wanted & GetOption.UNLOCK:
            return self._unlock(opened, queue, descriptor)
        message = self._find(opened, queue, descriptor, options)
        got = self._got(queue, message, descriptor, wanted, buffer_length)
        if got.reason is Reason.TRUNCATED_MSG_FAILED:
            return got
        now = self._queue_manager.clock()
        if not wanted & _BROWSE:
            self._take(opened, queue, message, wanted)
            queue.last_get = now
            if opened.options & OpenOption.SAVE_ALL_CONTEXT:
                opened.saved = got.descriptor
        else:
            opened.cursor = queue.place(message)
        opened.got(message, wanted, mark_until=now + self._queue_manager.definition.mark_interval / 1000)
        return got

    def on_arrival(self, handle: int, call: Callable[[], None]) -> None:
        """Calls `call` once when a message becomes available on the handle's queue. Raises 2019."""
        queue = self._opened(handle).queue
        if queue is not None:
            queue.on_arrival(self.identity.key, call)

    def forget_arrival(self, handle: int) -> None:
        """Takes `on_arrival` back."""
        opened = self._handles.get(handle)
        if opened is not None and opened.queue is not None:
            opened.queue.forget(self.identity.key)

    def inquire(
        self, handle: int, selectors: Sequence[int], integer_count: int, character_length: int
    ) -> Attributes:
        """MQINQ, with room for so many integers and characters. Raises 2038, 2066, 2067, 2021, 2006."""
        opened = self._opened(handle)
        opened.check_alive()
        if not opened.options & OpenOption.INQUIRE:
            raise MQError(Reason.NOT_OPEN_FOR_INQUIRE)
        if opened.alias is not None:
            table = of_alias(opened.alias)
        elif opened.queue is not None:
            table = of_queue(opened.queue)
        else:
            table = self._queue_manager.attributes
        return inquire(table, selectors, integer_count, character_length)

    def set(self, handle: int, selectors: Sequence[int], integers: Sequence[int]) -> None:
        """MQSET: inhibits and allows puts and gets, and sets what triggers. Raises 2040, 2067, 2020."""
        opened = self._opened(handle)
        opened.check_alive()
        if opened.queue is None or not opened.options & OpenOption.SET:
            raise MQError(Reason.NOT_OPEN_FOR_SET)
        self._queue_manager.alter(opened.name, **settings([Selector(s) for s in _known(selectors)], integers))

    def commit(self) -> None:
        """MQCMIT."""
        self._unit.commit()

    def back_out(self) -> None:
        """MQBACK: messages got go back to their places, with a BackoutCount one higher."""
        self._unit.back_out()

    def disconnect(self) -> None:
        """MQDISC: commits, and closes every handle. A connection that breaks is backed out first.

        The temporary queues that it made are gone.
        """
        self._unit.commit()
        handles, self._handles = list(self._handles.values()), {}
        for opened in handles:
            self._release(opened)
        for opened in handles:
            if opened.made and opened.queue is not None and opened.queue.definition.temporary:
                self._queue_manager.drop(opened.queue)
        self._queue_manager.disconnected(self)

    def _remember(self, opened: Opened) -> int:
        handle = next(self._next_handle)
        self._handles[handle] = opened
        return handle

    def _share(self, queue: Queue, wanted: int) -> None:
        """Counts a handle in, unless somebody has the queue for himself alone, or would like to."""
        if wanted & INPUT:
            definition = queue.definition
            exclusive = bool(wanted & OpenOption.INPUT_EXCLUSIVE) or not definition.shareable
            exclusive |= bool(wanted & OpenOption.INPUT_AS_Q_DEF) and definition.default_input_exclusive
            if queue.exclusive or (exclusive and queue.open_input):
                raise MQError(Reason.OBJECT_IN_USE, definition.name)
            queue.exclusive = exclusive
            queue.open_input += 1
        if wanted & OpenOption.OUTPUT:
            queue.open_output += 1

    def _release(self, opened: Opened) -> None:
        queue = opened.queue
        if queue is None:
            return
        opened.unlock()
        queue.forget(self.identity.key)
        if opened.options & INPUT:
            queue.open_input -= 1
            queue.exclusive = False
        if opened.options & OpenOption.OUTPUT:
            queue.open_output -= 1

    def _opened(self, handle: int) -> Opened:
        opened = self._handles.get(handle)
        if opened is None:
            raise MQError(Reason.HOBJ_ERROR, str(handle))
        return opened

    def _resolve(self, target: ObjectDescriptor, wanted: int) -> Opened:
        """What a name stands for: a queue, an alias of one, or a model that a queue is made from."""
        if target.object_type != ObjectType.QUEUE:
            raise MQError(Reason.OBJECT_TYPE_ERROR, str(target.object_type))
        if target.object_queue_manager not in ("", self._queue_manager.name):
            raise MQError(Reason.UNKNOWN_REMOTE_Q_MGR, target.object_queue_manager)
        definition = self._queue_manager.definition_of(target.object_name)
        self._check_rights(definition.name, wanted)
        if definition.type is QueueType.MODEL:
            queue = self._queue_manager.make_dynamic(definition, target.dynamic_queue_name)
            return Opened(queue, wanted, made=True)
        if definition.type is not QueueType.ALIAS:
            return Opened(self._queue_manager.queue(target.object_name), wanted)
        try:
            base = self._queue_manager.definition_of(definition.target)
        except MQError:
            raise MQError(Reason.UNKNOWN_ALIAS_BASE_Q, f"{definition.name} of {definition.target}") from None
        if base.type is not QueueType.LOCAL:
            raise MQError(Reason.ALIAS_BASE_Q_TYPE_ERROR, f"{definition.name} of {definition.target}")
        return Opened(self._queue_manager.queue(definition.target), wanted, alias=definition)

    def _check_running(self, fails: bool) -> None:  # noqa: FBT001
        if fails and self._queue_manager.quiescing:
            raise MQError(Reason.Q_MGR_QUIESCING)

    def _check_rights(self, name: str, options: int) -> None:
        for option, right in _RIGHTS.items():
            if options & option and self._queue_manager.definition.denies(self.user, name, right):
                raise MQError(Reason.NOT_AUTHORIZED, f"{self.user}: {right.value} on {name}")

    def _put(
        self,
        opened: Opened,
        queue: Queue,
        descriptor: MessageDescriptor,
        options: PutMessageOptions,
        data: Buffer,
    ) -> MessageDescriptor:
        wanted = options.options
        if wanted & PutOption.SYNCPOINT and wanted & PutOption.NO_SYNCPOINT:
            raise MQError(Reason.OPTIONS_ERROR, f"put options {wanted:#x}")
        self._check_running(bool(wanted & PutOption.FAIL_IF_QUIESCING))
        if len(data) > self._queue_manager.definition.max_message_length:
            raise MQError(Reason.MSG_TOO_BIG_FOR_Q_MGR)
        if opened.alias is not None and self._now(opened.alias).put_inhibited:
            raise MQError(Reason.PUT_INHIBITED, opened.name)
        queue.check_room(len(data))
        passed = self._saved_context(options.context) if context.passes(wanted) else None
        _check_descriptor(descriptor)
        if wanted & PutOption.SYNCPOINT:
            self._unit.check_room()
            self._unit.undo(id(opened), opened.restorer)
        complete = self._complete(opened, queue, descriptor, wanted, passed)
        if complete.persistence == _PERSISTENT and queue.definition.temporary:
            raise MQError(Reason.PERSISTENT_NOT_ALLOWED, queue.definition.name)
        arrived = list(reports.of_arrival(complete, data)) if complete.report else []
        if wanted & PutOption.SYNCPOINT:
            self._unit.put(queue, queue.put(complete, data, committed=False))
            self._unit.report(arrived, self._send)
        else:
            queue.put(complete, data, committed=True)
            self._send(arrived)
        return complete

    def _send(self, made: Sequence[ReportMessage]) -> None:
        for each in made:
            reports.send(self._queue_manager, each)

    def _complete(
        self,
        opened: Opened,
        queue: Queue,
        descriptor: MessageDescriptor,
        wanted: int,
        passed: MessageDescriptor | None,
    ) -> MessageDescriptor:
        """The descriptor with what a queue manager fills in."""
        defaults = opened.alias or queue.definition
        new_id = self._queue_manager.new_id
        now = self._queue_manager.clock()
        filled = {"backout_count": 0, **context.fields(wanted, self.identity.putter, now, passed)}
        if wanted & PutOption.LOGICAL_ORDER:
            filled |= opened.next_in_group(descriptor, new_id)
        elif descriptor.message_flags:
            filled |= put_group(descriptor, new_id)
        if descriptor.priority == _AS_QUEUE["priority"]:
            filled["priority"] = defaults.default_priority
        if descriptor.persistence == _AS_QUEUE["persistence"]:
            filled["persistence"] = defaults.default_persistence
        if wanted & PutOption.NEW_MSG_ID or not descriptor.message_id.strip(b"\0"):
            filled["message_id"] = new_id()
        if wanted & PutOption.NEW_CORREL_ID:
            filled["correlation_id"] = new_id()
        if descriptor.ccsid == 0:  # MQCCSI_Q_MGR
            filled["ccsid"] = self._queue_manager.definition.ccsid
        if descriptor.reply_to_queue and not descriptor.reply_to_queue_manager:
            filled["reply_to_queue_manager"] = self._queue_manager.name
        return descriptor.but(**filled)

    def _now(self, definition: QueueDefinition) -> QueueDefinition:
        """A definition as it is now: an alias may have been altered since it was opened."""
        try:
            return self._queue_manager.definition_of(definition.name)
        except MQError:
            return definition

    def _saved_context(self, handle: int) -> MessageDescriptor:
        source = self._handles.get(handle)
        if source is None or not source.options & OpenOption.SAVE_ALL_CONTEXT:
            raise MQError(Reason.CONTEXT_HANDLE_ERROR, str(handle))
        if source.saved is None:
            raise MQError(Reason.CONTEXT_NOT_AVAILABLE, str(handle))
        return source.saved

    def _check_get(self, opened: Opened, wanted: int) -> Queue:
        opened.check_alive()
        if opened.queue is None:
            raise MQError(Reason.NOT_OPEN_FOR_INPUT)
        _check_get_options(wanted, opened.options)
        self._check_running(bool(wanted & GetOption.FAIL_IF_QUIESCING))
        aliased = opened.alias is not None and self._now(opened.alias).get_inhibited
        if opened.queue.definition.get_inhibited or aliased:
            raise MQError(Reason.GET_INHIBITED, opened.name)
        return opened.queue

    def _unlock(self, opened: Opened, queue: Queue, asked: MessageDescriptor) -> Got:
        if opened.locked is None:
            raise MQError(Reason.NO_MSG_LOCKED)
        opened.unlock()
        return Got(asked, b"", 0, queue.definition.name, bytes(16))

    def _find(
        self, opened: Opened, queue: Queue, descriptor: MessageDescriptor, options: GetMessageOptions
    ) -> Message:
        wanted = options.options
        if wanted & _UNDER_CURSOR:
            return self._under_cursor(queue, opened)
        after = opened.cursor if wanted & GetOption.BROWSE_NEXT else START
        if wanted & GetOption.LOGICAL_ORDER and opened.getting is not None:
            after = START  # the next of a group may stand anywhere
        now = self._queue_manager.clock()
        found = queue.find(
            Match.of(descriptor, options), after, lambda message: opened.takes(message, wanted, now)
        )
        if found is None:
            raise MQError(Reason.NO_MSG_AVAILABLE)
        return found

    def _under_cursor(self, queue: Queue, opened: Opened) -> Message:
        priority, sequence = opened.cursor
        found = queue.find(Match(), (priority, sequence - 1)) if opened.cursor != START else None
        if found is None or queue.place(found) != opened.cursor or found.locked_by not in (None, opened):
            raise MQError(Reason.NO_MSG_UNDER_CURSOR)
        return found

    def _take(self, opened: Opened, queue: Queue, message: Message, wanted: int) -> None:
        """A message leaves its queue, at once or with the unit of work."""
        descriptor = message.descriptor
        delivered = list(reports.of_delivery(descriptor, message.data)) if descriptor.report else []
        if self._in_unit(wanted, message):
            self._unit.undo(id(opened), opened.restorer)
            self._unit.got(queue, message)
            self._unit.report(delivered, self._send)
        else:
            queue.remove(message)
            self._send(delivered)

    def _in_unit(self, wanted: int, message: Message) -> bool:
        if not wanted & GetOption.SYNCPOINT and not (
            wanted & GetOption.SYNCPOINT_IF_PERSISTENT and message.descriptor.persistence == _PERSISTENT
        ):
            return False
        self._unit.check_room()
        return True

    def _got(
        self,
        queue: Queue,
        message: Message,
        asked: MessageDescriptor,
        wanted: int,
        buffer_length: int,
    ) -> Got:
        """The answer, with the data as it was asked for, made before the message goes and takes it along."""
        descriptor, data, reason = self._as_asked(message, asked, wanted)
        if len(data) > buffer_length:
            accepted = wanted & GetOption.ACCEPT_TRUNCATED_MSG
            reason = Reason.TRUNCATED_MSG_ACCEPTED if accepted else Reason.TRUNCATED_MSG_FAILED
        if message.backout_count != descriptor.backout_count or message.expires is not None:
            descriptor = descriptor.but(
                backout_count=message.backout_count, expiry=self._expiry_left(message)
            )
        return Got(
            descriptor,
            data[:buffer_length],
            len(data),
            queue.definition.name,
            token(message),
            reason,
            group_status(descriptor),
        )

    def _as_asked(
        self, message: Message, asked: MessageDescriptor, wanted: int
    ) -> tuple[MessageDescriptor, Buffer, Reason]:
        """A message without its properties, and converted, where that was asked for."""
        descriptor, data = message.descriptor, message.data
        if wanted & GetOption.NO_PROPERTIES:
            descriptor, data = properties.without(descriptor, data)
        if wanted & GetOption.CONVERT:
            try:
                return *convert(
                    descriptor,
                    bytes(data),
                    asked.ccsid or self._queue_manager.definition.ccsid,
                    asked.encoding,
                ), Reason.NONE
            except MQError as e:
                return descriptor, data, e.reason
        return descriptor, data, Reason.NONE

    def _expiry_left(self, message: Message) -> int:
        if message.expires is None:
            return message.descriptor.expiry
        return max(1, round((message.expires - self._queue_manager.clock()) * 10))


def _known(selectors: Sequence[int]) -> Sequence[int]:
    for each in selectors:
        if each not in Selector._value2member_map_:
            raise MQError(Reason.SELECTOR_ERROR, str(each))
    return selectors


@lru_cache(_OPTIONS_KEPT)
def _check_get_options(wanted: int, opened: int) -> None:
    """Raises what a get with these options is refused with, on a handle that was opened with those."""
    browsing = wanted & _BROWSE
    if not (browsing or opened & INPUT or wanted & GetOption.UNLOCK):
        raise MQError(Reason.NOT_OPEN_FOR_INPUT)
    if wanted & _BY_CURSOR and not opened & OpenOption.BROWSE:
        raise MQError(Reason.NOT_OPEN_FOR_BROWSE)
    if (
        wanted & _NOT_HERE
        or (wanted & _BY_CURSOR).bit_count() > 1
        or (wanted & _SYNCPOINTS).bit_count() > 1
        or wanted & (_NOT_BROWSING if browsing else _BROWSING)
    ):
        raise MQError(Reason.OPTIONS_ERROR, f"get options {wanted:#x}")


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
    if descriptor.message_flags & (MessageFlag.SEGMENT | MessageFlag.LAST_SEGMENT):
        raise MQError(Reason.MSG_FLAGS_ERROR, "segments of messages are not put together here")
    if descriptor.message_type == _REQUEST and not descriptor.reply_to_queue:
        raise MQError(Reason.MISSING_REPLY_TO_Q)


__all__ = ["Connection", "Got", "Identity", "Place"]
