"""What a FIFO topic or queue is told of a message: its group, and the id by which a second copy is known."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.message import NO_ID

if TYPE_CHECKING:
    from bridge.configuration import Group
    from bridge.message import Message

# SNS and SQS API references, MessageGroupId.
_GROUP = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Fifo:
    """Groups by `group`; what has no such field or property is of the group `otherwise`, a route's name."""

    group: Group | None
    otherwise: str

    def group_of(self, message: Message) -> str:
        """The MessageGroupId: a field in hexadecimal digits, or a text; hashed if SNS would not take it."""
        value = self._value(message)
        return value if _GROUP.fullmatch(value) else hashlib.sha256(value.encode()).hexdigest()

    def parameters(self, message: Message) -> dict[str, str]:
        """MessageGroupId and MessageDeduplicationId, as requests to SNS and SQS have them.

        The second starts with the MsgId. That alone would not do: programs that choose their MsgIds give one
        to several messages, and all but the first would silently be dropped.
        """
        return {
            "MessageGroupId": self.group_of(message),
            "MessageDeduplicationId": f"{message.descriptor.message_id.hex()}.{_fingerprint(message)}",
        }

    def _value(self, message: Message) -> str:
        descriptor = message.descriptor
        kind = self.group.kind if self.group else "constant"
        if kind == "constant":
            return self.group.name if self.group else self.otherwise
        if kind == "property":
            found = message.properties.get(self.group.name if self.group else "")
            return str(found.value) if found and found.value not in {None, ""} else self.otherwise
        field = descriptor.group_id if kind == "GroupId" else descriptor.correlation_id
        return field.hex() if field != NO_ID else self.otherwise


def _fingerprint(message: Message) -> str:
    """The same for a message that is handed out again, and another for any other: 32 hexadecimal digits."""
    descriptor = message.descriptor
    found = hashlib.sha256(message.body)
    for part in (descriptor.correlation_id, descriptor.group_id):
        found.update(part)
    found.update(
        f"{descriptor.put_date}{descriptor.put_time}/{descriptor.sequence_number}/{descriptor.offset}".encode()
    )
    return found.hexdigest()[:32]
