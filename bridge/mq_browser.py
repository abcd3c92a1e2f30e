"""Looks through an MQ queue and leaves everything where it is."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.message import Delivery
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

    def browse(self, limit: int) -> Iterator[Delivery]:
        """The first `limit` messages that nobody has in hand, as `MqSource` takes them; raises `Away`."""
        constants = self._queue.connection.binding.constants
        self._queue.connect()
        for place in range(limit):
            found = self._get(constants.MQGMO_BROWSE_NEXT if place else constants.MQGMO_BROWSE_FIRST)
            if found is None:
                return
            yield found

    def close(self) -> None:
        """Disconnects."""
        self._queue.close()

    def _get(self, which: int) -> Delivery | None:
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
            return delivery_of(self._queue.name, data, md)
