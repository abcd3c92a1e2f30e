"""Answers from MQ go where their request's `ReplyTo` says, and only to what the configuration names."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.aws.queue import Queue
from bridge.configuration import MqSink, SnsSink, SqsSink
from bridge.errors import MappingError
from bridge.message import Message
from bridge.requesting import REPLY_TO, is_address


def names(address: str, sink: SnsSink | SqsSink | MqSink) -> bool:
    """Whether a reply address means this destination.

    A topic by its ARN. A queue by its name, URL or ARN, whichever either of them is: what both say, of name,
    account and region, must be the same. So a name alone means that queue in whichever account.
    """
    if isinstance(sink, SnsSink):
        return address == sink.sns
    if isinstance(sink, MqSink) or not is_address(address) or address.split(":")[2:3] == ["sns"]:
        return False
    asked, own = Queue.parse(address), Queue.parse(sink.sqs)
    told = ((asked.account, own.account), (asked.region, own.region))
    return asked.name == own.name and all(a == b for a, b in told if a and b)


def address_of(message: Message) -> str:
    """Where an answer is to go; "" where it does not say."""
    address = message.properties.get(REPLY_TO)
    return address.value if address and isinstance(address.value, str) else ""


def addressed(route: str, destinations: Sequence[SnsSink | SqsSink | MqSink], message: Message) -> int:
    """Which of a route's destinations an answer's address means; raises `MappingError` where none is."""
    address = address_of(message)
    for place, destination in enumerate(destinations):
        if names(address, destination):
            return place
    if not is_address(address):
        raise MappingError("it has no reply address: no request is known that it answers")
    raise MappingError(f"reply address {address} is none of route {route}'s destinations: add it to `to`")
