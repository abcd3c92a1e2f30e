"""Sources and sinks on a real queue manager, and a program that puts and gets beside them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from bridge.access import Access
from bridge.binding import Binding
from bridge.configuration import QueueManager
from bridge.mq_connection import MqConnection
from bridge.mq_ledger import MqLedger
from bridge.mq_sink import MqSink
from bridge.mq_source import MqSource
from mock_mq.running import RunningQueueManager

QUEUE = "DEV.QUEUE.1"
NOTHING = 2033  # MQRC_NO_MSG_AVAILABLE
_ESTABLISHED = "01"


def connections_to(port: int) -> int:
    """How many this machine has open to a port, as Linux tells it."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == _ESTABLISHED for row in rows)


def settings(queue_manager: RunningQueueManager, **changes: Any) -> QueueManager:
    values = {
        "name": queue_manager.name,
        "connections": (queue_manager.connection_name,),
        "channel": queue_manager.channel,
    }
    return QueueManager(**(values | changes))


def connection(binding: Binding, queue_manager: RunningQueueManager) -> MqConnection:
    return MqConnection(binding, settings(queue_manager), Access())


def source(binding: Binding, queue_manager: RunningQueueManager, queue: str = QUEUE) -> MqSource:
    return MqSource(connection(binding, queue_manager), queue, stop=threading.Event(), wait=1.0)


def sink(
    binding: Binding, queue_manager: RunningQueueManager, queue: str = QUEUE, ledger: str = ""
) -> MqSink:
    made = connection(binding, queue_manager)
    return MqSink(made, queue, MqLedger(made, ledger) if ledger else None)


class Program:
    """An MQ program that uses the binding as its documentation says."""

    def __init__(self, binding: Binding, queue_manager: RunningQueueManager, channel: str = "") -> None:
        self._binding = binding
        self._queue_manager = binding.mq.QueueManager(None)
        definition = binding.mq.CD()
        definition.ChannelName = (channel or queue_manager.channel).encode()
        definition.ConnectionName = queue_manager.connection_name.encode()
        definition.MaxMsgLength = 104_857_600
        self._queue_manager.connect_with_options(queue_manager.name, cd=definition)

    def put(self, body: bytes, queue: str = QUEUE, **fields: Any) -> bytes:
        """Puts a message with these fields of MQMD; returns its MsgId."""
        md = self._binding.mq.MD()
        for name, value in fields.items():
            setattr(md, name, value)
        self._binding.mq.Queue(self._queue_manager, queue).put(body, md)
        return bytes(md.MsgId)

    def put_uncommitted(self, body: bytes, queue: str = QUEUE) -> None:
        """Puts a message in this program's unit of work, which stays open."""
        pmo = self._binding.mq.PMO()
        pmo.Options = self._binding.constants.MQPMO_SYNCPOINT
        self._binding.mq.Queue(self._queue_manager, queue).put(body, self._binding.mq.MD(), pmo)

    def get_uncommitted(self, queue: str = QUEUE) -> bytes:
        """The next message's body, got in this program's unit of work, which stays open."""
        gmo = self._binding.mq.GMO()
        gmo.Options = self._binding.constants.MQGMO_SYNCPOINT
        return bytes(self._binding.mq.Queue(self._queue_manager, queue).get(None, self._binding.mq.MD(), gmo))

    def commit(self) -> None:
        """Ends the unit of work: MQCMIT."""
        self._queue_manager.commit()

    def back_out(self) -> None:
        """Ends it too: MQBACK."""
        self._queue_manager.backout()

    def get(self, queue: str = QUEUE) -> tuple[bytes, Any]:
        """The next message's body and MQMD."""
        md = self._binding.mq.MD()
        return self._binding.mq.Queue(self._queue_manager, queue).get(None, md, self._binding.mq.GMO()), md


class Answering(Program):
    """A program of MQ's that answers requests: with their bodies in capitals, to their ReplyToQ."""

    def answer(self, queue: str, *, passes_correlation: bool = False, times: int = 1) -> Any:
        """Answers the next request, in a unit of work, and gives its MQMD; None where there is none.

        The CorrelId of an answer is the request's MsgId, or the request's CorrelId.
        """
        mq, constants = self._binding.mq, self._binding.constants
        asked, gmo = mq.MD(), mq.GMO()
        gmo.Options = constants.MQGMO_SYNCPOINT | constants.MQGMO_WAIT
        gmo.WaitInterval = 200
        try:
            body = bytes(mq.Queue(self._queue_manager, queue).get(None, asked, gmo))
        except mq.MQMIError as e:
            if e.reason != NOTHING:
                raise
            return None
        if asked.Format.strip() == b"MQHRF2":
            body = body[int.from_bytes(body[8:12], "big") :]
        for _ in range(times):
            md, pmo = mq.MD(), mq.PMO()
            md.MsgType, md.Format = constants.MQMT_REPLY, constants.MQFMT_STRING
            md.CorrelId = asked.CorrelId if passes_correlation else asked.MsgId
            pmo.Options = constants.MQPMO_SYNCPOINT
            mq.Queue(self._queue_manager, asked.ReplyToQ.strip()).put(body.upper(), md, pmo)
        self.commit()
        return asked
