"""Message properties as an MQRFH2's folders write them: `<usr><colour>blue</colour></usr>`.

As in "MQRFH2", "Property names" and "Property data types" of the IBM MQ documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from html import escape
from typing import Any

Value = str | int | float | bool | bytes | None
_TAG = re.compile(r"<([^\s/<>=]+)((?:\s+[\w:]+\s*=\s*(?:'[^']*'|\"[^\"]*\"))*)\s*(/?)>")
_TYPE = re.compile(r"\bdt\s*=\s*['\"]([\w.]+)['\"]")
_EMPTY = re.compile(r"xsi:nil\s*=\s*['\"]true['\"]")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(lt|gt|amp|apos|quot));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"'}
_MAX_DEPTH = 16
_LAST_CHARACTER = 0x10FFFF


class PropertyType(IntEnum):
    """MQTYPE_*."""

    NULL = 0x2
    BOOLEAN = 0x4
    BYTE_STRING = 0x8
    INT8 = 0x10
    INT16 = 0x20
    INT32 = 0x40
    INT64 = 0x80
    FLOAT32 = 0x100
    FLOAT64 = 0x200
    STRING = 0x400


@dataclass(frozen=True, slots=True)
class Property:
    """A property by its name: `colour` for one of `usr`'s, `folder.name` for one of another's."""

    name: str
    type: PropertyType
    value: Value


def canonical(name: str) -> str:
    """A property's one name: `usr.colour` is `colour`."""
    return name.removeprefix("usr.")


def read(folders: Iterable[str]) -> Iterator[Property]:
    """The properties in an MQRFH2's folders. A folder that is not XML ends early."""
    for folder in folders:
        for path, text, attributes in _leaves(folder):
            name = ".".join(path[1:] if path[0] == "usr" else path)
            kind, value = _typed(text, attributes)
            yield Property(name, kind, value)


def write(properties: Iterable[Property]) -> tuple[str, ...]:
    """The folders that carry these properties, in the order in which they are first named."""
    folders: dict[str, Any] = {}
    for each in properties:
        path = each.name.split(".")
        if len(path) == 1:
            path = ["usr", *path]
        inner = folders
        for part in path[:-1]:
            below = inner.setdefault(part, {})
            inner = below if isinstance(below, dict) else inner
        inner[path[-1]] = each
    return tuple(_element(name, content) for name, content in folders.items())


def _element(name: str, content: dict[str, Any] | Property) -> str:
    if isinstance(content, Property):
        return _leaf(name, content)
    inside = "".join(_element(inner, each) for inner, each in content.items())
    return f"<{name}>{inside}</{name}>"


def _leaf(name: str, each: Property) -> str:
    if each.type is PropertyType.NULL:
        return f'<{name} xsi:nil="true"></{name}>'
    kind = _NAMES.get(each.type)
    attribute = f' dt="{kind}"' if kind else ""
    return f"<{name}{attribute}>{_text(each.value)}</{name}>"


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, str):
        # What is beyond the basic plane is written as a reference: IBM's Java client reads nothing else.
        plain = escape(value, quote=False)
        return re.sub(r"[\U00010000-\U0010ffff]", lambda found: f"&#x{ord(found[0]):X};", plain)
    return str(value)


def _leaves(folder: str) -> Iterator[tuple[list[str], str, str]]:
    """The leaves of a folder: where they stand, their text, their attributes."""
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
            yield list(path), "", tag[2]
            path.pop()
            continue
        end = folder.find("<", at)
        if end >= 0 and folder.startswith(f"</{tag[1]}>", end) and len(path) > 1:
            yield list(path), folder[at:end], tag[2]


def _typed(text: str, attributes: str) -> tuple[PropertyType, Value]:
    if _EMPTY.search(attributes):
        return PropertyType.NULL, None
    written = _TYPE.search(attributes)
    kind = _TYPES.get(written[1] if written else "string", PropertyType.STRING)
    text = _REFERENCE.sub(_referred, text)
    try:
        return kind, _of(kind, text)
    except ValueError:
        return PropertyType.STRING, text


def _referred(found: re.Match[str]) -> str:
    if found[3]:
        return _NAMED[found[3]]
    number = int(found[1], 16) if found[1] else int(found[2])
    return chr(number) if number <= _LAST_CHARACTER else found[0]


def _of(kind: PropertyType, text: str) -> Value:
    if kind is PropertyType.BOOLEAN:
        return text == "1"
    if kind is PropertyType.BYTE_STRING:
        return bytes.fromhex(text)
    if kind in (PropertyType.FLOAT32, PropertyType.FLOAT64):
        return float(text)
    return text if kind is PropertyType.STRING else int(text)


_TYPES: Mapping[str, PropertyType] = {
    "boolean": PropertyType.BOOLEAN,
    "bin.hex": PropertyType.BYTE_STRING,
    "i1": PropertyType.INT8,
    "i2": PropertyType.INT16,
    "i4": PropertyType.INT32,
    "int": PropertyType.INT64,
    "i8": PropertyType.INT64,
    "r4": PropertyType.FLOAT32,
    "r8": PropertyType.FLOAT64,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}
