"""An MQ queue as a source: MQGET under syncpoint, a unit of work at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bridge import mq_descriptor, rfh2
from bridge.binding import Binding, as_bytes
from bridge.gate import Told
from bridge.message import Delivery, Message
from bridge.mq_connection import MqConnection, MqError
from bridge.mq_queue import MqQueue
from bridge.room import Room

log = structlog.get_logger(__name__)

_NOTHING = 2033  # MQRC_NO_MSG_AVAILABLE
_TOO_LONG = 2080  # MQRC_TRUNCATED_MSG_FAILED
_KEEPS_THE_UNIT = {2016, 2024}
"""MQRC_GET_INHIBITED and MQRC_SYNCPOINT_LIMIT_REACHED refuse the next message, and leave those before it."""

_FIRST_BUFFER = 65_536
_SLICE = 1_000
"""Milliseconds that one MQGET waits, so that a stop is noticed."""


class MqSource:
    """Takes from one queue. A `Source`; `wait` is in seconds, and `stop` ends it early.

    A unit of work takes no further message once it is full by the bytes of its bodies, or where `room`, which
    others may share, has none for it; with nothing in hand it waits for room.
    `exclusive` keeps everybody else from taking: two that take from one queue keep no order between them.

    Properties come as an MQRFH2 header, which is taken off; bodies come as they are, never converted.
    """

    def __init__(
        self,
        connection: MqConnection,
        queue: str,
        *,
        stop: Told,
        wait: float = 5.0,
        exclusive: bool = False,
        room: Room | None = None,
    ) -> None:
        constants = connection.binding.constants
        options = constants.MQOO_INPUT_EXCLUSIVE if exclusive else constants.MQOO_INPUT_SHARED
        self._queue = MqQueue(connection, queue, options, "to get")
        mq = connection.binding.mq
        self._descriptor, self._options = as_bytes(mq.MD), as_bytes(mq.GMO)
        self._any, self._at_once, self._waiting = _asked(connection.binding)
        self._stop = stop
        self._wait = wait
        self._room = room or Room()
        self._held = 0
        """Bytes of the bodies in hand."""
        self._asked = 0
        """Room taken for a body that is yet to come."""
        self._wanted = 1
        """Bytes of the next body, as far as is known."""

    @property
    def name(self) -> str:
        """`mq:` and the queue's name."""
        return f"mq:{self._queue.name}"

    def connect(self) -> None:
        """Connects and opens the queue, where that is not done; raises `Away`."""
        self._queue.connect()

    def take(self, limit: int) -> Sequence[Delivery]:
        """Waits for a first message, then takes what is there: up to `limit`, to its bytes, and to the room.

        A message that was backed out before ends the unit, so that the count of one that breaks every unit
        it is in grows while its neighbours' does not.
        """
        unit: list[Delivery] = []
        self._wanted = 1
        try:
            delivery = self._first()
            while delivery is not None:
                unit.append(delivery)
                if len(unit) >= limit or self._held >= self._room.a_unit or delivery.deliveries:
                    break
                delivery = self._get(self._at_once) if self._room.has(1) else None
        except MqError as e:
            # What is in hand can go on; the next unit meets the reason again if it lasts.
            if not unit or e.code not in _KEEPS_THE_UNIT:
                self.back_out()
                raise self._queue.away(e) from None
        return unit

    def commit(self) -> None:
        """MQCMIT; raises `Away` where it is not known to have taken effect."""
        try:
            self._queue.connection.commit()
        except MqError as e:
            # After 2003 the unit is backed out already; after anything else this does it, if it still can.
            self.back_out()
            raise self._queue.away(e, "to commit") from None
        self._let_go()

    def back_out(self) -> None:
        """MQBACK; a connection on which that fails is closed, which backs out too."""
        self._queue.back_out()
        self._let_go()

    def close(self) -> None:
        """Backs out and disconnects."""
        self._queue.close()
        self._let_go()

    def _let_go(self) -> None:
        self._room.give_back(self._held)
        self._held = 0

    def _first(self) -> Delivery | None:
        waited = 0.0
        while not self._stop.is_set():
            has_room = self._room.has(self._wanted, within=_SLICE / 1000)
            delivery = self._get(self._waiting) if has_room else None
            waited += _SLICE / 1000
            if delivery is not None or waited >= self._wait:
                return delivery
        return None

    def _get(self, options: bytes) -> Delivery | None:
        """The next message; None where there was none in the time that the options say, or no room for it."""
        try:
            delivery = self._got(options)
            if delivery:
                size = len(delivery.message.body)
                self._room.add(size)
                self._held += size
            return delivery
        finally:
            self._let_go_of_what_was_asked()

    def _makes_room(self, size: int) -> bool:
        """Takes room for a body of which its size is known; where there is none it stays on its queue."""
        self._let_go_of_what_was_asked()
        self._wanted = size
        if self._room.take(size):
            self._asked = size
        return bool(self._asked)

    def _let_go_of_what_was_asked(self) -> None:
        if self._asked:
            self._room.give_back(self._asked)
            self._asked = 0

    def _got(self, options: bytes) -> Delivery | None:
        """One MQGET, or another one for what is too long for the first one's buffer."""
        length = _FIRST_BUFFER
        while True:
            # New ones for each call: what is left in them from the last would be taken for a selection.
            md, gmo = self._descriptor(self._any), self._options(options)
            try:
                with self._queue.connection.errors():
                    data = self._queue.handle.get(length, md, gmo)
            except MqError as e:
                if e.code == _NOTHING:
                    return None
                if e.code == _TOO_LONG:
                    # Another consumer may take it meanwhile: then there is the next one, or none.
                    length = max(e.length, length + 1)
                    if not self._makes_room(length):
                        return None
                    options = self._at_once  # it is there, or gone
                    continue
                if not e.warning:
                    raise
                # Taken, with something to remark on it.
                log.warning("mqget_warning", queue=self._queue.name, reason_code=e.code)
                data = e.data
            return delivery_of(self._queue.name, data, md.packed)


def _asked(binding: Binding) -> tuple[bytes, bytes, bytes]:
    """MQMD and MQGMO for the next message of a queue, whichever it is: if there is one, and if one comes."""
    mq, constants = binding.mq, binding.constants
    md, gmo = mq.MD(), mq.GMO()
    md.Version = constants.MQMD_VERSION_2
    gmo.Version = constants.MQGMO_VERSION_2
    gmo.Options = (
        constants.MQGMO_SYNCPOINT
        | constants.MQGMO_FAIL_IF_QUIESCING
        | constants.MQGMO_PROPERTIES_FORCE_MQRFH2
    )
    gmo.MatchOptions = constants.MQMO_NONE
    at_once = gmo.pack()
    gmo.Options |= constants.MQGMO_WAIT
    gmo.WaitInterval = _SLICE
    return md.pack(), at_once, gmo.pack()


def delivery_of(queue: str, data: bytes, md: bytes) -> Delivery:
    """What MQGET brought from a queue, with its MQMD, as the bridge carries it."""
    descriptor, backout_count = mq_descriptor.read(md)
    message = Message(data, descriptor)
    if descriptor.format == rfh2.FORMAT:
        try:
            properties, content = rfh2.split(data, descriptor.encoding, descriptor.ccsid)
        except rfh2.RFH2Error as e:
            # It goes on as the bytes it is, header and all: nothing of it is lost.
            log.warning("mqrfh2_not_understood", queue=queue, reason=str(e))
        else:
            message = Message(
                content.body,
                replace(descriptor, format=content.format, encoding=content.encoding, ccsid=content.ccsid),
                properties,
            )
    return Delivery(
        message,
        deliveries=backout_count,
        identify=_Identity(message),
        sent_at=mq_descriptor.put_seconds(descriptor.put_date, descriptor.put_time) or 0.0,
    )


class _Identity:
    """What a message is known by when it comes again: programs may give several the same MsgId.

    Made when it is first asked for.
    """

    __slots__ = ("_known", "_message")

    def __init__(self, message: Message) -> None:
        self._message = message
        self._known = ""

    def __call__(self) -> str:
        if not self._known:
            message, descriptor = self._message, self._message.descriptor
            identity = hashlib.sha256(message.body)
            for part in (descriptor.message_id, descriptor.correlation_id, descriptor.group_id):
                identity.update(part)
            identity.update(f"{descriptor.put_date}{descriptor.put_time}{message.properties}".encode())
            self._known = identity.hexdigest()
        return self._known
