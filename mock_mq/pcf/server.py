"""The command server: takes a PCF message, and has the answers put where its sender wants them."""

from __future__ import annotations

from mock_mq.constants import CompletionCode, Reason, Report
from mock_mq.core import QueueManager, reports
from mock_mq.errors import MQError
from mock_mq.pcf.commands import CommandError, run
from mock_mq.pcf.numbers import Attribute, Failure
from mock_mq.pcf.structures import Header, Kind, Message, Parameter
from mock_mq.wire.fields import Buffer, WireError
from mock_mq.wire.structures import MessageDescriptor

FORMAT = "MQADMIN"
_REPLY = 2  # MQMT_REPLY
# What the queue manager calls by other names than the command server does.
_REASONS = {Reason.OBJECT_ALREADY_EXISTS: Failure.OBJECT_EXISTS, Reason.OBJECT_IN_USE: Failure.OBJECT_OPEN}


class CommandServer:
    """What stands behind SYSTEM.ADMIN.COMMAND.QUEUE."""

    def __init__(self, queue_manager: QueueManager) -> None:
        self._queue_manager = queue_manager

    def serve(self, descriptor: MessageDescriptor, data: Buffer) -> None:
        """Does what a message says, and puts the answers on its ReplyToQ, if it has one."""
        answers = self.answer(descriptor, bytes(data))
        if not descriptor.reply_to_queue:
            return
        asked = descriptor.report
        for answer in answers:
            reply = MessageDescriptor(
                message_type=_REPLY,
                format=FORMAT,
                encoding=descriptor.encoding,
                ccsid=descriptor.ccsid,
                persistence=0,
                priority=descriptor.priority,
                expiry=descriptor.expiry,
                message_id=descriptor.message_id if asked & Report.PASS_MSG_ID else bytes(24),
                correlation_id=descriptor.correlation_id
                if asked & Report.PASS_CORREL_ID
                else descriptor.message_id,
            )
            to = reports.ReportMessage(
                descriptor.reply_to_queue, descriptor.reply_to_queue_manager, reply, answer
            )
            reports.send(self._queue_manager, to)

    def answer(self, descriptor: MessageDescriptor, data: bytes) -> list[bytes]:
        """The answers to a message, one a PCF message, in its own CCSID and encoding."""
        written = descriptor.ccsid, descriptor.encoding
        try:
            message = Message.unpack(data, *written)
        except WireError:
            return [_refusal(Header(), Failure.STRUCTURE, None).pack(*written)]
        header = message.header
        if header.kind not in (Kind.COMMAND, Kind.COMMAND_XR):
            return [_refusal(header, Failure.HEADER_TYPE, None).pack(*written)]
        try:
            answers = run(self._queue_manager, header.command, message.parameters, descriptor.user)
        except CommandError as e:
            return [_refusal(header, e.reason, e.parameter).pack(*written)]
        except MQError as e:
            return [_refusal(header, _REASONS.get(e.reason, e.reason), None).pack(*written)]
        last = len(answers)
        return [
            Message(_response(header).but(sequence=number, control=int(number == last)), parameters).pack(
                *written
            )
            for number, parameters in enumerate(answers, 1)
        ]


def _response(header: Header) -> Header:
    return Header(kind=Kind.RESPONSE, command=header.command)


def _refusal(header: Header, reason: int, parameter: int | None) -> Message:
    about = () if parameter is None else (Parameter(Attribute.PARAMETER, parameter),)
    return Message(_response(header).but(completion=CompletionCode.FAILED, reason=reason), about)
