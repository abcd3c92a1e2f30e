"""An MQ queue as a sink: MQPUT under syncpoint and one MQCMIT, so that a unit of work arrives as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge import mq_descriptor, mq_reasons, rfh2
from bridge.errors import Away
from bridge.message import Fault, Message, Rejection
from bridge.mq_connection import MqConnection, MqError
from bridge.mq_reasons import Action


class MqSink:
    """Puts to one queue. A `Sink`. Properties travel in an MQRFH2 header."""

    def __init__(self, connection: MqConnection, queue: str) -> None:
        self._connection = connection
        self._queue_name = queue
        self._queue: Any = None

    @property
    def name(self) -> str:
        """`mq:` and the queue's name."""
        return f"mq:{self._queue_name}"

    def connect(self) -> None:
        """Connects and opens the queue, where that is not done; raises `Away`."""
        if self._connection.connected and self._queue is not None:
            return
        self._connection.connect()
        constants = self._connection.binding.constants
        try:
            self._queue = self._connection.open(
                self._queue_name, constants.MQOO_OUTPUT | constants.MQOO_FAIL_IF_QUIESCING
            )
        except MqError as e:
            raise self._away(e) from None

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """Puts all and commits. One that MQ will never take is left out, and the others are put again.

        Raises `Away` where the queue manager takes none, or may not have committed.
        """
        outcomes: list[Rejection | None] = [None] * len(messages)
        pending = list(range(len(messages)))
        while pending:
            index = pending[0]
            try:
                for index in pending:
                    self._put(messages[index])
                self._connection.commit()
                break
            except MqError as e:
                # Half a unit must not stay open: what comes next would commit it.
                self._back_out()
                if mq_reasons.reason(e.code).action is not Action.SET_ASIDE:
                    raise self._away(e) from None
                thing = f"queue {self._queue_name} on {self._connection.queue_manager_name}"
                outcomes[index] = Rejection(mq_reasons.sentence(thing, e.code), Fault.MESSAGE)
                pending.remove(index)
        return outcomes

    def close(self) -> None:
        """Backs out and disconnects."""
        self._queue = None
        self._connection.close()

    def _put(self, message: Message) -> None:
        mq, constants = self._connection.binding.mq, self._connection.binding.constants
        md, pmo = mq.MD(), mq.PMO()
        mq_descriptor.to_mq(message.descriptor, md)
        body = message.body
        if message.properties:
            descriptor = message.descriptor
            content = rfh2.Content(body, descriptor.format, descriptor.ccsid, descriptor.encoding)
            body = rfh2.join(message.properties, content)
            md.Format = rfh2.FORMAT.encode()
            md.Encoding, md.CodedCharSetId = rfh2.HEADER_ENCODING, rfh2.HEADER_CCSID
        pmo.Options = constants.MQPMO_SYNCPOINT | constants.MQPMO_FAIL_IF_QUIESCING
        with self._connection.errors():
            self._queue.put(body, md, pmo)

    def _back_out(self) -> None:
        if not self._connection.connected:
            return
        try:
            self._connection.back_out()
        except MqError:
            self.close()

    def _away(self, error: MqError) -> Away:
        away = self._connection.refused(self._queue_name, error.code, "to put")
        if not self._connection.connected:
            self._queue = None
        return away
