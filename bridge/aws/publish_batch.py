"""What PublishBatch is asked, as the form that SNS takes, and what it answers, which is XML.

Source: "PublishBatch", Amazon SNS API Reference, and the service's description in botocore, which writes
the same form a character at a time, twice. Here it is quoted in C.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from botocore.parsers import ResponseParserError

from bridge._native import quoted

if TYPE_CHECKING:
    from bridge.aws.delivery import Entry
    from bridge.mapping import Attribute

HEADERS: Final = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
_NAMES_KEPT = 4_096  # of attributes and their types: all messages have the same few


def asked(topic: str, entries: Mapping[str, Entry]) -> bytes:
    """The form for a topic (its ARN) and entries by their ids."""
    fields = [b"Action=PublishBatch&Version=2010-03-31&TopicArn=", _name(topic)]
    for number, (name, entry) in enumerate(entries.items(), 1):
        start = b"&PublishBatchRequestEntries.member.%d." % number
        fields += (start, b"Id=", _name(name), start, b"Message=", quoted(entry.cloud.inline))
        for place, (each, attribute) in enumerate(entry.cloud.attributes.items(), 1):
            fields.append(_attribute(b"%sMessageAttributes.entry.%d." % (start, place), each, attribute))
        for key, value in entry.order.items():
            fields += (start, _name(key), b"=", quoted(value))
    return b"".join(fields)


def _attribute(start: bytes, name: str, attribute: Attribute) -> bytes:
    value = attribute.value
    if isinstance(value, str):
        kind, written = b"String", quoted(value)
    else:
        kind, written = b"Binary", quoted(base64.b64encode(value).decode())
    return b"%sName=%s%sValue.DataType=%s%sValue.%sValue=%s" % (
        start,
        _name(name),
        start,
        _name(attribute.type),
        start,
        kind,
        written,
    )


def answer(body: bytes) -> dict[str, list[dict[str, Any]]]:
    """`Successful` and `Failed` of PublishBatch's answer; raises `ResponseParserError` for anything else."""
    try:
        found = ET.fromstring(body)  # noqa: S314 - AWS's; expat bounds what its entities grow to
    except ET.ParseError:
        raise ResponseParserError("no XML") from None
    if _local(found.tag) != "PublishBatchResponse":  # a proxy's page, say
        raise ResponseParserError("no answer of PublishBatch's")
    lists: dict[str, list[dict[str, Any]]] = {"Successful": [], "Failed": []}
    for each in found.iter():
        name = _local(each.tag)
        if name in lists:
            lists[name] += (dict(_fields(member)) for member in each)
    return lists


def _fields(member: ET.Element) -> Iterator[tuple[str, Any]]:
    for field in member:
        name, text = _local(field.tag), field.text or ""
        yield name, text == "true" if name == "SenderFault" else text


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


_name = lru_cache(_NAMES_KEPT)(quoted)
