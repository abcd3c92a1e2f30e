"""Answers from MQ go where their request's `ReplyTo` says, and only to what the configuration names."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.aws.queue import Queue
from bridge.configuration import MqSink, SnsSink, SqsSink
from bridge.message import Fault, Message, Rejection
from bridge.ports import Sink
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


def not_there(route: str, address: str) -> Rejection:
    """The word on an answer with an address that is none of its route's destinations."""
    if not is_address(address):
        return Rejection("it has no reply address: no request is known that it answers", Fault.MESSAGE)
    reason = f"reply address {address} is none of route {route}'s destinations: add it to `to`"
    return Rejection(reason, Fault.MESSAGE)


def misdirected(message: Message, destination: SnsSink | SqsSink | MqSink, route: str) -> Rejection | None:
    """Why an answer does not go to the one destination of its route; None where it does."""
    address = address_of(message)
    return None if names(address, destination) else not_there(route, address)


class AddressedSink:
    """Takes answers whose address names it, and refuses all others. A `Sink`."""

    def __init__(self, sink: Sink, destination: SnsSink | SqsSink | MqSink, route: str) -> None:
        self._sink = sink
        self._destination = destination
        self._route = route

    @property
    def name(self) -> str:
        """The destination's."""
        return self._sink.name

    def connect(self) -> None:
        """As the destination does."""
        self._sink.connect()

    def group_of(self, message: Message) -> str:
        """The destination's."""
        return self._sink.group_of(message)

    def has(self, message: Message) -> bool:
        """As far as the destination can tell."""
        return self._sink.has(message)

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """Delivers those that are for it."""
        refused = [misdirected(each, self._destination, self._route) for each in messages]
        meant = [each for each, refusal in zip(messages, refused, strict=True) if refusal is None]
        delivered = iter(self._sink.deliver(meant) if meant else ())
        return [refusal or next(delivered) for refusal in refused]

    def close(self) -> None:
        """Closes the destination."""
        self._sink.close()
