"""What the page is told: plain data, made from the queue manager on its own thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from code_pages.ccsid import codec
from mock_mq.constants import QueueType, Reason
from mock_mq.core import QueueManager
from mock_mq.core.message import Message
from mock_mq.errors import MQError
from mock_mq.wire.structures import MessageDescriptor

MOST_MESSAGES = 100
"""Messages on a page."""
MOST_BYTES = 65_536
"""Bytes of a body that are shown."""
_ROW = 16
_EBCDIC = "cp500"


def queues(queue_manager: QueueManager) -> dict[str, Any]:
    """All queues with what changes about them, and who is connected."""
    return {
        "name": queue_manager.name,
        "queues": [_queue(queue_manager, each.name) for each in queue_manager.queue_definitions()],
        "connections": [
            {
                "channel": each.identity.channel,
                "application": each.identity.application,
                "user": each.identity.user,
                "address": each.identity.address,
                "calls": each.calls,
            }
            for each in queue_manager.connections()
        ],
    }


def _queue(queue_manager: QueueManager, name: str) -> dict[str, Any]:
    definition = queue_manager.definition_of(name)
    told: dict[str, Any] = {
        "name": name,
        "type": definition.type.name.lower(),
        "target": definition.target,
        "put_inhibited": definition.put_inhibited,
        "get_inhibited": definition.get_inhibited,
    }
    if definition.type is QueueType.LOCAL:
        queue = queue_manager.queue(name)
        told |= {
            "depth": queue.depth,
            "most": definition.max_depth,
            "input": queue.open_input,
            "output": queue.open_output,
            "age": queue.oldest_age,
        }
    return told


def messages(queue_manager: QueueManager, name: str, start: int) -> dict[str, Any]:
    """A page of the messages on a queue, from the one at `start` on. Raises `MQError`."""
    queue = queue_manager.queue(name)
    found = list(islice(queue.browse(), start, start + MOST_MESSAGES + 1))
    return {
        "queue": name,
        "start": start,
        "more": len(found) > MOST_MESSAGES,
        "messages": [_summary(each) for each in found[:MOST_MESSAGES]],
    }


def _summary(message: Message) -> dict[str, Any]:
    descriptor = message.descriptor
    return {
        "number": message.sequence,
        "id": descriptor.message_id.hex().upper(),
        "format": descriptor.format,
        "length": len(message.data),
        "priority": descriptor.priority,
        "persistent": descriptor.persistence == 1,
        "backouts": message.backout_count,
        "put": f"{descriptor.put_date} {descriptor.put_time}",
        "application": descriptor.application_name,
    }


def message(queue_manager: QueueManager, name: str, number: int) -> dict[str, Any]:
    """A message: its descriptor, and its body as text and in hexadecimal. Raises `MQError`."""
    for each in queue_manager.queue(name).browse():
        if each.sequence == number:
            return _whole(each)
    raise MQError(Reason.NO_MSG_AVAILABLE, "it was got meanwhile")


def _whole(message: Message) -> dict[str, Any]:
    body = bytes(message.data[:MOST_BYTES])
    descriptor = message.descriptor
    name = codec(descriptor.ccsid, descriptor.encoding)
    return _summary(message) | {
        "descriptor": {key: _plain(value) for key, value in asdict(descriptor).items()},
        "text": None if name is None else body.decode(name, "replace"),
        "rows": [_row(body, at) for at in range(0, len(body), _ROW)],
        "shown": len(body),
    }


def _plain(value: Any) -> Any:
    return value.hex().upper() if isinstance(value, bytes) else value


def _row(body: bytes, at: int) -> dict[str, Any]:
    """Sixteen bytes: where they stand, their digits, and what they are in ASCII and in EBCDIC."""
    piece = body[at : at + _ROW]
    return {
        "at": f"{at:08X}",
        "hex": piece.hex(" ").upper(),
        "ascii": _letters(piece, "latin-1"),
        "ebcdic": _letters(piece, _EBCDIC),
    }


def _letters(piece: bytes, name: str) -> str:
    return "".join(letter if letter.isprintable() else "." for letter in piece.decode(name, "replace"))


def put(queue_manager: QueueManager, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Puts a text, and tells its MsgId. Raises `MQError`, and `ValueError` for what can't be put."""
    ccsid = int(asked.get("ccsid", 1208))
    encoding = codec(ccsid, 273)
    if encoding is None:
        raise ValueError(f"CCSID {ccsid} is not known here")
    try:
        data = str(asked.get("text", "")).encode(encoding)
    except UnicodeEncodeError:
        raise ValueError(f"the text has letters that CCSID {ccsid} does not have") from None
    descriptor = MessageDescriptor(
        format=str(asked.get("format", "MQSTR"))[:8],
        ccsid=ccsid,
        persistence=int(bool(asked.get("persistent", False))),
        priority=min(9, max(0, int(asked.get("priority", 0)))),
    )
    return {"id": queue_manager.put(name, descriptor, data).message_id.hex().upper()}


def clear(queue_manager: QueueManager, name: str) -> dict[str, Any]:
    """Removes what is on a queue, and tells how many messages that was. Raises `MQError`."""
    return {"removed": queue_manager.queue(name).clear()}
