"""A queue on a connection of its own, opened whenever it is needed and is not open."""

from __future__ import annotations

from bridge.binding import Queue
from bridge.errors import Away
from bridge.mq_connection import MqConnection, MqError

_HANDLE_GONE = 2019  # MQRC_HOBJ_ERROR


class MqQueue:
    """One queue, opened with `options` (MQOO_*) to do what `doing` says (`to get`)."""

    def __init__(self, connection: MqConnection, name: str, options: int, doing: str) -> None:
        self.connection = connection
        self.name = name
        self._options = options | connection.binding.constants.MQOO_FAIL_IF_QUIESCING
        self._doing = doing
        self._handle: Queue | None = None
        self._opened_on = 0

    @property
    def handle(self) -> Queue:
        """The binding's queue; raises `MqError` where it is not open."""
        if self._handle is None or not self._is_open:
            raise MqError(_HANDLE_GONE)
        return self._handle

    @property
    def _is_open(self) -> bool:
        """Whether it was opened on the connection that there is: another queue's may be a later one."""
        return (
            self._handle is not None
            and self.connection.connected
            and self._opened_on == self.connection.connects
        )

    def connect(self) -> None:
        """Connects and opens the queue, where that is not done; raises `Away`."""
        if self._is_open:
            return
        self.connection.connect()
        try:
            self._handle = self.connection.open(self.name, self._options)
            self._opened_on = self.connection.connects
        except MqError as e:
            raise self.away(e) from None

    def back_out(self) -> None:
        """MQBACK; a connection on which that fails is closed, which backs out too."""
        if not self.connection.connected:
            return
        try:
            self.connection.back_out()
        except MqError:
            self.close()

    def close(self) -> None:
        """Backs out and disconnects. Never raises."""
        self._handle = None
        self.connection.close()

    def away(self, error: MqError, doing: str = "") -> Away:
        """What to raise for a call that failed; the connection is closed where its reason asks for that."""
        away = self.connection.refused(self.name, error.code, doing or self._doing)
        if not self.connection.connected:
            self._handle = None
        return away
