"""What a pattern sees of a message: its attributes, its descriptor, and its body where that is JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bridge.descriptor_fields import DEFAULTS, FIELDS
from bridge.errors import MappingError
from bridge.large_text import LARGE
from bridge.message import Message
from bridge.shaping.pattern import Pattern
from code_pages.ccsid import codec

Known = dict[str, Any]
"""Parts of a message that were looked at already."""


def matches(pattern: Pattern, message: Message, known: Known) -> bool:
    """Whether a message does; what is looked at for it goes to `known`.

    Raises `MappingError` where the pattern asks for a body that is no JSON.
    """
    for name in pattern.reads:
        if name not in known:
            known[name] = _PARTS[name](message)
    return pattern.matches(known)


def _attributes(message: Message) -> dict[str, Any]:
    return {name: _plain(each.value) for name, each in message.properties.items()}


def _descriptor(message: Message) -> dict[str, Any]:
    """Under MQ's names; ids in hex. No id and no text is as good as no field."""
    found = {}
    for name, each in FIELDS.items():
        value = getattr(message.descriptor, name)
        if each.length == 0 or value != DEFAULTS[name]:
            found[each.mq_name] = _plain(value)
    return found


def _body(message: Message) -> Any:
    if len(message.body) > LARGE:
        # To let it pass or drop it unread would both be wrong for some.
        raise MappingError(f"body: {len(message.body):,} bytes, and a pattern reads {LARGE:,} at the most")
    name = codec(message.descriptor.ccsid, message.descriptor.encoding)
    try:
        if name is not None:
            return json.loads(message.body.decode(name))
    except (ValueError, RecursionError):
        pass
    raise MappingError("body: not JSON in the message's CCSID, and a pattern of the route asks what is in it")


def _plain(value: object) -> Any:
    return value.hex() if isinstance(value, bytes) else value


_PARTS: Mapping[str, Callable[[Message], Any]] = {
    "attributes": _attributes,
    "descriptor": _descriptor,
    "body": _body,
}
PLACES = tuple(_PARTS)
"""What a pattern for messages has at the top."""
