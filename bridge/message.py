"""The message as the bridge carries it: one shape, whichever side it came from.

Nothing here knows MQ's structures or AWS's requests. A source makes a `Message` from what it
received, a sink makes what it sends from a `Message`, and a dead letter is a `Message` with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

NO_ID = bytes(24)
"""MQMI_NONE, MQCI_NONE and MQGI_NONE: 24 zero bytes."""

PropertyValue = str | bool | int | float | bytes | None


@dataclass(frozen=True, slots=True)
class Property:
    """A user property: its value and its RFH2 type (`string`, `boolean`, `i4`, `r8`, ...)."""

    value: PropertyValue
    type: str = "string"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What MQ's message descriptor (MQMD) says of a message; character fields without their padding.

    Ids are 24 bytes. `expiry` is in tenths of a second, -1 for never. `put_date` is YYYYMMDD and
    `put_time` HHMMSSTH in GMT, both empty where the message never was on a queue manager.
    """

    message_id: bytes = NO_ID
    correlation_id: bytes = NO_ID
    group_id: bytes = NO_ID
    format: str = ""
    ccsid: int = 1208
    encoding: int = 273
    message_type: int = 8
    report: int = 0
    feedback: int = 0
    expiry: int = -1
    priority: int = -1
    persistence: int = 2
    reply_to_queue: str = ""
    reply_to_queue_manager: str = ""
    user: str = ""
    application_name: str = ""
    application_type: int = 0
    application_identity: str = ""
    application_origin: str = ""
    accounting_token: bytes = bytes(32)
    put_date: str = ""
    put_time: str = ""
    sequence_number: int = 1
    offset: int = 0
    message_flags: int = 0
    original_length: int = -1


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Message:
    """A message: descriptor, user properties and the body, which is never printed.

    `source_id` is what its source knows it by, the same however often it is handed out; "" where there is no
    such thing. It is about the message, and no part of it.
    """

    body: bytes = field(repr=False)
    descriptor: Descriptor = Descriptor()
    properties: Mapping[str, Property] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    source_id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as its source handed it out, to be settled with the unit of work it came in.

    `deliveries` counts earlier attempts that were backed out (MQ's BackoutCount; SQS's receive count less
    one). `identity` is what it is known by when it comes again; where that takes time to make it is "", and
    `identify` makes it. `token` is the source's own handle on it. `fault` says why it can't be delivered at
    all (a pointer that leads nowhere, say): such a one goes to the dead letters without a try. `as_received`
    says that it could not be made a message: body and properties are what its source had. Messages of one
    `group` (SQS's MessageGroupId) stay in order; "" for none. `sent_at` is when its program put or sent it,
    in seconds since the epoch; 0 where that is not known. `last` says that its source would move it away next
    (SQS's redrive), and what to do; "" where it would not. `traceparent` is what the source says of its trace
    beside the message (SQS's AWSTraceHeader), in W3C's form; "" for nothing. `arrived` says that it has a
    home already: a unit of work that had it was committed, but its source could not let it go.
    """

    message: Message
    deliveries: int = 0
    identity: str = ""
    token: str = field(default="", repr=False)
    fault: str = ""
    as_received: bool = False
    group: str = ""
    sent_at: float = 0.0
    last: str = ""
    traceparent: str = ""
    arrived: bool = False
    identify: Callable[[], str] = field(default=str, compare=False, repr=False)

    @property
    def known_by(self) -> str:
        """Its identity, made if need be; "" where it has none."""
        return self.identity or self.identify()


class Fault(Enum):
    """Whose fault a rejection is, and so what becomes of the message."""

    MESSAGE = "message"
    """The message's own: it is set aside without another try."""
    UNCLEAR = "unclear"
    """Perhaps the message's: tried again, then set aside."""
    DESTINATION = "destination"
    """Everybody's (throttled, 5xx, credentials, no connection): tried again, then the route holds."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A sink's word on one message it did not take: why, and whose fault that is.

    `slowly` goes with `Fault.DESTINATION`: a person has to mend it.
    """

    reason: str
    fault: Fault
    slowly: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message set aside, with everything needed to send it again.

    `as_received` says that it could not be made a message: body and properties are what its source had.
    """

    route: str
    source: str
    destination: str
    reason: str
    attempts: int
    message: Message
    as_received: bool = False
