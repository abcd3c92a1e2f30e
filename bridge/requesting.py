"""Requests to MQ, and where their answers are to go: what is put of a message that has a `ReplyTo`. Pure.

A request goes to MQ with the route's ReplyToQ, and beside it a note: a message that says to whom its
answers go. It has the request's MsgId and CorrelId, so that an answer whose CorrelId is either leads to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from pydantic_core import PydanticCustomError

from bridge import properties
from bridge.configuration import aws_values
from bridge.message import NO_ID, Descriptor, Fault, Message, Property, Rejection

REPLY_TO, CORRELATION_ID = "ReplyTo", "CorrelationId"
"""Attributes of a request and of each answer to it: where answers go, and what the requester knows it by."""

_REQUEST = 1  # MQMT_REQUEST
_PERSISTENT = 1  # MQPER_PERSISTENT
_DAY = 864_000
"""Tenths of a second: how long a note outlives the time that its request may wait to be taken."""
_LONGEST_EXPIRY = 999_999_999
_BAD_ADDRESS = Rejection(
    f"attribute {REPLY_TO}: neither an SQS queue's name, URL or ARN nor an SNS topic's ARN: "
    "have its sender correct it",
    Fault.MESSAGE,
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is put of a message that has a `ReplyTo`: the request, and the note that goes with it."""

    message: Message
    note: Message


@dataclass(frozen=True, slots=True)
class Requesting:
    """How a route puts requests: the queue that their answers come to, and the one that notes are kept in."""

    route: str
    reply_to_queue: str
    addresses: str

    def request(self, message: Message) -> Request | None:
        """The same for a message that is handed out again; None for one that wants no answer.

        A MsgId and a CorrelId that the sender gave stay; else the MsgId is made of the id that the message
        has at its source, and the CorrelId is the MsgId.
        """
        if REPLY_TO not in message.properties:
            return None
        given = message.descriptor
        message_id = given.message_id
        if message_id == NO_ID:
            # Two sources may have the same ids, where these are deduplication ids; two routes have two names.
            message_id = hashlib.sha256(f"{self.route}/{message.source_id}".encode()).digest()[:24]
        correlation_id = given.correlation_id if given.correlation_id != NO_ID else message_id
        descriptor = replace(
            given,
            message_id=message_id,
            correlation_id=correlation_id,
            message_type=_REQUEST,
            reply_to_queue=self.reply_to_queue,
            reply_to_queue_manager="",
        )
        # In the note's order; and MQ's program gets no header for what it has no use for.
        noted = {
            name: message.properties[name]
            for name in (REPLY_TO, CORRELATION_ID)
            if name in message.properties
        }
        left = {name: each for name, each in message.properties.items() if name not in noted}
        note = Descriptor(
            message_id=message_id,
            correlation_id=correlation_id,
            format="MQSTR",
            expiry=min(max(given.expiry, 0) + _DAY, _LONGEST_EXPIRY),
            persistence=_PERSISTENT,
        )
        return Request(
            replace(message, descriptor=descriptor, properties=left),
            Message(properties.to_json(noted).encode("ascii"), note),
        )


def refusal(message: Message) -> Rejection | None:
    """Why a message can't be a request: its `ReplyTo` is no address. None for any other."""
    asked = message.properties.get(REPLY_TO)
    return None if asked is None or is_address(asked.value) else _BAD_ADDRESS


def read_note(body: bytes) -> Mapping[str, Property]:
    """What a note says; raises `ValueError` where it is none of the bridge's."""
    return properties.from_json(body.decode("ascii"))


def is_address(value: object) -> bool:
    """Whether answers may go there: an SQS queue's name, URL or ARN, or an SNS topic's ARN."""
    for check in (aws_values.queue, aws_values.topic):
        with suppress(PydanticCustomError):
            check(value)
            return True
    return False
