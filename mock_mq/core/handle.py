"""What a handle stands for, and which messages are for it: cursor, selection, groups, locks and marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mock_mq.constants import GetOption, MessageFlag, OpenOption, Reason
from mock_mq.core.definition import QueueDefinition
from mock_mq.core.message import Message
from mock_mq.core.queue import START, Place, Queue
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer
from mock_mq.wire.structures import MessageDescriptor

INPUT = OpenOption.INPUT_AS_Q_DEF | OpenOption.INPUT_SHARED | OpenOption.INPUT_EXCLUSIVE
_IN_GROUP = MessageFlag.MSG_IN_GROUP | MessageFlag.LAST_MSG_IN_GROUP
Selector = Callable[[MessageDescriptor, Buffer], bool]


@dataclass(slots=True)
class Opened:
    """What a handle stands for; no queue is the queue manager itself."""

    queue: Queue | None
    options: int
    alias: QueueDefinition | None = None
    """The alias it was opened by, whose own attributes hold beside the queue's."""
    made: bool = False
    """Whether the queue was made by this handle, from a model."""
    selector: Selector | None = None
    cursor: Place = START
    saved: MessageDescriptor | None = None
    """The last message got, where the handle was opened with MQOO_SAVE_ALL_CONTEXT."""
    putting: tuple[bytes, int] | None = None
    """The group that is put in logical order: its id, and the last sequence number."""
    getting: tuple[bytes, int] | None = None
    """The same for the group that is got."""
    marked: set[int] = field(default_factory=set)
    locked: Message | None = None

    @property
    def name(self) -> str:
        """The name it was opened by."""
        if self.alias is not None:
            return self.alias.name
        return self.queue.definition.name if self.queue is not None else ""

    @property
    def uses(self) -> int:
        """How often the queue counts it in: once for input, once for output."""
        return bool(self.options & INPUT) + bool(self.options & OpenOption.OUTPUT)

    def restorer(self) -> Callable[[], None]:
        """What puts the groups that are put and got back to where they are now."""
        putting, getting = self.putting, self.getting

        def restore() -> None:
            self.putting, self.getting = putting, getting

        return restore

    def check_alive(self) -> None:
        """Raises 2052 where the queue was deleted meanwhile."""
        if self.queue is not None and self.queue.deleted:
            raise MQError(Reason.Q_DELETED, self.name)

    def takes(self, message: Message, wanted: int, now: float) -> bool:
        """Whether a message, which matches, is one that this get is to see."""
        if message.locked_by not in (None, self):
            return False
        if wanted & GetOption.UNMARKED_BROWSE_MSG and (
            message.sequence in self.marked or message.marked_until > now
        ):
            return False
        if self.selector is not None and not self.selector(message.descriptor, message.data):
            return False
        return self._in_order(message, wanted)

    def _in_order(self, message: Message, wanted: int) -> bool:
        if not wanted & (GetOption.LOGICAL_ORDER | GetOption.ALL_MSGS_AVAILABLE):
            return True
        descriptor = message.descriptor
        if wanted & GetOption.LOGICAL_ORDER and self.getting is not None:
            group, last = self.getting
            return descriptor.group_id == group and descriptor.sequence_number == last + 1
        if not descriptor.message_flags & _IN_GROUP:
            return True
        if wanted & GetOption.LOGICAL_ORDER and descriptor.sequence_number != 1:
            return False
        return not wanted & GetOption.ALL_MSGS_AVAILABLE or self._complete(descriptor.group_id)

    def _complete(self, group: bytes) -> bool:
        """Whether every message of a group is there."""
        if self.queue is None:
            return False
        there = set()
        last = 0
        for each in self.queue.browse():
            if each.descriptor.group_id == group:
                there.add(each.descriptor.sequence_number)
                if each.descriptor.message_flags & MessageFlag.LAST_MSG_IN_GROUP:
                    last = each.descriptor.sequence_number
        return bool(last) and there >= set(range(1, last + 1))

    def got(self, message: Message, wanted: int, *, mark_until: float) -> None:
        """Takes note of what was given: place in the group, marks and locks."""
        descriptor = message.descriptor
        if wanted & GetOption.LOGICAL_ORDER:
            open_group = descriptor.message_flags & MessageFlag.MSG_IN_GROUP
            ends = descriptor.message_flags & MessageFlag.LAST_MSG_IN_GROUP
            self.getting = (
                (descriptor.group_id, descriptor.sequence_number) if open_group and not ends else None
            )
        if wanted & GetOption.MARK_BROWSE_HANDLE:
            self.marked.add(message.sequence)
        if wanted & GetOption.MARK_BROWSE_CO_OP:
            message.marked_until = mark_until
        if wanted & GetOption.UNMARK_BROWSE_HANDLE:
            self.marked.discard(message.sequence)
        if wanted & GetOption.UNMARK_BROWSE_CO_OP:
            message.marked_until = 0.0
        self.unlock()
        if wanted & GetOption.LOCK:
            message.locked_by = self
            self.locked = message

    def unlock(self) -> None:
        """Lets go of the message that was browsed with a lock, if one was."""
        if self.locked is not None:
            self.locked.locked_by = None
            self.locked = None
            if self.queue is not None:
                self.queue.wake()

    def next_in_group(self, descriptor: MessageDescriptor, new_id: Callable[[], bytes]) -> dict[str, object]:
        """The group fields of a message put in logical order. Raises 2241 where its group is not ended."""
        flags = descriptor.message_flags
        if not flags & _IN_GROUP:
            if self.putting is not None:
                raise MQError(Reason.INCOMPLETE_GROUP, self.name)
            return {"group_id": bytes(24), "sequence_number": 1}
        group, last = self.putting or (new_id(), 0)
        ends = flags & MessageFlag.LAST_MSG_IN_GROUP
        self.putting = None if ends else (group, last + 1)
        return {
            "group_id": group,
            "sequence_number": last + 1,
            "message_flags": flags | MessageFlag.MSG_IN_GROUP,
        }


def group_status(descriptor: MessageDescriptor) -> str:
    """MQGS_*: `L` for the last of a group, `G` for another, a blank for none."""
    flags = descriptor.message_flags
    if flags & MessageFlag.LAST_MSG_IN_GROUP:
        return "L"
    return "G" if flags & MessageFlag.MSG_IN_GROUP else " "


def put_group(descriptor: MessageDescriptor, new_id: Callable[[], bytes]) -> dict[str, object]:
    """The group fields of a message that is put as its program says. Raises 2249 and 2250."""
    flags = descriptor.message_flags
    if flags & ~sum(MessageFlag) & 0xFFF:
        raise MQError(Reason.MSG_FLAGS_ERROR, f"{flags:#x}")
    if not flags & _IN_GROUP:
        return {}
    if descriptor.version < 2:
        raise MQError(Reason.WRONG_MD_VERSION, "groups need an MQMD of version 2")
    if not 1 <= descriptor.sequence_number <= 999_999_999:
        raise MQError(Reason.MSG_SEQ_NUMBER_ERROR, str(descriptor.sequence_number))
    fields: dict[str, object] = {}
    if flags & MessageFlag.LAST_MSG_IN_GROUP:
        fields["message_flags"] = flags | MessageFlag.MSG_IN_GROUP
    if not any(descriptor.group_id):
        fields["group_id"] = new_id()
    return fields
