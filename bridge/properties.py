"""User properties as one line of JSON: how those travel that have no place of their own.

`{"name": ["type", value], ...}`, all ASCII. Bytes are in hex. Neither SNS and SQS nor an MQRFH2 header takes
every name, type and value that the other has; what does not fit goes this way and comes back the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from bridge.message import Property, PropertyValue

_BYTES = "hex:"
_NOT_FINITE = "float:"
_TEXT = "text:"


def to_json(properties: Mapping[str, Property]) -> str:
    """The properties as ASCII."""
    return json.dumps(
        {name: [each.type, _plain(each.value)] for name, each in properties.items()}, separators=(",", ":")
    )


def from_json(text: str) -> dict[str, Property]:
    """The properties again; raises `ValueError` where `text` is not what `to_json` writes."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of error for whatever is wrong
    return {name: _property(value) for name, value in found.items()}


def _plain(value: PropertyValue) -> Any:
    if isinstance(value, bytes):
        return _BYTES + value.hex()
    if isinstance(value, str):
        return _TEXT + value
    if isinstance(value, float) and not math.isfinite(value):
        return _NOT_FINITE + repr(value)
    return value


def _property(found: Any) -> Property:
    if not isinstance(found, list) or len(found) != 2 or not isinstance(found[0], str):
        raise ValueError("not a type and a value")
    kind, value = found
    if isinstance(value, str):
        if value.startswith(_TEXT):
            value = value[len(_TEXT) :]
        elif value.startswith(_BYTES):
            value = bytes.fromhex(value[len(_BYTES) :])
        elif value.startswith(_NOT_FINITE):
            value = float(value[len(_NOT_FINITE) :])
        else:
            raise ValueError("not a value")
    elif not isinstance(value, bool | int | float | None):
        raise ValueError("not a value")  # noqa: TRY004 - as above
    return Property(value, kind)
