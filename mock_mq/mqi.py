"""MQI calls as they arrive: from a segment to the queue manager's core, and from its answer to a reply.

The core raises `MQError`; only here a reason becomes a reply's completion code and reason. A call that this
queue manager does not have is answered with MQRC_FUNCTION_NOT_SUPPORTED and logged, never with an invention.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from code_pages.ccsid import codec
from mock_mq.constants import CompletionCode, DefinitionType, GetOption, OpenOption, Reason
from mock_mq.core import Connection, QueueDefinition
from mock_mq.core.queue import MAX_PRIORITY
from mock_mq.errors import MQError
from mock_mq.wire.calls import (
    ApiHeader,
    Call,
    Close,
    Cursor,
    Get,
    Got,
    Inquire,
    Inquired,
    Open,
    Plain,
    Put,
    Put1,
    Set,
    Stat,
    handle_of,
    string_of,
)
from mock_mq.wire.consuming import RequestMessages
from mock_mq.wire.fields import Buffer, WireError
from mock_mq.wire.segment import Segment, SegmentType
from mock_mq.wire.spi import SpiHeader, SpiOpen, SpiQueried, SpiQuery, SpiVerb, VerbVersions
from mock_mq.wire.structures import MessageDescriptor, ObjectDescriptor, PutMessageOptions, StatusReport

log = logging.getLogger(__name__)

_UNLIMITED = -1
_HEADERS_KEPT = 1024
_MOST = 0.95  # of the memory that a long message came in is its own: to copy it would gain nothing
_UNUSABLE_HANDLE = -1
_SAVES_CONTEXT = 0x3  # LPOO's own way to ask for it: of identity, of origin
_NO_QUEUE = QueueDefinition("")  # what the queue manager's own handle is told in place of a queue's defaults


@dataclass(frozen=True, slots=True)
class Wait:
    """An MQGET found nothing yet: ask again when a message has come, or at `until` (None: no end)."""

    until: float | None


class MQI:
    """The calls of one connection, in the handles and units of work of `connection`.

    `max_message` is the channel's limit in bytes, `wake` is called once when a call that waits is worth
    another try, and `facts` go with every log line.
    """

    def __init__(
        self,
        connection: Connection,
        queue_manager: str,
        *,
        max_message: int,
        wake: Callable[[], None],
        facts: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._queue_manager = queue_manager
        self._max_message = max_message
        self._wake = wake
        self._facts = facts

    def answer(self, segment: Segment, now: float, wait: Wait | None) -> Call | Wait:
        """The reply to a call, or for how long it waits. `wait` is what an earlier try of it answered.

        Raises `WireError` where the body is not the call's.
        """
        if segment.type == SegmentType.MQGET:
            return self._get(Get.unpack(segment.body, segment.order), now, wait)
        known = _SPI.get(_verb(segment)) if segment.type == SegmentType.SPI else _CALLS.get(segment.type)
        if known is None:
            return self._unsupported(segment)
        kind, handler = known
        call = kind.unpack(segment.body, segment.order)
        try:
            reply: Call = handler(self, call)
        except MQError as e:
            reply = _refused(call, e)
        return reply

    def ended(self, segment: Segment) -> Got:
        """The reply to an MQGET that waits while the queue manager ends."""
        call = Get.unpack(segment.body, segment.order)
        header = _failed(MQError(Reason.Q_MGR_STOPPING), call.header.handle)
        return Got(call.descriptor, call.options, header=header)

    def _unsupported(self, segment: Segment) -> Plain:
        name = f"SPI verb {_verb(segment)}" if segment.type == SegmentType.SPI else segment.name
        log.warning("%s is not supported: answered with 2298", name, extra=self._facts)
        return Plain(header=_failed(MQError(Reason.FUNCTION_NOT_SUPPORTED)))

    def _open(self, call: Open) -> Open:
        handle, descriptor = self._opened(call.descriptor, call.strings, call.options)
        attributes = call.attributes and call.attributes.but(**self._defaults(handle))
        return replace(call, descriptor=descriptor, attributes=attributes, header=ApiHeader(handle=handle))

    def _spi_open(self, call: SpiOpen) -> SpiOpen:
        options = call.options.options
        if call.options.extra_options & _SAVES_CONTEXT:
            options |= OpenOption.SAVE_ALL_CONTEXT
        handle, descriptor = self._opened(call.descriptor, call.strings, options)
        return replace(
            call,
            options=call.options.but(**self._defaults(handle)),
            descriptor=descriptor,
            header=ApiHeader(handle=handle),
            is_reply=True,
        )

    def _defaults(self, handle: int) -> dict[str, int]:
        """What MQOPEN tells of a queue."""
        definition = self._connection.definition_of(handle) or _NO_QUEUE
        return {
            "persistence": definition.default_persistence,
            "put_response": definition.default_put_response,
            "read_ahead": definition.default_read_ahead,
            "property_control": definition.property_control,
        }

    def _opened(self, asked: ObjectDescriptor, strings: bytes, options: int) -> tuple[int, ObjectDescriptor]:
        if string_of(asked, strings, asked.object_string):
            raise MQError(Reason.FUNCTION_NOT_SUPPORTED, "topics")
        selection = string_of(asked, strings, asked.selection_string)
        handle = self._connection.open(
            asked, options, _selector_text(selection, asked.selection_string.ccsid)
        )
        return handle, self._resolved(asked, self._connection.queue_of(handle), self._made(handle))

    def _made(self, handle: int) -> str:
        """The name of the queue that a handle made, from a model; empty otherwise."""
        definition = self._connection.definition_of(handle)
        dynamic = definition is not None and definition.definition_type is not DefinitionType.PREDEFINED
        return definition.name if dynamic and definition is not None else ""

    def _resolved(self, asked: ObjectDescriptor, queue: str, made: str = "") -> ObjectDescriptor:
        return asked.but(
            object_name=made or asked.object_name,
            resolved_queue=queue,
            resolved_queue_manager=self._queue_manager,
            resolved_type=asked.object_type,
        )

    def _spi_query(self, call: SpiQuery) -> SpiQueried:
        return SpiQueried(call.spi, (VerbVersions(SpiVerb.QUERY), VerbVersions(SpiVerb.OPEN)))

    def _close(self, call: Close) -> Plain:
        reason = self._connection.close(call.header.handle, call.options)
        completion = CompletionCode.WARNING if reason else CompletionCode.OK
        return Plain(header=ApiHeader(completion=completion, reason=reason, handle=_UNUSABLE_HANDLE))

    def _set(self, call: Set) -> Plain:
        self._connection.set(call.header.handle, call.selectors, call.integers)
        return Plain(header=ApiHeader(handle=call.header.handle))

    def _inquire(self, call: Inquire) -> Inquired:
        handle = call.header.handle
        found = self._connection.inquire(handle, call.selectors, call.integer_count, call.character_length)
        characters = found.characters.encode("latin-1", "replace")
        header = ApiHeader(completion=found.completion, reason=found.reason, handle=handle)
        return Inquired(call.selectors, found.integers, characters, header=header)

    def _put(self, call: Put) -> Put:
        self._check_length(call.length, call.data)
        handle = call.header.handle
        descriptor = self._connection.put(handle, call.descriptor, call.options, _kept(call.data))
        return Put(
            _in_version(descriptor, call.descriptor.version),
            self._put_to(call.options, self._connection.queue_of(handle)),
            call.length,
            header=_remarked(call.descriptor, handle),
        )

    def _put1(self, call: Put1) -> Put1:
        self._check_length(call.length, call.data)
        queue, descriptor = self._connection.put1(
            call.target, call.descriptor, call.options, _kept(call.data)
        )
        return replace(
            call,
            target=self._resolved(call.target, queue),
            descriptor=_in_version(descriptor, call.descriptor.version),
            options=self._put_to(call.options, queue),
            data=b"",
            header=_remarked(call.descriptor),
        )

    def _put_to(self, options: PutMessageOptions, queue: str) -> PutMessageOptions:
        return options.but(
            known_destinations=1, resolved_queue=queue, resolved_queue_manager=self._queue_manager
        )

    def _check_length(self, length: int, data: Buffer) -> None:
        if length != len(data):
            raise WireError(f"a message of {length} bytes, of which {len(data)} were sent")
        if length > self._max_message:
            raise MQError(Reason.MSG_TOO_BIG_FOR_CHANNEL, f"{length} bytes, at most {self._max_message}")

    def _stat(self, call: Stat) -> Stat:
        report = StatusReport(version=call.status.version, object_queue_manager=self._queue_manager)
        return replace(call, status=report, header=ApiHeader())

    def _commit(self, _call: Plain) -> Plain:
        self._connection.commit()
        return Plain()

    def _back_out(self, _call: Plain) -> Plain:
        self._connection.back_out()
        return Plain()

    def _get(self, call: Get, now: float, wait: Wait | None) -> Got | Wait:
        handle = call.header.handle
        try:
            got = self._connection.get(handle, call.descriptor, call.options, call.buffer_length)
        except MQError as e:
            if e.reason is Reason.NO_MSG_AVAILABLE and call.options.options & GetOption.WAIT:
                wait = wait or Wait(_deadline(now, call.options.wait_interval))
                if wait.until is None or now < wait.until:
                    self._connection.on_arrival(handle, self._wake)
                    return wait
            self._connection.forget_arrival(handle)
            return Got(call.descriptor, call.options, header=_failed(e, handle))
        return Got(
            _in_version(got.descriptor, call.descriptor.version),
            call.options.but(
                resolved_queue=got.queue,
                message_token=got.token,
                returned_length=len(got.data),
                group_status=got.group_status,
                segment_status=" ",
                segmentation=" ",
            ),
            got.length,
            got.data,
            header=_header(got.completion, got.reason, handle),
        )


@lru_cache(_HEADERS_KEPT)
def _header(completion: int, reason: int, handle: int) -> ApiHeader:
    """What a reply starts with, which is the same call by call."""
    return ApiHeader(completion=completion, reason=reason, handle=handle)


def _kept(data: Buffer) -> Buffer:
    """A message's data as a queue keeps it: where it came, or without whatever else came with it."""
    if isinstance(data, memoryview) and len(data) >= _MOST * len(cast("bytes", data.obj)):
        return data
    return bytes(data)


def _selector_text(raw: bytes, ccsid: int) -> str:
    """A selector as text; raises 2459 where it is not in its CCSID."""
    try:
        return raw.decode(codec(ccsid, 273) or "utf-8").rstrip("\0 ")
    except UnicodeDecodeError:
        raise MQError(Reason.SELECTOR_SYNTAX_ERROR, "a selector that is not text") from None


def _in_version(descriptor: MessageDescriptor, version: int) -> MessageDescriptor:
    """A message's descriptor in the version its getter or putter speaks."""
    return descriptor if descriptor.version == version else descriptor.but(version=version)


def _remarked(put: MessageDescriptor, handle: int = 0) -> ApiHeader:
    """How a put completed: 2049 is a warning, such a message is on the queue at the highest priority."""
    if put.priority > MAX_PRIORITY:
        return _header(CompletionCode.WARNING, Reason.PRIORITY_EXCEEDS_MAXIMUM, handle)
    return _header(CompletionCode.OK, Reason.NONE, handle)


def _deadline(now: float, interval: int) -> float | None:
    """When a wait of `interval` milliseconds ends."""
    return None if interval == _UNLIMITED else now + interval / 1000


def _verb(segment: Segment) -> int:
    """The verb of an SPI call."""
    cursor = Cursor(segment.body, segment.order)
    cursor.take(ApiHeader)
    return cursor.take(SpiHeader).verb


def _failed(error: MQError, handle: int = 0) -> ApiHeader:
    return _header(error.completion, error.reason, handle)


def refusal(segment: Segment, error: MQError) -> Call:
    """A call's reply where it is not made at all. Raises `WireError` where its body is not the call's."""
    if segment.type == SegmentType.MQGET:
        asked = Get.unpack(segment.body, segment.order)
        return Got(asked.descriptor, asked.options, header=_failed(error, asked.header.handle))
    known = _SPI.get(_verb(segment)) if segment.type == SegmentType.SPI else _CALLS.get(segment.type)
    kind = known[0] if known else Plain
    return _refused(kind.unpack(segment.body, segment.order), error)


def queue_of(segment: Segment, connection: Connection) -> str:
    """The name of the queue that a call is about; empty for none, and for one that can't be told."""
    try:
        if segment.type in (SegmentType.MQOPEN, SegmentType.MQPUT1):
            cursor = Cursor(segment.body, segment.order)
            cursor.take(ApiHeader)
            return cursor.take(ObjectDescriptor).object_name
        if segment.type == SegmentType.SPI:
            known = _SPI.get(_verb(segment))
            call = known[0].unpack(segment.body, segment.order) if known else None
            return call.descriptor.object_name if isinstance(call, SpiOpen) else ""
        if segment.type == SegmentType.REQUEST_MSGS:
            return connection.queue_of(RequestMessages.unpack(segment.body, segment.order).handle)
        handle = handle_of(segment.body, segment.order)
        return connection.queue_of(handle) if handle else ""
    except (MQError, WireError):
        return ""


def _refused(call: Call, error: MQError) -> Call:
    """A call sent back with a reason: in full where clients look for its structures."""
    header = _failed(error, call.header.handle)
    if isinstance(call, Put | Put1):
        return replace(call, data=b"", header=header)
    if isinstance(call, Open):
        return replace(call, header=header)
    if isinstance(call, SpiOpen):
        return replace(call, is_reply=True, header=header)
    return Plain(header=header)


_Handler = tuple[type[Any], Callable[[MQI, Any], Call]]
_CALLS: dict[int, _Handler] = {
    SegmentType.MQOPEN: (Open, MQI._open),
    SegmentType.MQCLOSE: (Close, MQI._close),
    SegmentType.MQINQ: (Inquire, MQI._inquire),
    SegmentType.MQSET: (Set, MQI._set),
    SegmentType.MQPUT: (Put, MQI._put),
    SegmentType.MQPUT1: (Put1, MQI._put1),
    SegmentType.MQSTAT: (Stat, MQI._stat),
    SegmentType.MQCMIT: (Plain, MQI._commit),
    SegmentType.MQBACK: (Plain, MQI._back_out),
}
_SPI: dict[int, _Handler] = {
    SpiVerb.QUERY: (SpiQuery, MQI._spi_query),
    SpiVerb.OPEN: (SpiOpen, MQI._spi_open),
}
