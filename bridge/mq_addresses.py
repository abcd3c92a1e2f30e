"""Answers on an MQ queue find their requesters: each is looked for among the notes that the requests left."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from bridge.errors import Away
from bridge.message import NO_ID, Delivery
from bridge.mq_browser import MqBrowser
from bridge.mq_connection import MqConnection
from bridge.mq_source import MqSource
from bridge.requesting import CORRELATION_ID, REPLY_TO, read_note

_UNKNOWN = (
    "no request is known that it answers: it came more than a day after it, or its CorrelId is neither the "
    "request's MsgId nor its CorrelId"
)
_SEVERAL = (
    "it could answer one request as well as another: have their senders give each an MQMsgId and an "
    "MQCorrelId of its own, or none"
)
_NOT_OURS = "the note of the request that it answers is none of the bridge's: see who else puts to that queue"
_MOST = 10
"""Notes with one id that are looked at: a request that was put twice has two that say the same."""


class MqAddresses:
    """The notes, browsed: they stay for further answers to the same request, until they expire."""

    def __init__(self, connection: MqConnection, queue: str) -> None:
        self._notes = MqBrowser(connection, queue)

    def connect(self) -> None:
        """Connects and opens the queue, where that is not done; raises `Away`."""
        self._notes.connect()

    def addressed(self, delivery: Delivery) -> Delivery:
        """An answer with its requester's `ReplyTo` and `CorrelationId`; with a fault where he is not known.

        Raises `Away`.
        """
        found = self._found(delivery.message.descriptor.correlation_id)
        if not found:
            return replace(delivery, fault=_UNKNOWN)
        if len(found) > 1:
            return replace(delivery, fault=_SEVERAL)
        [body] = found
        try:
            note = read_note(body)
        except ValueError:
            return replace(delivery, fault=_NOT_OURS)
        # First, for the first properties are those that get attributes of their own.
        asked = {name: note[name] for name in (REPLY_TO, CORRELATION_ID) if name in note}
        message = delivery.message
        others = {name: each for name, each in message.properties.items() if name not in asked}
        return replace(delivery, message=replace(message, properties=asked | others))

    def _found(self, correlation_id: bytes) -> Set[bytes]:
        """What the notes say that an answer with that CorrelId may be to: one thing, if all is well."""
        if correlation_id == NO_ID:
            return set()
        # MsgIds first, for most are the bridge's own: no two requests have the same.
        for ids in ({"message_id": correlation_id}, {"correlation_id": correlation_id}):
            notes = [each.message.body for each in self._notes.browse(_MOST, **ids)]
            if notes:
                # So many may not be all.
                return set(notes) if len(notes) < _MOST else {*notes, b""}
        return set()


class MqReplies:
    """Takes answers from one queue, and finds whom each is for. A `Source`; all is on one connection."""

    def __init__(self, source: MqSource, addresses: MqAddresses) -> None:
        self._source = source
        self._addresses = addresses

    @property
    def name(self) -> str:
        """`mq:` and the queue's name."""
        return self._source.name

    def connect(self) -> None:
        """Connects and opens both queues, where that is not done; raises `Away`."""
        self._source.connect()
        self._addresses.connect()

    def take(self, limit: int) -> Sequence[Delivery]:
        """As `MqSource` does. An answer to no request that is known has a fault."""
        unit = self._source.take(limit)
        try:
            return [self._addresses.addressed(each) for each in unit]
        except Away:
            self._source.back_out()
            raise

    def commit(self) -> None:
        """MQCMIT; the notes stay."""
        self._source.commit()

    def back_out(self) -> None:
        """MQBACK."""
        self._source.back_out()

    def close(self) -> None:
        """Backs out and disconnects."""
        self._source.close()
