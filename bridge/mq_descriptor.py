"""MQMD: between the binding's structure and the bridge's `Descriptor`."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from bridge.message import Descriptor

_CHARACTERS = {
    "format": "Format",
    "reply_to_queue": "ReplyToQ",
    "reply_to_queue_manager": "ReplyToQMgr",
    "user": "UserIdentifier",
    "application_name": "PutApplName",
    "application_identity": "ApplIdentityData",
    "application_origin": "ApplOriginData",
    "put_date": "PutDate",
    "put_time": "PutTime",
}
_BYTES = {
    "message_id": ("MsgId", 24),
    "correlation_id": ("CorrelId", 24),
    "group_id": ("GroupId", 24),
    "accounting_token": ("AccountingToken", 32),
}
_NUMBERS = {
    "ccsid": "CodedCharSetId",
    "encoding": "Encoding",
    "message_type": "MsgType",
    "report": "Report",
    "feedback": "Feedback",
    "expiry": "Expiry",
    "priority": "Priority",
    "persistence": "Persistence",
    "application_type": "PutApplType",
    "sequence_number": "MsgSeqNumber",
    "offset": "Offset",
    "message_flags": "MsgFlags",
    "original_length": "OriginalLength",
}
_SECONDS_TOLD = 14  # characters of YYYYMMDDHHMMSS

# What a program may set without a right to set context, which the bridge never asks for.
_SETTABLE_NUMBERS = (
    "ccsid",
    "encoding",
    "message_type",
    "report",
    "feedback",
    "expiry",
    "priority",
    "persistence",
)
_SETTABLE_IDS = ("message_id", "correlation_id")
_SETTABLE_CHARACTERS = ("format", "reply_to_queue", "reply_to_queue_manager")


def from_mq(md: Any) -> Descriptor:
    """The descriptor of a message that was got."""
    values: dict[str, Any] = {name: getattr(md, field) for name, field in _NUMBERS.items()}
    for name, field in _CHARACTERS.items():
        values[name] = getattr(md, field).split(b"\0")[0].decode("latin-1").rstrip(" ")
    for name, (field, length) in _BYTES.items():
        values[name] = getattr(md, field).ljust(length, b"\0")
    return Descriptor(**values)


def to_mq(descriptor: Descriptor, md: Any) -> None:
    """Sets in `md`, a new structure, what goes with a message that is put; context is the queue manager's.

    A message of a group or in segments is put as one by itself: MQPUT takes either only in MQMD's version 2
    and with rights and order that a bridge can't vouch for.
    """
    for name in _SETTABLE_NUMBERS:
        setattr(md, _NUMBERS[name], getattr(descriptor, name))
    for name in _SETTABLE_IDS:
        setattr(md, _BYTES[name][0], getattr(descriptor, name))
    for name in _SETTABLE_CHARACTERS:
        setattr(md, _CHARACTERS[name], getattr(descriptor, name).encode("latin-1", "replace"))


def put_at(date: bytes | str, time: bytes | str) -> datetime | None:
    """When a message was put, from MQMD's PutDate and PutTime, which are UTC; None where they say nothing."""
    parts = (each if isinstance(each, str) else each.decode("ascii", "replace") for each in (date, time))
    text = "".join(parts)
    if len(text) < _SECONDS_TOLD or not text[:_SECONDS_TOLD].isdecimal():
        return None
    with contextlib.suppress(ValueError):
        # For each message: `strptime` takes fifteen times as long.
        found = datetime.fromisoformat(f"{text[:8]}T{text[8:_SECONDS_TOLD]}Z")
        hundredths = text[_SECONDS_TOLD:16]
        return found.replace(microsecond=int(hundredths) * 10_000 if hundredths.isdecimal() else 0)
    return None
