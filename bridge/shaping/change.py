"""Attributes and fields of the descriptor that a route sets, on the way out and in alike. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from bridge.descriptor_fields import DEFAULTS, FIELD_OF, INT32, checked
from bridge.errors import MappingError
from bridge.message import Message, Property, PropertyValue

SETTABLE = (
    "MsgId",
    "CorrelId",
    "Format",
    "MsgType",
    "Report",
    "Feedback",
    "Expiry",
    "Priority",
    "Persistence",
    "ReplyToQ",
    "ReplyToQMgr",
)
"""What a route may set: the fields that a program sets, but those that say how the body is written."""

_ID = 24


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value comes from: a property of that name, a field of the descriptor (MQ's name), or `name`.

    `nothing` takes an attribute away.
    """

    kind: Literal["property", "field", "constant", "nothing"]
    name: str = ""

    def __str__(self) -> str:
        """As it is written in a configuration."""
        match self.kind:
            case "nothing":
                return self.kind
            case "field":
                return self.name
        return f"{self.kind}:{self.name}"

    def of(self, message: Message) -> PropertyValue:
        """What it is for a message; None where the message has none such."""
        if self.kind == "constant":
            return self.name
        if self.kind == "property":
            found = message.properties.get(self.name)
            return found.value if found else None
        if self.kind == "field":
            value = getattr(message.descriptor, FIELD_OF[self.name])
            empty = value == DEFAULTS[FIELD_OF[self.name]] and not isinstance(value, int)
            return None if empty else value.hex() if isinstance(value, bytes) else value
        return None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of each message: `attributes` by their names, `descriptor` by MQ's names of its fields.

    Values are those that the message had before any change.
    """

    attributes: Mapping[str, Value] = field(default_factory=dict)
    descriptor: Mapping[str, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.attributes or self.descriptor)

    def made_in(self, message: Message) -> Message:
        """The message as changed; raises `MappingError` for a value that a descriptor's field can't be."""
        properties = dict(message.properties)
        for name, value in self.attributes.items():
            found = self._property(value, message)
            if found is not None:
                properties[name] = found
            elif value.kind == "nothing":
                properties.pop(name, None)
        fields: dict[str, Any] = {}
        for name, value in self.descriptor.items():
            given = value.of(message)
            if given is not None:
                fields[FIELD_OF[name]] = field_value(name, given)
        descriptor = replace(message.descriptor, **fields) if fields else message.descriptor
        return replace(message, descriptor=descriptor, properties=MappingProxyType(properties))

    def _property(self, value: Value, message: Message) -> Property | None:
        """A property keeps its type."""
        if value.kind == "property":
            return message.properties.get(value.name)
        given = value.of(message)
        if given is None:
            return None
        return Property(given, "i4" if isinstance(given, int) else "string")


def field_value(name: str, given: PropertyValue) -> Any:
    """A field of the descriptor, by MQ's name, from what somebody wrote; raises `MappingError`.

    An id is 48 hexadecimal digits, a UUID, or else up to 24 ASCII characters, as MQ's programs write them.
    """
    where = f"descriptor {name}"
    default = DEFAULTS[FIELD_OF[name]]
    if isinstance(default, bytes):
        return _id(where, given)
    if isinstance(default, str):
        return checked(FIELD_OF[name], given, where)
    text = str(given)
    if isinstance(given, bool) or not re.fullmatch(r"-?[0-9]{1,10}", text) or int(text) not in INT32:
        raise MappingError(f"{where}: not an integer of 32 bits")
    return int(text)


def _id(where: str, given: PropertyValue) -> bytes:
    if isinstance(given, bytes) and len(given) == _ID:
        return given
    text = given if isinstance(given, str) else ""
    if re.fullmatch(rf"[0-9A-Fa-f]{{{2 * _ID}}}", text):
        return bytes.fromhex(text)
    if re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", text):
        return uuid.UUID(text).bytes.ljust(_ID, b"\0")
    if 0 < len(text) <= _ID and text.isascii() and text.isprintable():
        return text.encode().ljust(_ID, b"\0")
    raise MappingError(
        f"{where}: neither {2 * _ID} hexadecimal digits nor a UUID nor up to {_ID} ASCII characters"
    )
