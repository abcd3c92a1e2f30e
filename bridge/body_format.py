"""How a destination wants bodies written, where it is not text or else base64."""

from __future__ import annotations

import hashlib
from typing import Literal

from bridge import cloudevents, mapping
from bridge.large_text import LARGE, LargeText
from bridge.mapping import CLOUDEVENTS, Write
from bridge.message import NO_ID, Message
from bridge.mq_descriptor import put_at
from bridge.shaping.change import Value

BodyFormat = Literal["text", "base64", "cloudevents"]
DEFAULT_TYPE = "com.ibm.mq.message"
"""An event's type where the message has none of its own."""


def writer(wanted: BodyFormat | None, *, source: str, event_type: Value) -> Write:
    """What writes a body so. `source` is where messages come from, as a URI, for CloudEvents."""
    if wanted == "text":
        return mapping.text_only
    if wanted == "base64":
        return mapping.in_base64_only
    if wanted is None:
        return mapping.text_or_base64

    def write(message: Message) -> tuple[str | LargeText, str]:
        text = mapping.text_of(message) if len(message.body) <= LARGE else None
        inline = text if isinstance(text, str) else None
        return cloudevents.wrapped(_context(message, source, event_type), message.body, inline), CLOUDEVENTS

    return write


def _context(message: Message, source: str, event_type: Value) -> dict[str, str]:
    """The event's context attributes: its id is the MsgId, its time that of the put."""
    descriptor = message.descriptor
    known = descriptor.message_id != NO_ID
    name = descriptor.message_id.hex() if known else hashlib.sha256(message.body).hexdigest()
    kind = event_type.of(message)
    context = {"id": name, "source": source, "type": str(kind) if kind not in {None, ""} else DEFAULT_TYPE}
    if put := put_at(descriptor.put_date, descriptor.put_time):
        context["time"] = put.isoformat().replace("+00:00", "Z")
    return context
