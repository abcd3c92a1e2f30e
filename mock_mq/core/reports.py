"""Report messages: that a message arrived, was got, or expired; the dead-letter queue where they can't go.

As in "Report options and message flags" and MQDLH of the IBM MQ documentation.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from mock_mq.constants import Feedback, Reason, Report
from mock_mq.core.context import Putter
from mock_mq.core.definition import QueueDefinition
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer, ByteOrder, Char, Int, Structure
from mock_mq.wire.structures import MessageDescriptor

if TYPE_CHECKING:
    from mock_mq.core.queue_manager import QueueManager

log = logging.getLogger(__name__)

QUEUE_MANAGER = 7  # MQAT_QMGR
_REPORT = 4  # MQMT_REPORT
_SOME_DATA = 100  # bytes of a message that its report carries
_AS_QUEUE_PERSISTENCE, _AS_QUEUE_PRIORITY = 2, -1


@dataclass(frozen=True)
class DeadLetterHeader(Structure, eyecatcher=b"DLH ", lengths={1: 172}):
    """MQDLH: why a message is on the dead-letter queue, and what it was before."""

    version: Int = 1
    reason: Int = 0
    queue: Annotated[str, Char(48)] = ""
    queue_manager: Annotated[str, Char(48)] = ""
    encoding: Int = 273
    ccsid: Int = 0
    format: Annotated[str, Char(8)] = ""
    application_type: Int = QUEUE_MANAGER
    application_name: Annotated[str, Char(28)] = ""
    put_date: Annotated[str, Char(8)] = ""
    put_time: Annotated[str, Char(8)] = ""


@dataclass(frozen=True, slots=True)
class ReportMessage:
    """A report, and where it goes: the queue named in its message's ReplyToQ."""

    queue: str
    queue_manager: str
    descriptor: MessageDescriptor
    data: Buffer = field(repr=False)


def of_arrival(descriptor: MessageDescriptor, data: Buffer) -> Iterator[ReportMessage]:
    """The report that a message asks for when it is put on its queue, if it does."""
    return _report(descriptor, data, Report.COA, Feedback.COA)


def of_delivery(descriptor: MessageDescriptor, data: Buffer) -> Iterator[ReportMessage]:
    """The report that a message asks for when it is got, if it does."""
    return _report(descriptor, data, Report.COD, Feedback.COD)


def of_expiration(descriptor: MessageDescriptor, data: Buffer) -> Iterator[ReportMessage]:
    """The report that a message asks for when it has expired, if it does."""
    return _report(descriptor, data, Report.EXPIRATION, Feedback.EXPIRATION)


def _report(
    descriptor: MessageDescriptor, data: Buffer, option: Report, feedback: Feedback
) -> Iterator[ReportMessage]:
    asked = descriptor.report
    if not asked & option or not descriptor.reply_to_queue:
        return
    carried: Buffer
    if asked & (option * 4):
        carried = data
    elif asked & (option * 2):
        carried = bytes(data[:_SOME_DATA])
    else:
        carried = b""
    yield ReportMessage(
        descriptor.reply_to_queue,
        descriptor.reply_to_queue_manager,
        descriptor.but(
            report=0,
            message_type=_REPORT,
            expiry=-1,
            feedback=feedback,
            format=descriptor.format if carried else "",
            message_id=descriptor.message_id if asked & Report.PASS_MSG_ID else bytes(24),
            correlation_id=descriptor.correlation_id
            if asked & Report.PASS_CORREL_ID
            else descriptor.message_id,
            backout_count=0,
            reply_to_queue="",
            reply_to_queue_manager="",
            original_length=len(data),
        ),
        carried,
    )


def send(queue_manager: QueueManager, report: ReportMessage) -> None:
    """Puts a report where it goes, or on the dead-letter queue; where that can't be either, it is dropped."""
    reason: Reason = Reason.UNKNOWN_REMOTE_Q_MGR
    if report.queue_manager in ("", queue_manager.name):
        try:
            queue_manager.put(report.queue, report.descriptor, report.data)
        except MQError as e:
            reason = e.reason
        else:
            return
    own = Putter("mqm", queue_manager.name, QUEUE_MANAGER).context(queue_manager.clock())
    header = DeadLetterHeader(
        reason=reason,
        queue=report.queue,
        queue_manager=report.queue_manager,
        encoding=report.descriptor.encoding,
        ccsid=report.descriptor.ccsid,
        format=report.descriptor.format,
        application_name=queue_manager.name[:28],
        put_date=own.put_date,
        put_time=own.put_time,
    )
    order = ByteOrder.LITTLE if report.descriptor.encoding & 0xF == 2 else ByteOrder.BIG
    dead = report.descriptor.but(format="MQDEAD")
    try:
        queue_manager.put(queue_manager.definition.dead_letter_queue, dead, header.pack(order) + report.data)
    except MQError as e:
        log.warning("a report to %s could be put nowhere: %s", report.queue, e)


def completed(
    descriptor: MessageDescriptor,
    own: MessageDescriptor,
    queue: QueueDefinition,
    queue_manager: QueueManager,
) -> MessageDescriptor:
    """The descriptor of a message that the queue manager puts itself, with what it fills in."""
    persistence, priority = descriptor.persistence, descriptor.priority
    return descriptor.but(
        message_id=descriptor.message_id if descriptor.message_id.strip(b"\0") else queue_manager.new_id(),
        persistence=queue.default_persistence if persistence == _AS_QUEUE_PERSISTENCE else persistence,
        priority=queue.default_priority if priority == _AS_QUEUE_PRIORITY else priority,
        ccsid=descriptor.ccsid or queue_manager.definition.ccsid,
        user=descriptor.user or own.user,
        application_type=own.application_type,
        application_name=own.application_name,
        put_date=own.put_date,
        put_time=own.put_time,
    )
