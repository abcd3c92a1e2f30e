"""Messages as SNS and SQS carry them: a text and at most ten attributes; docs/messages.md tells its user.

`from_cloud(to_cloud(message))` is the same message, whatever its body, descriptor and properties are.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any

from bridge import cloudevents, properties
from bridge.characters import refused
from bridge.descriptor_fields import DEFAULTS, FIELD_OF, FIELDS, checked
from bridge.errors import MappingError
from bridge.large_text import LARGE, LargeText, as_text, in_base64, is_utf_8, transcoded
from bridge.message import Descriptor, Message, Property
from code_pages.ccsid import UTF_8, codec

MESSAGE_ID = "MQMsgId"
CORRELATION_ID = "MQCorrelId"
FORMAT = "MQFormat"
REPLY_TO_QUEUE = "MQReplyToQ"
DESCRIPTOR = "MQDescriptor"
PROPERTIES = "MQProperties"
BODY_ENCODING = "MQBodyEncoding"
BASE64, EMPTY, CLOUDEVENTS = "base64", "empty", "cloudevents"
_EMPTY_BODY = "-"  # SNS and SQS take no empty body; MQBodyEncoding says that this is none

MAX_ATTRIBUTES = 9
"""SNS and SQS allow ten, and an offloaded body takes one."""

_TEXT_FORMAT = "MQSTR"
OWN = frozenset({MESSAGE_ID, CORRELATION_ID, FORMAT, REPLY_TO_QUEUE, DESCRIPTOR, PROPERTIES, BODY_ENCODING})

# What SNS and SQS say of names (their API references: MessageAttributeValue).
_NAME = re.compile(r"(?!(?i:aws\.|amazon\.))[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_LONGEST_NAME = 256
_RESERVED_NAMES = OWN | {"ExtendedPayloadSize", "SQSLargePayloadSize", "S3Key"}  # the last ones: offload's

_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_FRACTION = re.compile(r"-?[1-9][0-9]*\.[0-9]*[1-9]")  # SQS trims the zeros at a number's ends

_IN_ATTRIBUTES = {
    "message_id": MESSAGE_ID,
    "correlation_id": CORRELATION_ID,
    "format": FORMAT,
    "reply_to_queue": REPLY_TO_QUEUE,
}
# Made once, for each message has them.
_values = attrgetter(*DEFAULTS)
_WRITTEN = tuple(
    (default, FIELDS[name].mq_name, _IN_ATTRIBUTES.get(name, "")) for name, default in DEFAULTS.items()
)
_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Attribute:
    """A message attribute; `value` is bytes where `type` is Binary, and text otherwise."""

    type: str
    value: str | bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CloudMessage:
    """A message as SNS and SQS take it.

    A body of more than a mebibyte, which goes through S3, is a `LargeText` on its way there, and the bytes of
    its UTF-8 on the way back.
    """

    body: str | bytes | LargeText = field(repr=False)
    attributes: Mapping[str, Attribute] = field(default_factory=dict, repr=False)

    @property
    def inline(self) -> str:
        """The body as a request has it; raises `TypeError` for one that is too large for that."""
        if isinstance(self.body, str):
            return self.body
        raise TypeError("too large for a request")


def size(cloud: CloudMessage) -> int:
    """Bytes, as SNS and SQS count them: the body, and each attribute's name, type and value."""
    total = _length(cloud.body)
    for name, each in cloud.attributes.items():
        total += _length(name) + _length(each.type) + _length(each.value)
    return total


Write = Callable[[Message], tuple[str | LargeText, str]]
"""Writes a body as a text, and says how (`MQBodyEncoding`), "" for as it is; may raise `MappingError`."""


def to_cloud(message: Message, write: Write | None = None) -> CloudMessage:
    """What goes out; nothing is dropped. Unless told otherwise bodies are as `text_or_base64` writes them."""
    descriptor = message.descriptor
    attributes: dict[str, Attribute] = {}
    rest: dict[str, Any] = {}
    for value, (default, mq_name, own) in zip(_values(descriptor), _WRITTEN, strict=True):
        if value == default:
            continue
        plain = value.hex() if isinstance(value, bytes) else value
        if own and not refused(plain):
            attributes[own] = Attribute("String", plain)
        else:
            rest[mq_name] = plain
    attributes[DESCRIPTOR] = Attribute("String", _json(rest))
    body, encoding = (write or text_or_base64)(message)
    if encoding:
        attributes[BODY_ENCODING] = Attribute("String", encoding)
    _add_properties(attributes, message.properties)
    return CloudMessage(body, attributes)


def from_cloud(
    cloud: CloudMessage,
    *,
    ccsid: int,
    format: str,  # noqa: A002 - MQ's word for it
    encoding: str = "",
) -> Message:
    """What comes in: `to_cloud`'s messages as they were, and anybody's as text in `ccsid` with that `format`.

    `encoding` is how a body is written where the message does not say: "" for as it is.

    Raises `MappingError` for attributes of ours that are not as we write them, and for text that the CCSID
    has no characters for.
    """
    text = cloud.body.read() if isinstance(cloud.body, LargeText) else cloud.body
    descriptor = _descriptor(cloud.attributes, ccsid=ccsid, format_=format)
    found = _properties(cloud.attributes)
    encoding = _own_text(cloud.attributes, BODY_ENCODING) or encoding
    if encoding == BASE64:
        body = _from_base64(text)
    elif encoding == EMPTY:
        body = b""
    elif encoding == CLOUDEVENTS:
        event = cloudevents.read(text, exact=BODY_ENCODING in cloud.attributes)
        body = event.data if isinstance(event.data, bytes) else _encode(event.data, descriptor)
        if BODY_ENCODING not in cloud.attributes:  # else they are in the descriptor
            found = {**event.properties, **found}
    elif encoding:
        raise MappingError(f"attribute {BODY_ENCODING}: none of {BASE64}, {EMPTY} and {CLOUDEVENTS}")
    else:
        body = _encode(text, descriptor)
    return Message(body, descriptor, found)


def _length(text: str | bytes | LargeText) -> int:
    if not isinstance(text, str):
        return len(text)
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def text_or_base64(message: Message) -> tuple[str | LargeText, str]:
    """Text of Format MQSTR as text where that is without loss, all else in base64."""
    if not message.body:
        return _EMPTY_BODY, EMPTY
    if message.descriptor.format == _TEXT_FORMAT:
        text = text_of(message)
        if text is not None:
            return text, ""
    return in_base64_only(message)


def text_only(message: Message) -> tuple[str | LargeText, str]:
    """As text, whatever the Format is; raises `MappingError` for what is none in the message's CCSID."""
    if not message.body:
        return _EMPTY_BODY, EMPTY
    text = text_of(message)
    if text is None:
        raise MappingError(
            f"body: not text in CCSID {message.descriptor.ccsid} of characters that AWS takes, and the "
            "destination's format is text"
        )
    return text, ""


def in_base64_only(message: Message) -> tuple[str | LargeText, str]:
    """In base64, whatever it is."""
    if len(message.body) > LARGE:
        return in_base64(message.body), BASE64
    return base64.b64encode(message.body).decode("ascii") or _EMPTY_BODY, BASE64 if message.body else EMPTY


def text_of(message: Message) -> str | LargeText | None:
    """The body as text; None where it isn't, would not come back the same, or AWS would not take it."""
    body = message.body
    name = codec(message.descriptor.ccsid, message.descriptor.encoding)
    if name is None:
        return None
    if len(body) > LARGE:
        return as_text(body, name)
    try:
        text = body.decode(name)
        as_it_is = is_utf_8(name)
        if text and not refused(body if as_it_is else text) and (as_it_is or text.encode(name) == body):
            return text
    except UnicodeError:
        pass
    return None


def _add_properties(attributes: dict[str, Attribute], given: Mapping[str, Property]) -> None:
    """Gives properties attributes of their own while there is room; the last place is for all the others."""
    if not given:
        return
    own: dict[str, Attribute] = {}
    others: dict[str, Property] = {}
    for name, each in given.items():
        attribute = _own_attribute(name, each)
        if attribute is None:
            others[name] = each
        else:
            own[name] = attribute
    room = MAX_ATTRIBUTES - len(attributes)
    if others or len(own) > room:
        for name in list(own)[room - 1 :]:
            others[name] = given[name]
            del own[name]
        attributes[PROPERTIES] = Attribute("String", properties.to_json(others))
    attributes.update(own)


def _own_attribute(name: str, each: Property) -> Attribute | None:
    """The attribute that would come back as this very property; None where none would."""
    if len(name) > _LONGEST_NAME or name in _RESERVED_NAMES or not _NAME.fullmatch(name):
        return None
    value = each.value
    if isinstance(value, str) and each.type == "string":
        return Attribute("String", value) if value and not refused(value) else None
    if type(value) is int and each.type == _integer_type(value):
        return Attribute("Number", str(value))
    if type(value) is float and each.type == "r8" and _FRACTION.fullmatch(repr(value)):
        return Attribute("Number", repr(value))
    return None


def _integer_type(value: int) -> str:
    if value in _INT32:
        return "i4"
    return "i8" if value in _INT64 else ""


def _own_text(attributes: Mapping[str, Attribute], name: str) -> str:
    attribute = attributes.get(name)
    if attribute is None:
        return ""
    if not isinstance(attribute.value, str):
        raise MappingError(f"attribute {name}: binary, where text is expected")
    return attribute.value


def _descriptor(attributes: Mapping[str, Attribute], *, ccsid: int, format_: str) -> Descriptor:
    if DESCRIPTOR in attributes:
        descriptor = Descriptor(**_from_json(_own_text(attributes, DESCRIPTOR)))
    else:
        descriptor = Descriptor(ccsid=ccsid, format=format_)
    values = {}
    for name, attribute in _IN_ATTRIBUTES.items():
        if text := _own_text(attributes, attribute):
            values[name] = checked(name, text, f"attribute {attribute}")
    return replace(descriptor, **values) if values else descriptor


def _from_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise MappingError(f"attribute {DESCRIPTOR}: not JSON") from None
    if not isinstance(found, dict):
        raise MappingError(f"attribute {DESCRIPTOR}: not a JSON object")
    values = {}
    for name, value in found.items():
        if name not in FIELD_OF:
            raise MappingError(f"attribute {DESCRIPTOR}: has a field that MQMD does not have")
        values[FIELD_OF[name]] = checked(FIELD_OF[name], value, f"attribute {DESCRIPTOR}: {name}")
    return values


def _from_base64(text: str | bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MappingError(f"body: not base64, which attribute {BODY_ENCODING} says it is") from None


def _encode(text: str | bytes, descriptor: Descriptor) -> bytes:
    name = codec(descriptor.ccsid, descriptor.encoding)
    if name is None:
        raise MappingError(f"body: CCSID {descriptor.ccsid} is not known: choose another, {UTF_8} for UTF-8")
    try:
        return text.encode(name) if isinstance(text, str) else transcoded(text, name)
    except UnicodeDecodeError:
        raise MappingError("body: not text in UTF-8, which every offloaded body is") from None
    except UnicodeError:
        raise MappingError(
            f"body: has characters that CCSID {descriptor.ccsid} lacks: choose another, {UTF_8} for UTF-8"
        ) from None


def _properties(attributes: Mapping[str, Attribute]) -> dict[str, Property]:
    found: dict[str, Property] = {}
    if text := _own_text(attributes, PROPERTIES):
        try:
            found = properties.from_json(text)
        except (ValueError, RecursionError):
            raise MappingError(f"attribute {PROPERTIES}: not properties as JSON") from None
    for name, each in attributes.items():
        if name not in OWN:
            found[name] = _property(each)
    return found


def _property(attribute: Attribute) -> Property:
    value = attribute.value
    if isinstance(value, bytes):
        return Property(value, "bin.hex")
    # AWS lets a sender add a label of his own to a type, after a point.
    if attribute.type.partition(".")[0] == "Number":
        if _INTEGER.fullmatch(value) and int(value) in _INT64:
            return Property(int(value), _integer_type(int(value)))
        # A number of more digits than a double holds stays the text it is.
        if _DECIMAL.fullmatch(value) and Decimal(repr(float(value))) == Decimal(value):
            return Property(float(value), "r8")
    return Property(value)
