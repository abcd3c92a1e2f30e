"""The message descriptor's fields: MQ's names for them, their lengths, and what a value must be."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from bridge.errors import MappingError
from bridge.message import Descriptor

INT32 = range(-(2**31), 2**31)


@dataclass(frozen=True, slots=True)
class Field:
    """A field as MQMD has it; `length` is of those that are characters or bytes, 0 for a number."""

    mq_name: str
    length: int


# By their names in `Descriptor`; lengths from IBM's reference of MQMD.
FIELDS = {
    "message_id": Field("MsgId", 24),
    "correlation_id": Field("CorrelId", 24),
    "group_id": Field("GroupId", 24),
    "format": Field("Format", 8),
    "ccsid": Field("CodedCharSetId", 0),
    "encoding": Field("Encoding", 0),
    "message_type": Field("MsgType", 0),
    "report": Field("Report", 0),
    "feedback": Field("Feedback", 0),
    "expiry": Field("Expiry", 0),
    "priority": Field("Priority", 0),
    "persistence": Field("Persistence", 0),
    "reply_to_queue": Field("ReplyToQ", 48),
    "reply_to_queue_manager": Field("ReplyToQMgr", 48),
    "user": Field("UserIdentifier", 12),
    "application_name": Field("PutApplName", 28),
    "application_type": Field("PutApplType", 0),
    "application_identity": Field("ApplIdentityData", 32),
    "application_origin": Field("ApplOriginData", 4),
    "accounting_token": Field("AccountingToken", 32),
    "put_date": Field("PutDate", 8),
    "put_time": Field("PutTime", 8),
    "sequence_number": Field("MsgSeqNumber", 0),
    "offset": Field("Offset", 0),
    "message_flags": Field("MsgFlags", 0),
    "original_length": Field("OriginalLength", 0),
}
FIELD_OF = {each.mq_name: name for name, each in FIELDS.items()}
DEFAULTS = {each.name: getattr(Descriptor(), each.name) for each in fields(Descriptor)}


def checked(name: str, value: Any, where: str) -> Any:
    """A descriptor's field as its type wants it, bytes from hex.

    Raises `MappingError` for what MQ would have no room for; `where` says what is wrong then.
    """
    length = FIELDS[name].length
    default = DEFAULTS[name]
    if isinstance(default, bytes):
        try:
            raw = bytes.fromhex(value)
        except (TypeError, ValueError):
            raise MappingError(f"{where}: not {length} bytes in hex") from None
        if len(raw) != length:
            raise MappingError(f"{where}: {len(raw)} bytes, where it has {length}")
        return raw
    if isinstance(default, str):
        if not isinstance(value, str) or len(value) > length:
            raise MappingError(f"{where}: not a text of at most {length} characters")
        return value
    if type(value) is not int or value not in INT32:
        raise MappingError(f"{where}: not an integer of 32 bits")
    return value
