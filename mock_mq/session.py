"""One client's channel as a state machine: bytes in, bytes out, no I/O and no clock of its own.

The server feeds it what the socket brought (`receive`), writes what it has to say (`output`), closes the
socket once it is `closed`, tells it when the socket broke (`lose`), and calls `tick` when `due` has come or
when the session asked for that through `wake`. FAP level 12, one conversation a socket (SHARECNV(0)).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum

from mock_mq.constants import Reason
from mock_mq.core import Connection, QueueManager
from mock_mq.errors import MQError
from mock_mq.mqi import MQI, Wait
from mock_mq.wire.calls import ApiHeader, Call, Plain
from mock_mq.wire.fields import Buffer, ByteOrder, WireError
from mock_mq.wire.handshake import (
    Capability,
    Connect,
    Credentials,
    InitialData,
    InitialError,
    Status,
    StatusCode,
    UserData,
)
from mock_mq.wire.segment import (
    MAX_MESSAGE_LENGTH,
    REPLY,
    Control,
    Joiner,
    Segment,
    SegmentReader,
    SegmentType,
    split,
)

log = logging.getLogger(__name__)

FAP_LEVEL = 12
"""The highest level spoken: above it passwords are scrambled and conversations change their shape."""
MAX_TRANSMISSION = 32_748
"""Bytes of the longest segment, its header included."""
CONNECT_SECONDS = 60
"""How long a client may take from its first byte to MQCONN."""
_MIN_TRANSMISSION = 1024
_CHANNEL_REFUSED = {
    Reason.UNKNOWN_CHANNEL_NAME: StatusCode.UNKNOWN_CHANNEL,
    Reason.CHANNEL_CONFIG_ERROR: StatusCode.WRONG_CHANNEL_TYPE,
}
_CCSID = 819  # what character fields are written in


class State(Enum):
    """Where a channel stands."""

    STARTING = "before the first INITIAL_DATA is agreed on"
    AGREED = "agreed, not connected"
    CONNECTED = "connected"
    WAITING = "waiting in MQGET"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


_UNCONNECTED = (State.STARTING, State.AGREED)


class Session:
    """A channel of `queue_manager`. `clock` gives seconds; `heartbeat` is the shortest interval agreed.

    `wake` is called, at any time and from within another session's calls, when `tick` is wanted soon.
    `peer` may be set, for the log.
    """

    def __init__(
        self,
        queue_manager: QueueManager,
        *,
        clock: Callable[[], float],
        wake: Callable[[], None],
        heartbeat: int = 300,
    ) -> None:
        self._queue_manager = queue_manager
        self._clock = clock
        self._wake = wake
        self.peer = ""
        self._heartbeat = heartbeat
        self._state = State.STARTING
        self._give_up = clock() + CONNECT_SECONDS
        self._reader = SegmentReader()
        self._joiner = Joiner(longest_message=0)  # a stranger has no messages to send
        self._output: deque[Iterator[bytes]] = deque()
        self._size = MAX_TRANSMISSION
        self._order = ByteOrder.BIG
        self._max_message = MAX_MESSAGE_LENGTH
        self._channel = ""
        self._user, self._password = "", ""
        self._mqi: MQI | None = None
        self._connection: Connection | None = None
        self._pending: tuple[Segment, Wait] | None = None
        self._heartbeat_due: float | None = None
        self._heartbeat_sent = False

    @property
    def state(self) -> State:
        """Where the channel stands."""
        return self._state

    @property
    def closed(self) -> bool:
        """Whether the socket is to be closed once `output` is written."""
        return self._state is State.CLOSED

    @property
    def due(self) -> float | None:
        """When `tick` is to be called at the latest, by the clock; None for never."""
        if self._state in _UNCONNECTED:
            return self._give_up
        if self._pending is None:
            return None
        times = (self._pending[1].until, self._heartbeat_due)
        return min((time for time in times if time is not None), default=None)

    def output(self) -> Iterator[bytes]:
        """What is to be written, frame by frame; large answers are cut while this is read."""
        while self._output:
            frame = next(self._output[0], None)
            if frame is None:
                self._output.popleft()
            else:
                yield frame

    def receive(self, data: Buffer) -> None:
        """Takes what the socket brought. A peer that breaks the protocol finds the session closed."""
        if self.closed:
            return
        try:
            for segment in self._reader.feed(data):
                if self.closed:
                    return
                whole = self._joiner.add(segment)
                if whole is not None:
                    self._handle(whole)
        except WireError as e:
            log.warning("channel closed: %s", e, extra=self._facts())
            self._refuse(StatusCode.PROTOCOL_ERROR)

    def tick(self) -> None:
        """Goes on with a waiting MQGET, and with the heartbeats that its client counts on meanwhile."""
        now = self._clock()
        if self._state in _UNCONNECTED and now >= self._give_up:
            log.warning("channel closed: no MQCONN within %d s", CONNECT_SECONDS, extra=self._facts())
            self._end(commit=False)
        if self._pending is None:
            return
        segment, wait = self._pending
        self._answer(segment, wait, now)
        if self._pending is None or self._heartbeat_due is None or now < self._heartbeat_due:
            return
        if self._heartbeat_sent:
            log.warning("channel closed: no answer to a heartbeat", extra=self._facts())
            self._end(commit=False)
            return
        self._send(SegmentType.HEARTBEAT, segment.order, [], Control.WHOLE | Control.CONFIRM)
        self._heartbeat_sent = True
        self._heartbeat_due = now + self._heartbeat

    def lose(self) -> None:
        """The socket is gone: a broken connection is an MQBACK."""
        self._end(commit=False)

    def stop(self) -> None:
        """The queue manager ends: tells the client, and backs out."""
        if self._pending is not None and self._mqi is not None:
            waiting, _ = self._pending
            self._reply(waiting, self._mqi.ended(waiting))
        if not self.closed:
            self._refuse(StatusCode.QUEUE_MANAGER_ENDING)

    def _handle(self, segment: Segment) -> None:
        if segment.conversation is not None:
            raise WireError(f"{segment.name}: a shared conversation, which was not agreed on")
        handler = _TABLE.get((self._state, segment.type))
        if handler is None:
            raise WireError(f"{segment.name} in a channel that is {self._state.value}")
        handler(self, segment)

    def _initial_data(self, segment: Segment) -> None:
        self._order = segment.order
        offer = InitialData.unpack(segment.body, segment.order)
        if offer.max_transmission < _MIN_TRANSMISSION:
            raise WireError(f"INITIAL_DATA: a transmission size of {offer.max_transmission} bytes")
        try:
            channel = self._queue_manager.channel(offer.channel)
        except MQError as e:
            log.info("channel refused: %s", e, extra=self._facts())
            self._refuse(_CHANNEL_REFUSED[e.reason])
            return
        too_high = offer.fap_level > FAP_LEVEL
        agreed = replace(
            offer,
            fap_level=min(offer.fap_level, FAP_LEVEL),
            error1=InitialError.FAP_LEVEL if too_high else 0,
            max_transmission=min(offer.max_transmission, MAX_TRANSMISSION),
            max_message=min(offer.max_message, channel.max_message_length),
            capabilities2=offer.capabilities2 & ~Capability.SPI,
            heartbeat=max(offer.heartbeat, self._heartbeat),
            conversations=0,
        )
        control = Control.WHOLE | (Control.ERROR if too_high else 0)
        self._send(SegmentType.INITIAL_DATA, segment.order, [agreed.pack(segment.order)], control)
        if too_high:
            return
        self._channel = offer.channel
        self._heartbeat = agreed.heartbeat
        self._size = self._reader.largest = agreed.max_transmission
        self._max_message = agreed.max_message
        self._state = State.AGREED

    def _user_data(self, segment: Segment) -> None:
        user = UserData.unpack(segment.body, segment.order)
        self._user, self._password = user.long_user or user.user, user.password

    def _credentials(self, segment: Segment) -> None:
        credentials = Credentials.unpack(segment.body, segment.order)
        self._user, self._password = credentials.user, credentials.password
        self._send(SegmentType.STATUS_DATA, segment.order, [Status().pack(segment.order)])

    def _connect(self, segment: Segment) -> None:
        call = Connect.unpack(segment.body, segment.order)
        try:
            self._connection = self._queue_manager.connect(
                self._channel,
                call.fields.queue_manager,
                user=self._user,
                password=self._password,
                application=call.fields.application,
                application_type=call.fields.application_type,
            )
        except MQError as e:
            log.info("MQCONN refused: %s", e, extra=self._facts())
            header = ApiHeader(completion=e.completion, reason=e.reason)
            self._reply(segment, replace(call, header=header))
            return
        self._mqi = MQI(
            self._connection,
            self._queue_manager.name,
            max_message=self._max_message,
            wake=self._wake,
            facts=self._facts(),
        )
        self._joiner = Joiner()
        self._state = State.CONNECTED
        log.info("%r connected as %r", call.fields.application, self._user, extra=self._facts())
        self._reply(segment, replace(call, header=ApiHeader()))

    def _call(self, segment: Segment) -> None:
        self._answer(segment, None, self._clock())

    def _interrupt(self, segment: Segment) -> None:
        """A call while MQGET waits: how IBM's client closes a consumer. The wait ends, the call is made."""
        if self._pending is not None:
            waiting, _ = self._pending
            self._answer(waiting, Wait(until=self._clock()), self._clock())
        self._handle(segment)

    def _answer(self, segment: Segment, wait: Wait | None, now: float) -> None:
        """Answers a call, or leaves it pending until there is an answer."""
        if self._mqi is None:
            raise WireError(f"{segment.name} without a connection")
        outcome = self._mqi.answer(segment, now, wait)
        if isinstance(outcome, Wait):
            if wait is None:
                self._state = State.WAITING
                self._heartbeat_due = now + self._heartbeat if self._heartbeat else None
            self._pending = segment, outcome
            return
        self._pending = None
        self._state = State.CONNECTED
        self._reply(segment, outcome)

    def _disconnect(self, segment: Segment) -> None:
        self._end(commit=True)
        self._state = State.DISCONNECTED
        self._reply(segment, Plain())

    def _heartbeat_received(self, segment: Segment) -> None:
        self._heartbeat_sent = False
        if segment.control & Control.CONFIRM:
            self._send(SegmentType.HEARTBEAT, segment.order, [])

    def _close(self, _segment: Segment) -> None:
        self._end(commit=False)

    def _end(self, *, commit: bool) -> None:
        connection, self._connection, self._mqi = self._connection, None, None
        self._pending = None
        self._state = State.CLOSED
        if connection is not None:
            if not commit:
                connection.back_out()
            connection.disconnect()

    def _refuse(self, code: int) -> None:
        self._send(
            SegmentType.STATUS_DATA,
            self._order,
            [Status(code=code).pack(self._order)],
            Control.WHOLE | Control.ERROR | Control.CLOSE,
        )
        self._end(commit=False)

    def _reply(self, segment: Segment, call: Call) -> None:
        self._send(segment.type + REPLY, segment.order, call.parts(segment.order))

    def _send(self, kind: int, order: ByteOrder, parts: list[Buffer], control: int = Control.WHOLE) -> None:
        segment = Segment(kind, b"", order, control, order.encoding, _CCSID)
        self._output.append(split(segment, parts, self._size))

    def _facts(self) -> dict[str, str]:
        return {"peer": self.peer, "channel": self._channel, "user": self._user}


_Handler = Callable[[Session, Segment], None]
_CALLS = (
    SegmentType.MQOPEN,
    SegmentType.MQCLOSE,
    SegmentType.MQGET,
    SegmentType.MQPUT,
    SegmentType.MQPUT1,
    SegmentType.MQSET,
    SegmentType.MQINQ,
    SegmentType.MQCMIT,
    SegmentType.MQBACK,
    SegmentType.SPI,
    SegmentType.MQSTAT,
    SegmentType.MQSUB,
    SegmentType.MQSUBRQ,
)
_LIVE = (State.AGREED, State.CONNECTED, State.WAITING, State.DISCONNECTED)

# What may come when; what is not here breaks the protocol.
_TABLE: dict[tuple[State, int], _Handler] = {
    (State.STARTING, SegmentType.INITIAL_DATA): Session._initial_data,
    (State.AGREED, SegmentType.USERID_DATA): Session._user_data,
    (State.AGREED, SegmentType.CONAUTH_INFO): Session._credentials,
    (State.AGREED, SegmentType.MQCONN): Session._connect,
    **{(State.CONNECTED, call): Session._call for call in _CALLS},
    (State.CONNECTED, SegmentType.MQDISC): Session._disconnect,
    **{(State.WAITING, call): Session._interrupt for call in (*_CALLS, SegmentType.MQDISC)},
    **{(state, SegmentType.HEARTBEAT): Session._heartbeat_received for state in _LIVE},
    **{(state, SegmentType.STATUS_DATA): Session._close for state in _LIVE},
    **{(state, SegmentType.SOCKET_ACTION): Session._close for state in _LIVE},
}
