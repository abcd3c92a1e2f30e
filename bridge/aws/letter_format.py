"""letter.json: all about a dead letter but its body. Pure."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from bridge.aws.faults import LONGEST_REASON, capped
from bridge.letters import DamagedLetter, Particulars
from bridge.message import DeadLetter, Descriptor, Property, PropertyValue

VERSION = 1
"""Of the format. What was added later may be missing: `source_id`, `as_received`."""

_BYTES_FIELDS = tuple(
    name for name in Descriptor.__dataclass_fields__ if isinstance(getattr(Descriptor(), name), bytes)
)


def write(letter: DeadLetter, now: datetime) -> bytes:
    """A letter's document, set aside `now`."""
    body = letter.message.body
    told = {
        "version": VERSION,
        "route": letter.route,
        "source": letter.source,
        "source_id": letter.message.source_id,
        "destination": letter.destination,
        "reason": capped(letter.reason, LONGEST_REASON),
        "attempts": letter.attempts,
        "when": now.isoformat(timespec="milliseconds"),
        "as_received": letter.as_received,
        "descriptor": descriptor(letter.message.descriptor),
        "properties": properties(letter.message.properties),
        "body": {"length": len(body), "sha256": sha256(body).hexdigest()},
    }
    return json.dumps(told, indent=2).encode()


def read(document: bytes) -> Particulars:
    """What a document tells; raises `DamagedLetter`."""
    try:
        told = json.loads(document)
        if told["version"] != VERSION:
            raise DamagedLetter(
                f"letter.json: written in format {told['version']!r}; this bridge reads {VERSION}"
            )
        when = datetime.fromisoformat(told["when"])
        return Particulars(
            route=_is(str, told["route"]),
            source=_is(str, told["source"]),
            destination=_is(str, told["destination"]),
            reason=_is(str, told["reason"]),
            attempts=_is(int, told["attempts"]),
            when=when if when.tzinfo else when.replace(tzinfo=UTC),
            length=_is(int, told["body"]["length"]),
            sha256=_is(str, told["body"]["sha256"]),
            descriptor=_descriptor(told["descriptor"]),
            properties=MappingProxyType(
                {
                    name: Property(_value(held["value"]), _is(str, held["type"]))
                    for name, held in told["properties"].items()
                }
            ),
            source_id=_is(str, told.get("source_id", "")),
            as_received=_is(bool, told.get("as_received", False)),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedLetter(f"letter.json: not a dead letter ({type(error).__name__}): restore it") from None


def descriptor(given: Descriptor) -> dict[str, Any]:
    """As JSON has it: bytes in hex."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(given).items()}


def properties(given: Mapping[str, Property]) -> dict[str, Any]:
    """As JSON has them."""
    return {name: {"type": held.type, "value": _plain(held.value)} for name, held in given.items()}


def _is(wanted: type, value: Any) -> Any:
    if type(value) is not wanted:
        raise TypeError(wanted.__name__)
    return value


def _descriptor(told: Mapping[str, Any]) -> Descriptor:
    values: dict[str, Any] = {
        name: bytes.fromhex(value) if name in _BYTES_FIELDS else value for name, value in told.items()
    }
    for name, value in values.items():
        _is(type(getattr(Descriptor(), name)), value)
    return Descriptor(**values)


def _plain(value: PropertyValue) -> Any:
    """A property's value as JSON has it; what JSON hasn't is an object that names its kind."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _value(told: Any) -> PropertyValue:
    match told:
        case {"base64": str(text)}:
            return base64.b64decode(text, validate=True)
        case {"float": str(text)}:
            return float(text)
        case None | bool() | int() | float() | str():
            return told
    raise ValueError("a property's value is of no known kind")
