"""MQGMO_CONVERT: a message's data in another CCSID and encoding, as far as its format tells what it is.

As in "Data conversion" of the IBM MQ documentation: text (MQSTR), the headers MQRFH2 and MQDLH with what
follows them, and PCF messages; data without a format can't be converted (2110).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from code_pages.ccsid import codec
from mock_mq.constants import Reason
from mock_mq.core.reports import DeadLetterHeader
from mock_mq.errors import MQError
from mock_mq.pcf.structures import reencode
from mock_mq.wire.fields import WireError
from mock_mq.wire.rfh2 import FORMAT as RFH2
from mock_mq.wire.rfh2 import Rfh2, order_of
from mock_mq.wire.structures import MessageDescriptor

_INHERITED = -2  # MQCCSI_INHERIT
_AS_QUEUE_MANAGER = 0  # MQCCSI_Q_MGR
_MAX_HEADERS = 8


def convert(
    descriptor: MessageDescriptor, data: bytes, ccsid: int, encoding: int
) -> tuple[MessageDescriptor, bytes]:
    """A message with its data in `ccsid` and `encoding`.

    Raises 2110 (a format that is not known, or data that is not of it), 2111 and 2115 (a CCSID that is not
    known, of the message or asked for) and 2119 (text that is not in its CCSID).
    """
    if (ccsid, encoding) == (descriptor.ccsid, descriptor.encoding) or not data:
        return descriptor.but(ccsid=ccsid, encoding=encoding), data
    if codec(ccsid, encoding) is None:
        raise MQError(Reason.TARGET_CCSID_ERROR, str(ccsid))
    body = _body(descriptor.format, data, (descriptor.ccsid, descriptor.encoding), (ccsid, encoding), 0)
    return descriptor.but(ccsid=ccsid, encoding=encoding), body


def _body(
    message_format: str, data: bytes, was: tuple[int, int], wanted: tuple[int, int], depth: int
) -> bytes:
    handler = _FORMATS.get(message_format)
    if handler is None or depth > _MAX_HEADERS:
        raise MQError(Reason.FORMAT_ERROR, repr(message_format))
    try:
        return handler(data, was, wanted, depth)
    except WireError as e:
        raise MQError(Reason.FORMAT_ERROR, str(e)) from None


def _text(data: bytes, was: tuple[int, int], wanted: tuple[int, int], _depth: int = 0) -> bytes:
    source, target = codec(*was), codec(*wanted)
    if source is None:
        raise MQError(Reason.SOURCE_CCSID_ERROR, str(was[0]))
    if target is None:
        raise MQError(Reason.TARGET_CCSID_ERROR, str(wanted[0]))
    try:
        text = data.decode(source)
    except UnicodeDecodeError:
        raise MQError(Reason.NOT_CONVERTED, f"not text in CCSID {was[0]}") from None
    try:
        return text.encode(target)
    except UnicodeEncodeError:
        # What the target does not have becomes its substitute, SUB, as in MQ's own tables.
        return b"".join(_character(each, target) for each in text)


def _character(letter: str, target: str) -> bytes:
    try:
        return letter.encode(target)
    except UnicodeEncodeError:
        return "\x1a".encode(target)


def _rfh2(data: bytes, was: tuple[int, int], wanted: tuple[int, int], depth: int) -> bytes:
    header, length = Rfh2.unpack(data, was[1])
    inner = (was[0] if header.ccsid == _INHERITED else header.ccsid, header.encoding)
    rest = data[length:]
    written = replace(header, encoding=wanted[1], ccsid=wanted[0])
    if header.format and rest:
        rest = _body(header.format, rest, inner, wanted, depth + 1)
    else:
        written = header  # bytes of no known kind stay as they are, and so does what is said of them
    return written.pack(wanted[1]) + rest


def _dead_letter(data: bytes, was: tuple[int, int], wanted: tuple[int, int], depth: int) -> bytes:
    header = DeadLetterHeader.unpack(data, order_of(was[1]))
    rest = data[header.length :]
    inner = (was[0] if header.ccsid in (_INHERITED, _AS_QUEUE_MANAGER) else header.ccsid, header.encoding)
    if header.format and rest:
        rest = _body(header.format, rest, inner, wanted, depth + 1)
        header = header.but(ccsid=wanted[0], encoding=wanted[1])
    return header.pack(order_of(wanted[1])) + rest


def _pcf(data: bytes, was: tuple[int, int], wanted: tuple[int, int], _depth: int) -> bytes:
    return reencode(data, was, wanted)


_FORMATS: dict[str, Callable[[bytes, tuple[int, int], tuple[int, int], int], bytes]] = {
    "MQSTR": _text,
    RFH2: _rfh2,
    "MQDEAD": _dead_letter,
    "MQADMIN": _pcf,
    "MQEVENT": _pcf,
    "MQPCF": _pcf,
}
