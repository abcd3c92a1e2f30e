"""Looks through an MQ queue and leaves everything where it is."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.message import NO_ID, Delivery
from bridge.mq_connection import MqConnection, MqError
from bridge.mq_queue import MqQueue
from bridge.mq_source import delivery_of

_NOTHING = 2033  # MQRC_NO_MSG_AVAILABLE
_TOO_LONG = 2080  # MQRC_TRUNCATED_MSG_FAILED
_FIRST_BUFFER = 65_536


class MqBrowser:
    """Browses one queue, opened for that alone: it may be open for a bridge's own use at the same time."""

    def __init__(self, connection: MqConnection, queue: str) -> None:
        constants = connection.binding.constants
        self._queue = MqQueue(connection, queue, constants.MQOO_BROWSE, "to browse")

    def connect(self) -> None:
        """Connects and opens the queue, where that is not done; raises `Away`."""
        self._queue.connect()

    def browse(
        self, limit: int, *, message_id: bytes = NO_ID, correlation_id: bytes = NO_ID
    ) -> Iterator[Delivery]:
        """The first `limit` messages that nobody has in hand, as `MqSource` takes them; raises `Away`.

        Only those with that MsgId or CorrelId, where one is given.
        """
        constants = self._queue.connection.binding.constants
        self.connect()
        for place in range(limit):
            which = constants.MQGMO_BROWSE_NEXT if place else constants.MQGMO_BROWSE_FIRST
            found = self._get(which, message_id, correlation_id)
            if found is None:
                return
            yield found

    def close(self) -> None:
        """Disconnects."""
        self._queue.close()

    def _get(self, which: int, message_id: bytes, correlation_id: bytes) -> Delivery | None:
        binding = self._queue.connection.binding
        constants = binding.constants
        length = _FIRST_BUFFER
        while True:
            md, gmo = binding.mq.MD(), binding.mq.GMO()
            md.Version, gmo.Version = constants.MQMD_VERSION_2, constants.MQGMO_VERSION_2
            gmo.Options = (
                which
                | constants.MQGMO_NO_WAIT
                | constants.MQGMO_FAIL_IF_QUIESCING
                | constants.MQGMO_PROPERTIES_FORCE_MQRFH2
            )
            gmo.MatchOptions = constants.MQMO_NONE
            if message_id != NO_ID:
                md.MsgId, gmo.MatchOptions = message_id, constants.MQMO_MATCH_MSG_ID
            elif correlation_id != NO_ID:
                md.CorrelId, gmo.MatchOptions = correlation_id, constants.MQMO_MATCH_CORREL_ID
            try:
                with self._queue.connection.errors():
                    data = self._queue.handle.get(length, md, gmo)
            except MqError as e:
                if e.code == _NOTHING:
                    return None
                if e.code == _TOO_LONG:
                    # The cursor stays before it, so that the same call brings it.
                    length = max(e.length, length + 1)
                    continue
                if not e.warning:
                    raise self._queue.away(e) from None
                data = e.data
            return delivery_of(self._queue.name, data, md.pack())
