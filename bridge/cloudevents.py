"""CloudEvents 1.0 in JSON (structured mode): what a body is wrapped in, and taken out of again. Pure.

CloudEvents specification 1.0.2 and its JSON event format, sections 2 and 3.1: `data` is JSON where the
content is, a text otherwise, and bytes are `data_base64`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder
from typing import Any

from bridge.errors import MappingError
from bridge.large_text import LARGE, LargeText, between, in_base64
from bridge.message import Property

_WHITE = " \t\n\r"
_STRICT = JSONDecoder(strict=True)


@dataclass(frozen=True, slots=True)
class Event:
    """What was in an event: bytes where it had `data_base64`, else a text; context attributes as `ce_...`."""

    data: str | bytes = field(repr=False)
    properties: Mapping[str, Property] = field(repr=False)


def wrapped(context: Mapping[str, str], body: bytes, text: str | None) -> str | LargeText:
    """An event of these context attributes, around a body, which is `text` where it is any.

    JSON stands in it as it is, to the last digit and blank. A body of more than a mebibyte is in base64,
    whatever it is.
    """
    event = {"specversion": "1.0", **context}
    if not body:
        return json.dumps(event, separators=(",", ":"))
    if len(body) > LARGE:
        head = json.dumps({**event, "datacontenttype": "application/octet-stream"}, separators=(",", ":"))
        return between(f'{head[:-1]},"data_base64":"'.encode(), in_base64(body), b'"}')
    if text is None:
        event |= {"datacontenttype": "application/octet-stream"}
        return json.dumps({**event, "data_base64": base64.b64encode(body).decode()}, separators=(",", ":"))
    if not _is_json(text):
        event |= {"datacontenttype": "text/plain", "data": text}
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    head = json.dumps({**event, "datacontenttype": "application/json"}, separators=(",", ":"))
    return f'{head[:-1]},"data":{text}}}'


def read(text: str | bytes, *, exact: bool = False) -> Event:
    """What is in an event; raises `MappingError` where it is none. JSON comes as it was written.

    An `exact` one is of ours: the blanks around its data are the data's.
    """
    try:
        given = text if isinstance(text, str) else text.decode()
        members = {name: (value, raw if exact else raw.strip(_WHITE)) for name, value, raw in _members(given)}
    except (ValueError, RecursionError):
        raise MappingError("body: no CloudEvent, which is a JSON object") from None
    missing = [name for name in ("specversion", "id", "source", "type") if not _text(members.get(name))]
    if missing or members["specversion"][0] != "1.0":
        lacks = f"it lacks {', '.join(missing)}" if missing else "its specversion is another"
        raise MappingError(f"body: no CloudEvent 1.0: {lacks}")
    properties = {
        f"ce_{name}": Property(value if isinstance(value, str) else json.dumps(value))
        for name, (value, _) in members.items()
        if name not in {"specversion", "data", "data_base64"} and value is not None
    }
    return Event(_data(members), properties)


def _data(members: Mapping[str, tuple[Any, str]]) -> str | bytes:
    if "data_base64" in members:
        try:
            return base64.b64decode(members["data_base64"][0], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise MappingError("body: the CloudEvent's data_base64 is not base64") from None
    value, raw = members.get("data", ("", ""))
    kind = _text(members.get("datacontenttype")).partition(";")[0].strip().lower()
    # Without a content type, data is JSON.
    as_json = not kind or kind.endswith(("/json", "+json"))
    return value if isinstance(value, str) and not as_json else raw


def _text(member: tuple[Any, str] | None) -> str:
    return member[0] if member and isinstance(member[0], str) else ""


def _members(text: str) -> Iterator[tuple[str, Any, str]]:
    """An object's members: name, value, and the value as it was written, blanks too. Raises `ValueError`."""
    position = _expected("{", text, 0)
    if text.startswith("}", _blank(text, position)):
        return
    while True:
        name, position = _STRICT.raw_decode(text, _expected('"', text, position) - 1)
        start = _expected(":", text, position)
        value, position = _STRICT.raw_decode(text, _blank(text, start))
        position = _blank(text, position)
        yield name, value, text[start:position]
        if text[position : position + 1] != ",":
            break
        position += 1
    position = _blank(text, _expected("}", text, position))
    if position != len(text):
        raise JSONDecodeError("more than an object", text, position)


def _expected(sign: str, text: str, position: int) -> int:
    position = _blank(text, position)
    if text[position : position + 1] != sign:
        raise JSONDecodeError(f"no {sign}", text, position)
    return position + 1


def _blank(text: str, position: int) -> int:
    while position < len(text) and text[position] in _WHITE:
        position += 1
    return position


def _is_json(text: str) -> bool:
    """Whether it is, by the book: Python's own NaN is none."""
    try:
        json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return False
    return True


def _refused(_name: str) -> None:
    raise ValueError
