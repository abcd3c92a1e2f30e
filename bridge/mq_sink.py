"""An MQ queue as a sink: MQPUT under syncpoint and one MQCMIT, so that a unit of work arrives as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from bridge import mq_descriptor, mq_reasons, rfh2
from bridge.binding import as_bytes
from bridge.message import Fault, Message, Rejection
from bridge.mq_connection import MqConnection, MqError
from bridge.mq_ledger import MqLedger
from bridge.mq_queue import MqQueue
from bridge.mq_reasons import Action
from bridge.requesting import Requesting, refusal

log = structlog.get_logger(__name__)

_FAULTS = {Action.SET_ASIDE: Fault.MESSAGE, Action.UNCLEAR: Fault.UNCLEAR}
"""Whose fault a refused MQPUT is, where it may be the message's."""


class MqSink:
    """Puts to one queue. A `Sink`. Properties travel in an MQRFH2 header.

    With a `ledger`, on the same connection, a message is put once, however often it is delivered. With
    `requesting` one that wants an answer is put as a request, and a note beside it.
    """

    def __init__(
        self,
        connection: MqConnection,
        queue: str,
        ledger: MqLedger | None = None,
        requesting: Requesting | None = None,
    ) -> None:
        output = connection.binding.constants.MQOO_OUTPUT
        self._queue = MqQueue(connection, queue, output, "to put")
        self._ledger = ledger
        self._requesting = requesting
        self._addresses = MqQueue(connection, requesting.addresses, output, "to put") if requesting else None
        self._putting_to = self._queue
        binding = connection.binding
        self._descriptor, self._options = as_bytes(binding.mq.MD), as_bytes(binding.mq.PMO)
        pmo = binding.mq.PMO()
        pmo.Options = binding.constants.MQPMO_SYNCPOINT | binding.constants.MQPMO_FAIL_IF_QUIESCING
        self._in_syncpoint = pmo.pack()

    @property
    def name(self) -> str:
        """`mq:` and the queue's name."""
        return f"mq:{self._queue.name}"

    def connect(self) -> None:
        """Connects and opens the queues, where that is not done; raises `Away`."""
        self._queue.connect()
        if self._ledger:
            self._ledger.connect()
        if self._addresses:
            self._addresses.connect()

    def group_of(self, message: Message) -> str:  # noqa: ARG002 - of the port
        """None: what is put in one unit of work arrives in order."""
        return ""

    def has(self, message: Message) -> bool:
        """Whether the ledger has it; False without one. Raises `Away`."""
        if self._ledger is None or not message.source_id:
            return False
        self.connect()
        self._ledger.begin()
        return self._ledger.knows(message.source_id)

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """Puts all and commits. One that MQ will never take is left out, and the others are put again.

        Raises `Away` where the queue manager takes none, or may not have committed.
        """
        outcomes = [refusal(each) if self._requesting else None for each in messages]
        pending = [place for place, refused in enumerate(outcomes) if refused is None]
        while pending:
            putting: int | None = None
            try:
                self.connect()
                if self._ledger:
                    self._ledger.begin()
                for putting in pending:
                    self._put_once(messages[putting])
                putting, self._putting_to = None, self._queue
                self._queue.connection.commit()
                break
            except MqError as e:
                # Half a unit must not stay open: what comes next would commit it.
                self._queue.back_out()
                action = mq_reasons.reason(e.code).action
                if putting is None or action not in _FAULTS:
                    raise self._putting_to.away(e) from None
                if action is Action.UNCLEAR:
                    self._queue.close()
                thing = f"queue {self._putting_to.name} on {self._queue.connection.queue_manager_name}"
                outcomes[putting] = Rejection(mq_reasons.sentence(thing, e.code), _FAULTS[action])
                pending.remove(putting)
        return outcomes

    def close(self) -> None:
        """Backs out and disconnects."""
        self._queue.close()

    def _put_once(self, message: Message) -> None:
        if self._ledger is None or not message.source_id:
            self._put(message)
        elif self._ledger.knows(message.source_id):
            log.info("already_put", queue=self._queue.name, source_id=message.source_id)
        else:
            self._put(message)
            self._ledger.note(message.source_id)

    def _put(self, message: Message) -> None:
        request = self._requesting.request(message) if self._requesting else None
        self._put_to(self._queue, request.message if request else message)
        if request and self._addresses:
            self._put_to(self._addresses, request.note)

    def _put_to(self, queue: MqQueue, message: Message) -> None:
        self._putting_to = queue
        body, descriptor = message.body, message.descriptor
        if message.properties:
            content = rfh2.Content(body, descriptor.format, descriptor.ccsid, descriptor.encoding)
            body = rfh2.join(message.properties, content)
            descriptor = replace(
                descriptor, format=rfh2.FORMAT, encoding=rfh2.HEADER_ENCODING, ccsid=rfh2.HEADER_CCSID
            )
        # New ones for each call: MQPUT fills them in.
        md = self._descriptor(mq_descriptor.write(descriptor))
        pmo = self._options(self._in_syncpoint)
        try:
            with queue.connection.errors():
                queue.handle.put(body, md, pmo)
        except MqError as e:
            if not e.warning:
                raise
            # Put, with something to remark on it.
            log.warning("mqput_warning", queue=queue.name, reason_code=e.code)
