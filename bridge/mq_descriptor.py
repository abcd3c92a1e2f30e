"""MQMD: between the bytes that MQ's client takes and gives, and the bridge's `Descriptor`."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from functools import lru_cache

from bridge.message import NO_ID, Descriptor

# MQMD's second version as cmqc.h has it, all fields, without gaps; the first lacks the last five.
_MQMD = struct.Struct("=4s7i8s2i24s24si48s48s12s32s32si28s8s8s4s24s4i")
_ID, _FIRST_VERSION = b"MD  ", 1
_NO_TOKEN = bytes(32)
_NAMES_KEPT = 1_024  # queues, users, programs, formats: the same few come with every message
_TIME_TOLD = 6  # characters of HHMMSS


def read(packed: bytes) -> tuple[Descriptor, int]:
    """The descriptor of a message that was got (364 bytes, MQMD's second version), and its BackoutCount."""
    (
        _,
        _,
        report,
        message_type,
        expiry,
        feedback,
        encoding,
        ccsid,
        format_,
        priority,
        persistence,
        message_id,
        correlation_id,
        backout_count,
        reply_to_queue,
        reply_to_queue_manager,
        user,
        accounting_token,
        application_identity,
        application_type,
        application_name,
        put_date,
        put_time,
        application_origin,
        group_id,
        sequence_number,
        offset,
        message_flags,
        original_length,
    ) = _MQMD.unpack(packed)
    descriptor = Descriptor(
        message_id=message_id,
        correlation_id=correlation_id,
        group_id=group_id,
        format=_name(format_),
        ccsid=ccsid,
        encoding=encoding,
        message_type=message_type,
        report=report,
        feedback=feedback,
        expiry=expiry,
        priority=priority,
        persistence=persistence,
        reply_to_queue=_name(reply_to_queue),
        reply_to_queue_manager=_name(reply_to_queue_manager),
        user=_name(user),
        application_name=_name(application_name),
        application_type=application_type,
        application_identity=_name(application_identity),
        application_origin=_name(application_origin),
        accounting_token=accounting_token,
        put_date=_name(put_date),
        put_time=_name(put_time),
        sequence_number=sequence_number,
        offset=offset,
        message_flags=message_flags,
        original_length=original_length,
    )
    return descriptor, backout_count


def write(descriptor: Descriptor) -> bytes:
    """What goes with a message that is put; context is the queue manager's.

    Without a right to set context, which the bridge never asks for, a program may set no more. And a message
    of a group or in segments is put as one by itself: MQPUT takes either only in MQMD's version 2 and with
    rights and order that a bridge can't vouch for.
    """
    return _MQMD.pack(
        _ID,
        _FIRST_VERSION,
        descriptor.report,
        descriptor.message_type,
        descriptor.expiry,
        descriptor.feedback,
        descriptor.encoding,
        descriptor.ccsid,
        _characters(descriptor.format),
        descriptor.priority,
        descriptor.persistence,
        descriptor.message_id,
        descriptor.correlation_id,
        0,
        _characters(descriptor.reply_to_queue),
        _characters(descriptor.reply_to_queue_manager),
        b"",
        _NO_TOKEN,
        b"",
        0,
        b"",
        b"",
        b"",
        b"",
        NO_ID,
        1,
        0,
        0,
        -1,
    )


def _text(raw: bytes) -> str:
    """A character field without its padding: blanks, or from a zero on, as in C."""
    return raw.split(b"\0")[0].decode("latin-1").rstrip(" ")


_name = lru_cache(_NAMES_KEPT)(_text)


@lru_cache(_NAMES_KEPT)
def _characters(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def put_at(date: bytes | str, time: bytes | str) -> datetime | None:
    """When a message was put, from MQMD's PutDate and PutTime, which are UTC; None where they say nothing."""
    seconds = put_seconds(_ascii(date), _ascii(time))
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def put_seconds(date: str, time: str) -> float | None:
    """The same in seconds since the epoch."""
    second = _second(date, time[:_TIME_TOLD])
    if second is None:
        return None
    hundredths = time[_TIME_TOLD:8]
    return second + int(hundredths) / 100 if hundredths.isdecimal() else second


@lru_cache(maxsize=64)
def _second(date: str, time: str) -> float | None:
    """In seconds since the epoch; kept, for many messages are put in one."""
    if not (len(date) == len("YYYYMMDD") and date.isdecimal()):
        return None
    if not (len(time) == len("HHMMSS") and time.isdecimal()):
        return None
    numbers = (int(date[:4]), int(date[4:6]), int(date[6:]), int(time[:2]), int(time[2:4]), int(time[4:]))
    try:
        return datetime(*numbers, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _ascii(text: bytes | str) -> str:
    return text if isinstance(text, str) else text.decode("ascii", "replace")
