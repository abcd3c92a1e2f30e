"""One client's channel as a state machine: bytes in, bytes out, no I/O and no clock of its own.

The server feeds it what the socket brought (`receive`), writes what it has to say (`output`), closes the
socket once it is `closed`, tells it when the socket broke (`lose`), and calls `tick` when `due` has come or
when the session asked for that through `wake`. FAP level 12, one conversation a socket: shared in shape, as
SHARECNV(1) has it, where the client offers that, and else as in SHARECNV(0).
"""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum

from mock_mq.constants import CompletionCode, Reason
from mock_mq.consuming import Answer, Consumers, refusal_of
from mock_mq.core import Caller, Connection, QueueManager
from mock_mq.errors import MQError
from mock_mq.faults import CONTROL_APPLICATION, Deed, Event, Fault, Faults
from mock_mq.journal import Journal, RecordedCall
from mock_mq.mqi import MQI, Wait, queue_of, refusal
from mock_mq.wire.calls import ApiHeader, Call, Plain, handle_of
from mock_mq.wire.consuming import (
    CONNECTION_STATE,
    CONNECTION_STATE_REPLY,
    NO_MESSAGE,
    Notification,
    RequestMessages,
)
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
    frames,
    split,
)

log = logging.getLogger(__name__)

FAP_LEVEL = 12
"""The highest level spoken: above it passwords are scrambled."""
MAX_TRANSMISSION = 32_748
"""Bytes of the longest segment, its header included."""
CONNECT_SECONDS = 60
"""How long a client may take from its first byte to MQCONN."""
_MIN_TRANSMISSION = 1024
_CHANNEL_REFUSED = {
    Reason.UNKNOWN_CHANNEL_NAME: StatusCode.UNKNOWN_CHANNEL,
    Reason.CHANNEL_CONFIG_ERROR: StatusCode.WRONG_CHANNEL_TYPE,
    Reason.CHANNEL_NOT_AVAILABLE: StatusCode.CHANNEL_NOT_AVAILABLE,
    Reason.SSL_INITIALIZATION_ERROR: StatusCode.CIPHER_SPEC,
    Reason.SSL_PEER_NAME_MISMATCH: StatusCode.PEER_NAME,
}
_STREAM = 1  # the request that messages belong to, whoever asked for them
_CCSID = 819  # what character fields are written in


class State(Enum):
    """Where a channel stands."""

    STARTING = "before the first INITIAL_DATA is agreed on"
    AGREED = "agreed, not connected"
    CONNECTED = "connected"
    WAITING = "waiting in MQGET"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"

    __hash__ = object.__hash__  # an Enum's own is a function in Python, and each segment is looked up by it


_UNCONNECTED = (State.STARTING, State.AGREED)
_MOST_BEHIND = 1000  # segments that wait behind one that is delayed
_keys = itertools.count(1)


class Session:
    """A channel of `queue_manager`. `clock` gives seconds; `heartbeat` is the shortest interval agreed.

    `wake` is called, at any time and from within another session's calls, when `tick` is wanted soon.
    `caller` may be set: what the socket knows of the client. `faults` are what goes wrong, on demand, and
    calls are noted in `journal` where there is one.
    """

    def __init__(
        self,
        queue_manager: QueueManager,
        *,
        clock: Callable[[], float],
        wake: Callable[[], None],
        heartbeat: int = 300,
        faults: Faults | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._queue_manager = queue_manager
        self._clock = clock
        self._wake = wake
        self.peer = ""
        self.caller = Caller("")
        self._key = next(_keys)
        self._faults = faults if faults is not None else Faults()
        self._journal = journal
        self._delayed: tuple[float, Segment] | None = None
        self._behind: deque[Segment] = deque()
        self._spoils: Deed | None = None
        self._mute = False
        self._heartbeat = heartbeat
        self._state = State.STARTING
        self._give_up = clock() + CONNECT_SECONDS
        self._reader = SegmentReader()
        self._joiner = Joiner(longest_message=0)  # a stranger has no messages to send
        self._output: deque[Iterator[list[Buffer]]] = deque()
        self._size = MAX_TRANSMISSION
        self._order = ByteOrder.BIG
        self._conversation: int | None = None
        self._shared = False
        self._max_message = MAX_MESSAGE_LENGTH
        self._channel = ""
        self._user, self._password = "", ""
        self._mqi: MQI | None = None
        self._consumers: Consumers | None = None
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
        waiting = self._waiting
        if not waiting and self._delayed is None:
            return None
        times = [self._heartbeat_due] if waiting else []
        if self._delayed is not None:
            times.append(self._delayed[0])
        if self._pending is not None:
            times.append(self._pending[1].until)
        if self._consumers is not None:
            times.append(self._consumers.due)
        return min((time for time in times if time is not None), default=None)

    @property
    def _waiting(self) -> bool:
        """Whether the client counts on hearing of something."""
        return self._pending is not None or (self._consumers is not None and self._consumers.waiting)

    def output(self, at_once: int = 0) -> Iterator[bytes]:
        """What is to be written: frames, as many of them together as make `at_once` bytes, or one by one.

        Large answers are cut while this is read.
        """
        pieces: list[Buffer] = []
        length = 0
        while self._output:
            for frame in self._output[0]:
                pieces += frame
                length += sum(map(len, frame))
                if length >= at_once:
                    yield b"".join(pieces)
                    pieces, length = [], 0
            self._output.popleft()
        if pieces:
            yield b"".join(pieces)

    def receive(self, data: Buffer) -> None:
        """Takes what the socket brought. A peer that breaks the protocol finds the session closed."""
        if self.closed or self._mute:
            return
        try:
            for segment in self._reader.feed(data):
                if self.closed:
                    return
                whole = self._joiner.add(segment)
                if whole is not None:
                    self._take(whole)
        except WireError as e:
            self._break(e)

    def _break(self, error: WireError) -> None:
        """A peer that breaks the protocol finds the session closed."""
        log.warning("channel closed: %s", error, extra=self._facts())
        self._refuse(StatusCode.PROTOCOL_ERROR)

    def tick(self) -> None:
        """Goes on with a waiting MQGET, and with the heartbeats that its client counts on meanwhile."""
        now = self._clock()
        self._resume(now)
        if self._state in _UNCONNECTED and now >= self._give_up and self._delayed is None:
            log.warning("channel closed: no MQCONN within %d s", CONNECT_SECONDS, extra=self._facts())
            self._end(commit=False)
        if self._pending is not None:
            segment, wait = self._pending
            self._answer(segment, wait, now)
        self._deliver(now)
        if not self._waiting or self._heartbeat_due is None or now < self._heartbeat_due:
            return
        if self._heartbeat_sent:
            log.warning("channel closed: no answer to a heartbeat", extra=self._facts())
            self._end(commit=False)
            return
        self._send(self._own(SegmentType.HEARTBEAT, Control.CONFIRM), [])
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
        if self._consumers is not None:
            for answer in self._consumers.end(Reason.Q_MGR_STOPPING):
                self._notify(answer)
        if not self.closed:
            self._refuse(StatusCode.QUEUE_MANAGER_ENDING)

    def _take(self, segment: Segment) -> None:
        """Handles a segment, unless it waits behind one that is delayed, or is to go wrong."""
        if self._delayed is not None:
            if len(self._behind) >= _MOST_BEHIND:
                raise WireError(f"{segment.name}: {_MOST_BEHIND} segments wait already")
            self._behind.append(segment)
            return
        fault = self._fault(segment) if self._faults else None
        if fault is None:
            self._handle(segment)
        elif fault.do is Deed.DELAY:
            self._delayed = self._clock() + fault.seconds, segment
        elif fault.do is Deed.DROP:
            self._end(commit=False)
        elif fault.do is Deed.FAIL:
            self._fail(segment, Reason(fault.reason))
        else:
            self._spoils = fault.do
            self._handle(segment)

    def _resume(self, now: float) -> None:
        """Goes on with what was delayed, and with what came after it."""
        if self._delayed is None or now < self._delayed[0]:
            return
        (_, segment), self._delayed = self._delayed, None
        try:
            self._handle(segment)
            while self._behind and self._delayed is None and not self.closed:
                self._take(self._behind.popleft())
        except WireError as e:
            self._break(e)

    def _fault(self, segment: Segment) -> Fault | None:
        """What goes wrong with a call, if anything."""
        name = _NAMES.get(segment.type)
        if name is None or self._state not in _MAKING_CALLS:
            return None
        application = self._application(segment)
        if application == CONTROL_APPLICATION:
            return None
        event = Event(
            self._key,
            name,
            self._queue_of(segment),
            self._user,
            application,
            self._channel,
        )
        fault = self._faults.choose(event)
        if fault is not None:
            log.info("fault: %s at %s %s", fault.do.value, event.call, event.queue, extra=self._facts())
        return fault

    def _application(self, segment: Segment) -> str:
        """The program's name, also while it connects."""
        if self._connection is not None:
            return self._connection.identity.application
        if segment.type == SegmentType.MQCONN:
            return Connect.unpack(segment.body, segment.order).fields.application
        return ""

    def _queue_of(self, segment: Segment) -> str:
        """The queue that a call is about; empty for none, and for one that can't be told."""
        return queue_of(segment, self._connection) if self._connection is not None else ""

    def _fail(self, segment: Segment, reason: Reason) -> None:
        """Answers a call with a reason, without doing it; MQRC_BACKED_OUT says what was done instead."""
        completion = CompletionCode.FAILED
        if reason is Reason.BACKED_OUT and self._connection is not None:
            self._connection.back_out()
            if segment.type in _COMMITS:
                completion = CompletionCode.WARNING
        error = MQError(reason, "a fault that was asked for", completion)
        if segment.type == SegmentType.REQUEST_MSGS:
            handle = RequestMessages.unpack(segment.body, segment.order).handle
            self._notify(Answer(segment, refusal_of(handle, reason), over=True))
        elif segment.type == SegmentType.MQCONN:
            call = Connect.unpack(segment.body, segment.order)
            header = ApiHeader(completion=completion, reason=reason)
            self._reply(segment, replace(call, header=header))
        else:
            self._reply(segment, refusal(segment, error))

    def _handle(self, segment: Segment) -> None:
        self._check_conversation(segment)
        handler = _TABLE.get((self._state, segment.type))
        if handler is None:
            raise WireError(f"{segment.name} in a channel that is {self._state.value}")
        handler(self, segment)

    def _check_conversation(self, segment: Segment) -> None:
        if segment.conversation is not None and not self._shared:
            raise WireError(f"{segment.name}: a shared conversation, which was not agreed on")
        if self._state is State.STARTING:
            self._conversation = segment.conversation
        elif not segment.for_socket and segment.conversation != self._conversation:
            if self._conversation is not None or not self._shared:
                raise WireError(f"{segment.name}: conversation {segment.conversation} was not agreed on")
            self._conversation = segment.conversation

    def _initial_data(self, segment: Segment) -> None:
        self._order = segment.order
        offer = InitialData.unpack(segment.body, segment.order)
        if offer.max_transmission < _MIN_TRANSMISSION:
            raise WireError(f"INITIAL_DATA: a transmission size of {offer.max_transmission} bytes")
        try:
            channel = self._queue_manager.admit(offer.channel, self.caller)
        except MQError as e:
            log.info("channel refused: %s", e, extra=self._facts())
            self._refuse(_CHANNEL_REFUSED[e.reason])
            return
        too_high = offer.fap_level > FAP_LEVEL
        agreed = offer.but(
            fap_level=min(offer.fap_level, FAP_LEVEL),
            error1=InitialError.FAP_LEVEL if too_high else 0,
            max_transmission=min(offer.max_transmission, MAX_TRANSMISSION),
            max_message=min(offer.max_message, channel.max_message_length),
            capabilities2=offer.capabilities2 & ~Capability.SPI,
            heartbeat=max(offer.heartbeat, self._heartbeat),
            conversations=min(max(0, offer.conversations), channel.sharing_conversations),
        )
        self._shared = agreed.conversations > 0
        control = Control.WHOLE | (Control.ERROR if too_high else 0)
        self._send(
            replace(segment, control=control, ccsid=_CCSID, encoding=segment.order.encoding),
            [agreed.pack(segment.order)],
        )
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
        self._send(self._to(segment, SegmentType.STATUS_DATA), [Status().pack(segment.order)])

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
                caller=self.caller,
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
        self._consumers = Consumers(self._connection, max_message=self._max_message, wake=self._wake)
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
                self._expect_heartbeat(now)
            self._pending = segment, outcome
            return
        self._pending = None
        self._state = State.CONNECTED
        if segment.type == SegmentType.MQCLOSE and self._consumers is not None:
            self._consumers.close(handle_of(segment.body, segment.order))
        self._reply(segment, outcome)

    def _request(self, segment: Segment) -> None:
        if self._consumers is None or not self._shared:
            raise WireError(f"{segment.name} outside a shared conversation")
        now = self._clock()
        self._consumers.request(segment, now)
        self._deliver(now)
        self._expect_heartbeat(now)

    def _notified(self, segment: Segment) -> None:
        """A client tells that its consumers start or stop, and waits for an answer where it stops them."""
        told = Notification.unpack(segment.body, segment.order)
        if told.code == CONNECTION_STATE and segment.control & Control.CONFIRM:
            answer = told.but(code=CONNECTION_STATE_REPLY)
            self._send(self._to(segment, SegmentType.NOTIFICATION), [answer.pack(segment.order)])

    def _deliver(self, now: float) -> None:
        if self._consumers is not None:
            for answer in self._consumers.answers(now):
                self._notify(answer)

    def _notify(self, answer: Answer) -> None:
        asked, told = answer.asked, answer.told
        self._note(asked, told.value if isinstance(told, Notification) else told.reason)
        own = self._to(asked, SegmentType.NOTIFICATION)
        if self._spoils is not None and self._spoil(own, [bytes(16)]):
            return
        if isinstance(told, Notification) and told.code == NO_MESSAGE:
            self._send(own, [told.pack(asked.order)])
            return
        # Messages and refusals come on a stream of their own; whoever waits is then told that it was all.
        if isinstance(told, Notification):
            self._send(replace(own, request=_STREAM), [told.pack(asked.order)])
        else:
            stream = replace(self._to(asked, SegmentType.ASYNC_MESSAGE), request=_STREAM)
            self._output.append([frame] for frame in told.frames(stream, self._size))
        if answer.over and asked.control & Control.CONFIRM:
            self._send(own, [Notification(handle=told.handle).pack(asked.order)])

    def _expect_heartbeat(self, now: float) -> None:
        self._heartbeat_due = now + self._heartbeat if self._heartbeat else None
        self._heartbeat_sent = False

    def _disconnect(self, segment: Segment) -> None:
        self._end(commit=True)
        self._state = State.DISCONNECTED
        self._reply(segment, Plain())

    def _heartbeat_received(self, segment: Segment) -> None:
        self._heartbeat_sent = False
        if segment.control & Control.CONFIRM:
            self._send(replace(segment, control=Control.WHOLE), [])

    def _close(self, _segment: Segment) -> None:
        self._end(commit=False)

    def _end(self, *, commit: bool) -> None:
        connection, self._connection, self._mqi, self._consumers = self._connection, None, None, None
        self._pending = None
        self._state = State.CLOSED
        self._faults.forget(self._key)
        if connection is not None:
            if not commit:
                connection.back_out()
            connection.disconnect()

    def _refuse(self, code: int) -> None:
        control = Control.WHOLE | Control.ERROR | Control.CLOSE
        ending = replace(
            self._own(SegmentType.STATUS_DATA, control), conversation=self._conversation, for_socket=False
        )
        self._send(ending, [Status(code=code).pack(self._order)])
        self._end(commit=False)

    def _reply(self, segment: Segment, call: Call) -> None:
        self._note(segment, call.header.reason)
        reply, parts = self._to(segment, segment.type + REPLY), call.parts(segment.order)
        if self._spoils is None or not self._spoil(reply, parts):
            self._send(reply, parts)

    def _note(self, segment: Segment, reason: int) -> None:
        if self._connection is not None:
            self._connection.calls += 1
        name = _NAMES.get(segment.type)
        if self._journal is not None and name is not None:
            application, queue = self._application(segment), self._queue_of(segment)
            self._journal.add(RecordedCall(self._key, application, self._user, name, queue, reason))

    def _spoil(self, reply: Segment, parts: list[Buffer]) -> bool:
        """Has the answer to a call go wrong, the call itself being done."""
        deed, self._spoils = self._spoils, None
        if deed is Deed.DROP_AFTER:
            self._end(commit=False)
        elif deed is Deed.WRONG:
            self._send(replace(reply, type=reply.type ^ 1), parts)
        else:
            if deed is Deed.HALF:
                frame = next(split(reply, parts, self._size))
                self._output.append(iter([[frame[: len(frame) // 2]]]))
            self._mute = True
        return True

    def _send(self, segment: Segment, parts: list[Buffer]) -> None:
        if self._mute:
            return
        self._output.append(frames(segment, parts, self._size))

    def _to(self, asked: Segment, kind: int) -> Segment:
        """What answers a segment: in its byte order, and on its conversation."""
        order = asked.order
        return Segment(
            kind, b"", order, Control.WHOLE, order.encoding, _CCSID, asked.conversation, asked.request
        )

    def _own(self, kind: int, control: int) -> Segment:
        """What is said without being asked: to the socket as a whole, once conversations share it."""
        order = self._order
        for_socket = self._shared and self._conversation is not None
        return Segment(
            kind, b"", order, Control.WHOLE | control, order.encoding, _CCSID, for_socket=for_socket
        )

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
_COMMITS = (SegmentType.MQCMIT, SegmentType.MQDISC)
"""MQRC_BACKED_OUT is a warning in answer to these, and a failure of any other (IBM MQ, "2003")."""
# Whoever opens through SPI opens; whoever asks for messages gets.
_NAMES: dict[int, str] = {
    **{each: each.name for each in (*_CALLS, SegmentType.MQCONN, SegmentType.MQDISC)},
    SegmentType.REQUEST_MSGS: "MQGET",
    SegmentType.SPI: "MQOPEN",
}
"""The MQI's names of the calls that can be made to go wrong, and are noted."""
_MAKING_CALLS = (State.AGREED, State.CONNECTED, State.WAITING)
_LIVE = (State.AGREED, State.CONNECTED, State.WAITING, State.DISCONNECTED)

# What may come when; what is not here breaks the protocol.
_TABLE: dict[tuple[State, int], _Handler] = {
    (State.STARTING, SegmentType.INITIAL_DATA): Session._initial_data,
    (State.AGREED, SegmentType.USERID_DATA): Session._user_data,
    (State.AGREED, SegmentType.CONAUTH_INFO): Session._credentials,
    (State.AGREED, SegmentType.MQCONN): Session._connect,
    **{(State.CONNECTED, call): Session._call for call in _CALLS},
    **{(state, SegmentType.REQUEST_MSGS): Session._request for state in (State.CONNECTED, State.WAITING)},
    **{(state, SegmentType.NOTIFICATION): Session._notified for state in (State.CONNECTED, State.WAITING)},
    (State.CONNECTED, SegmentType.MQDISC): Session._disconnect,
    **{(State.WAITING, call): Session._interrupt for call in (*_CALLS, SegmentType.MQDISC)},
    **{(state, SegmentType.HEARTBEAT): Session._heartbeat_received for state in _LIVE},
    **{(state, SegmentType.STATUS_DATA): Session._close for state in _LIVE},
    **{(state, SegmentType.SOCKET_ACTION): Session._close for state in _LIVE},
}
