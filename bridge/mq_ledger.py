"""Exactly once onto MQ: a queue that remembers what was put, written in the same unit of work as the message.

An entry is there if and only if its message was put: one MQCMIT commits both. So whoever is handed a message
again, after a crash or a commit whose outcome was never told, looks here before putting it a second time.
"""

from __future__ import annotations

import hashlib

from bridge.mq_connection import MqConnection, MqError
from bridge.mq_queue import MqQueue

_NOTHING = 2033  # MQRC_NO_MSG_AVAILABLE
_CUT = 2079  # MQRC_TRUNCATED_MSG_ACCEPTED
_DAYS = 15
"""How long it remembers: SQS keeps a message for 14 days at the most, and may hand it out until then."""
_TENTHS_A_DAY = 864_000


class MqLedger:
    """A ledger queue, on the connection over which the messages are put.

    It is opened for one program alone: two that look at the same time would both find nothing. Whoever comes
    second waits (2042), and takes over when the first has gone and its unit of work is ended. Not so for a
    `guest`, who is sure to be the only one with the messages he brings: a queue that is open for one program
    alone may yet be browsed and put to by others (MQOPEN, MQOO_BROWSE).
    """

    def __init__(self, connection: MqConnection, queue: str, *, guest: bool = False) -> None:
        constants = connection.binding.constants
        options, doing = constants.MQOO_BROWSE | constants.MQOO_OUTPUT, "to browse and put"
        if not guest:
            options, doing = options | constants.MQOO_INPUT_EXCLUSIVE, "to get, browse and put"
        self._queue = MqQueue(connection, queue, options, doing)
        self._noted: set[str] = set()

    def connect(self) -> None:
        """Connects and opens the queue, where that is not done; raises `Away`."""
        self._queue.connect()

    def begin(self) -> None:
        """A new unit of work: what was noted in the last one is committed, or was backed out."""
        self._noted.clear()

    def knows(self, source_id: str) -> bool:
        """Whether the message was put, now or earlier; raises `Away`, with the unit of work backed out."""
        if source_id in self._noted:
            return True
        binding = self._queue.connection.binding
        constants = binding.constants
        md, gmo = binding.mq.MD(), binding.mq.GMO()
        md.Version, gmo.Version = constants.MQMD_VERSION_2, constants.MQGMO_VERSION_2
        md.CorrelId = _key(source_id)
        gmo.MatchOptions = constants.MQMO_MATCH_CORREL_ID
        gmo.Options = (
            constants.MQGMO_BROWSE_FIRST
            | constants.MQGMO_ACCEPT_TRUNCATED_MSG
            | constants.MQGMO_FAIL_IF_QUIESCING
        )
        try:
            with self._queue.connection.errors():
                self._queue.handle.get(0, md, gmo)
        except MqError as e:
            if e.code == _NOTHING:
                return False
            if e.code != _CUT:
                self._queue.back_out()
                raise self._queue.away(e, "to browse") from None
        return True

    def note(self, source_id: str) -> None:
        """Remembers it, in the unit of work that is open; raises `Away`, with that backed out."""
        binding = self._queue.connection.binding
        constants = binding.constants
        md, pmo = binding.mq.MD(), binding.mq.PMO()
        md.CorrelId = _key(source_id)
        md.Format = constants.MQFMT_STRING
        md.CodedCharSetId = 1208
        md.Persistence = constants.MQPER_PERSISTENT
        md.Expiry = _DAYS * _TENTHS_A_DAY
        pmo.Options = (
            constants.MQPMO_SYNCPOINT | constants.MQPMO_NEW_MSG_ID | constants.MQPMO_FAIL_IF_QUIESCING
        )
        try:
            with self._queue.connection.errors():
                self._queue.handle.put(source_id.encode(), md, pmo)
        except MqError as e:
            self._queue.back_out()
            raise self._queue.away(e, "to put") from None
        self._noted.add(source_id)


def _key(source_id: str) -> bytes:
    """A CorrelId, by which MQ finds an entry without reading the others."""
    return hashlib.sha256(source_id.encode()).digest()[:24]
