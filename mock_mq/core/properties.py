"""Message properties: where a message keeps them (an MQRFH2 in front of its data), and what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from xml.sax.saxutils import unescape

from mock_mq.wire.fields import WireError
from mock_mq.wire.rfh2 import FORMAT, Rfh2
from mock_mq.wire.structures import MessageDescriptor

Value = str | int | float | bool | bytes | None
_INHERITED = -2  # MQCCSI_INHERIT
_TAG = re.compile(r"<([^\s/<>=]+)((?:\s+[\w:]+\s*=\s*(?:'[^']*'|\"[^\"]*\"))*)\s*(/?)>")
_TYPE = re.compile(r"\bdt\s*=\s*['\"]([\w.]+)['\"]")
_EMPTY = re.compile(r"xsi:nil\s*=\s*['\"]true['\"]")
_MAX_DEPTH = 16


def without(descriptor: MessageDescriptor, data: bytes) -> tuple[MessageDescriptor, bytes]:
    """A message without its properties, as MQGMO_NO_PROPERTIES gives it."""
    split = _split(descriptor, data)
    if split is None:
        return descriptor, data
    header, rest = split
    inner = replace(
        descriptor,
        format=header.format,
        encoding=header.encoding,
        ccsid=descriptor.ccsid if header.ccsid == _INHERITED else header.ccsid,
    )
    return inner, rest


def of(descriptor: MessageDescriptor, data: bytes) -> Mapping[str, Value]:
    """A message's properties by name: those of `usr` by their own names, the others as `folder.name`.

    Empty where there is no header, or one that can't be read.
    """
    split = _split(descriptor, data)
    found: dict[str, Value] = {}
    if split is not None:
        for folder in split[0].folders:
            for path, value in _values(folder):
                found[".".join(path[1:] if path[0] == "usr" else path)] = value
    return found


def _split(descriptor: MessageDescriptor, data: bytes) -> tuple[Rfh2, bytes] | None:
    if descriptor.format != FORMAT:
        return None
    try:
        header, length = Rfh2.unpack(data, descriptor.encoding)
    except WireError:
        return None
    return header, data[length:]


def _values(folder: str) -> Iterator[tuple[list[str], Value]]:
    """The leaves of a folder: where they stand, and what they are. A folder that is not XML ends early."""
    path: list[str] = []
    at = 0
    while (tag := _TAG.search(folder, at)) is not None:
        closing = folder[at : tag.start()].count("</")
        del path[len(path) - min(closing, len(path)) :]
        at = tag.end()
        if len(path) >= _MAX_DEPTH:
            return
        path.append(tag[1])
        if tag[3]:
            yield list(path), _typed("", tag[2])
            path.pop()
            continue
        end = folder.find("<", at)
        if end >= 0 and folder.startswith(f"</{tag[1]}>", end) and len(path) > 1:
            yield list(path), _typed(folder[at:end], tag[2])


def _typed(text: str, attributes: str) -> Value:
    kind = _TYPE.search(attributes)
    if _EMPTY.search(attributes):
        return None
    text = unescape(text, {"&apos;": "'", "&quot;": '"'})
    try:
        return _CONVERTERS.get(kind[1] if kind else "string", str)(text)
    except ValueError:
        return text


_CONVERTERS: Mapping[str, Callable[[str], Value]] = {
    "boolean": lambda text: text == "1",
    "bin.hex": bytes.fromhex,
    "i1": int,
    "i2": int,
    "i4": int,
    "i8": int,
    "int": int,
    "r4": float,
    "r8": float,
}
