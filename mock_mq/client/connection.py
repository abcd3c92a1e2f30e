"""A client connection, call by call, over a blocking socket: what the stand-in library is made of.

Little-endian, FAP level 12, one conversation a socket. Refusals are `MQError` with the reason that IBM's own
client reports; once the connection is broken every call raises MQRC_CONNECTION_BROKEN.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from mock_mq.constants import CompletionCode, GetOption, Reason
from mock_mq.errors import MQError
from mock_mq.wire.calls import (
    ApiHeader,
    Call,
    Close,
    Get,
    Got,
    Inquire,
    Inquired,
    Open,
    Plain,
    Put,
    Put1,
    Set,
    Stat,
)
from mock_mq.wire.fields import Buffer, ByteOrder, WireError
from mock_mq.wire.handshake import (
    Connect,
    ConnectFields,
    ConnectOptions,
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
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
    StatusReport,
    VariableString,
)

_ORDER = ByteOrder.LITTLE
_COMPLETIONS = frozenset(int(each) for each in CompletionCode)
_CONNECT_WITHIN = 10.0
_READ = 262_144
_LONGEST_HEARTBEAT = 999_999
_LEAST_TRANSMISSION = 1024
_MAX_PORT = 65_535
_DEFAULT_PORT = 1414
_SEND_AT_ONCE = 1_048_576
_UNIX = 6  # MQAT_UNIX
_WITH_STRINGS = 4  # the version of MQOD that has selectors

_REFUSED = {
    StatusCode.UNKNOWN_CHANNEL: Reason.UNKNOWN_CHANNEL_NAME,
    StatusCode.WRONG_CHANNEL_TYPE: Reason.CHANNEL_CONFIG_ERROR,
    StatusCode.QUEUE_MANAGER_NOT_AVAILABLE: Reason.Q_MGR_NOT_AVAILABLE,
    StatusCode.CHANNEL_NOT_AVAILABLE: Reason.CHANNEL_NOT_AVAILABLE,
    StatusCode.CIPHER_SPEC: Reason.SSL_INITIALIZATION_ERROR,
    StatusCode.PEER_NAME: Reason.SSL_PEER_NAME_MISMATCH,
}

Versioned = MessageDescriptor | GetMessageOptions
C = TypeVar("C", Connect, Open, Put, Put1, Got, Inquired, Plain, Stat)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect and as whom. `heartbeat` is in seconds, `max_message_length` in bytes.

    `system_user` is who runs the program: who it is for the queue manager where no `user` is given.
    Where the connection `takes_turns`, a call waits for that of another thread to end. `secure` wraps a
    connected socket in TLS; None means plain TCP.
    """

    addresses: tuple[tuple[str, int], ...]
    channel: str
    queue_manager: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    system_user: str = ""
    application: str = "mock_mq client"
    heartbeat: int = 300
    max_message_length: int = MAX_MESSAGE_LENGTH
    takes_turns: bool = False
    secure: Callable[[socket.socket, str], ssl.SSLSocket] | None = None


def parse_connection_name(name: str) -> tuple[tuple[str, int], ...]:
    """MQ's CONNAME: `host(port)`, or several with commas between; the port is 1414 where it is not said.

    Raises 2538 for a name that can't be one, as IBM's client does.
    """
    addresses = []
    for each in name.split(","):
        found = re.fullmatch(r"\s*([^()\s]+)\s*(?:\(\s*(\d+)\s*\))?\s*", each)
        port = int(found[2] or _DEFAULT_PORT) if found else 0
        if found is None or not 0 < port <= _MAX_PORT:
            raise MQError(Reason.HOST_NOT_AVAILABLE, f"not host(port): {each!r}")
        addresses.append((found[1], port))
    return tuple(addresses)


class Connection:
    """A connected channel. One call at a time: another meanwhile waits, or gets MQRC_CALL_IN_PROGRESS."""

    def __init__(self, sock: socket.socket, heartbeat: int, *, takes_turns: bool = False) -> None:
        self._socket = sock
        self._heartbeat = heartbeat
        self._takes_turns = takes_turns
        self._size = InitialData().max_transmission
        self._reader = SegmentReader()
        self._joiner = Joiner()
        self._received: deque[Segment] = deque()
        self._incoming = memoryview(bytearray(_READ))
        self._timeout = sock.gettimeout()
        self._busy = threading.Lock()
        self._broken = False

    @classmethod
    def connect(cls, target: Target) -> Self:
        """MQCONNX: tries the addresses in order. Raises 2538, 2540, 2539, 2035, 2058, 2059, 2393, ..."""
        refusal = MQError(Reason.HOST_NOT_AVAILABLE, "no address to connect to")
        for host, port in target.addresses:
            try:
                sock = socket.create_connection((host, port), _CONNECT_WITHIN)
            except (OSError, UnicodeError) as e:  # a name that can't be one is a UnicodeError
                why = e.strerror if isinstance(e, OSError) and e.strerror else e
                refusal = MQError(Reason.HOST_NOT_AVAILABLE, f"{host}({port}): {why}")
                continue
            try:
                return cls._start(sock, host, target)
            except MQError as e:
                sock.close()
                refusal = e
                if e.reason not in _TRY_THE_NEXT:
                    raise
        raise refusal

    @classmethod
    def _start(cls, sock: socket.socket, host: str, target: Target) -> Self:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.settimeout(_CONNECT_WITHIN)
        secured = target.secure(sock, host) if target.secure else sock
        connection = cls(secured, target.heartbeat, takes_turns=target.takes_turns)
        try:
            connection._agree(target)
            connection._identify(target)
        except MQError:
            connection.abandon()
            raise
        return connection

    @property
    def ended(self) -> bool:
        """Whether it was disconnected, or is broken."""
        return self._broken

    def open(
        self, target: ObjectDescriptor, options: int, selection: bytes = b""
    ) -> tuple[int, ObjectDescriptor]:
        """MQOPEN: the handle, and the descriptor with the names as they were resolved.

        `selection` is a message selector in UTF-8.
        """
        call = Open(target, options)
        if selection:
            start = ObjectDescriptor.LENGTHS[_WITH_STRINGS]
            string = VariableString(offset=start, string_length=len(selection))
            selecting = target.but(version=_WITH_STRINGS, selection_string=string)
            padding = -len(selection) % 4
            call = Open(selecting, options, strings=selection + bytes(padding))
        reply = self._ask(SegmentType.MQOPEN, call, Open)
        return reply.header.handle, reply.descriptor

    def close(self, handle: int, options: int = 0) -> None:
        """MQCLOSE."""
        self._ask(SegmentType.MQCLOSE, Close(header=ApiHeader(handle=handle), options=options), Plain)

    def put(
        self,
        handle: int,
        descriptor: MessageDescriptor,
        options: PutMessageOptions,
        data: Buffer,
    ) -> tuple[MessageDescriptor, PutMessageOptions]:
        """MQPUT: descriptor and options as the queue manager filled them in."""
        call = Put(descriptor, options, len(data), data, header=ApiHeader(handle=handle))
        reply = self._ask(SegmentType.MQPUT, call, Put)
        self._check_versions((descriptor, reply.descriptor))
        return reply.descriptor, reply.options

    def put1(
        self,
        target: ObjectDescriptor,
        descriptor: MessageDescriptor,
        options: PutMessageOptions,
        data: Buffer,
    ) -> tuple[MessageDescriptor, PutMessageOptions]:
        """MQPUT1."""
        reply = self._ask(SegmentType.MQPUT1, Put1(target, descriptor, options, len(data), data), Put1)
        self._check_versions((descriptor, reply.descriptor))
        return reply.descriptor, reply.options

    def get(
        self, handle: int, descriptor: MessageDescriptor, options: GetMessageOptions, buffer_length: int
    ) -> Got:
        """MQGET. A warning (2079, 2080, 2119, ...) is in the reply's header, all else raises."""
        call = Get(descriptor, options, buffer_length, header=ApiHeader(handle=handle))
        wait = 0.0
        if options.options & GetOption.WAIT:
            wait = options.wait_interval / 1000 if options.wait_interval >= 0 else float("inf")
        got = self._ask(SegmentType.MQGET, call, Got, wait)
        self._check_versions((descriptor, got.descriptor), (options, got.options))
        # Beside a message that stays on its queue, as much of it may come as the queue manager likes.
        stays = got.header.reason == Reason.TRUNCATED_MSG_FAILED
        if got.length > MAX_MESSAGE_LENGTH or not (stays or len(got.data) == min(buffer_length, got.length)):
            raise self._break(f"{len(got.data)} bytes of a message of {got.length}")
        return got

    def inquire(
        self, handle: int, selectors: Sequence[int], integers: int, characters: int
    ) -> tuple[tuple[int, ...], bytes]:
        """MQINQ: as many integers, and as many bytes of characters, as there is room for."""
        call = Inquire(tuple(selectors), integers, characters, header=ApiHeader(handle=handle))
        reply = self._ask(SegmentType.MQINQ, call, Inquired)
        return reply.integers, reply.characters

    def set(self, handle: int, selectors: Sequence[int], integers: Sequence[int], characters: bytes) -> None:
        """MQSET."""
        call = Set(tuple(selectors), tuple(integers), characters, header=ApiHeader(handle=handle))
        self._ask(SegmentType.MQSET, call, Plain)

    def status(self, kind: int, report: StatusReport) -> StatusReport:
        """MQSTAT: `kind` is MQSTAT_TYPE_*."""
        return self._ask(SegmentType.MQSTAT, Stat(kind, report), Stat).status

    def commit(self) -> None:
        """MQCMIT."""
        self._ask(SegmentType.MQCMIT, Plain(), Plain)

    def back_out(self) -> None:
        """MQBACK."""
        self._ask(SegmentType.MQBACK, Plain(), Plain)

    def disconnect(self) -> None:
        """MQDISC: commits. The socket is closed whatever comes of it, but in the middle of another's call."""
        try:
            self._ask(SegmentType.MQDISC, Plain(), Plain)
        except MQError as e:
            if e.reason is Reason.CALL_IN_PROGRESS:
                raise
            self.abandon()
            raise
        self.abandon()

    def abandon(self) -> None:
        """Closes the socket without a word, which backs out."""
        self._broken = True
        self._socket.close()

    def _agree(self, target: Target) -> None:
        offer = InitialData(
            channel=target.channel,
            queue_manager=target.queue_manager,
            heartbeat=target.heartbeat,
            max_message=target.max_message_length,
            ccsid=1208,
        )
        for control in (Control.WHOLE | Control.CONFIRM, Control.WHOLE):
            offered = offer.pack(_ORDER)
            with self._breaking():
                self._send(SegmentType.INITIAL_DATA, [offered], control)
                answer = self._receive(_CONNECT_WITHIN)
                self._check_status(answer)
                if answer.type != SegmentType.INITIAL_DATA:
                    raise self._break(f"INITIAL_DATA was answered with {answer.name}")
                offer = InitialData.unpack(answer.body, answer.order)
            if not offer.error1 & InitialError.FAP_LEVEL:
                break
        else:
            raise self._break("no FAP level that both sides speak")
        if not 0 <= offer.heartbeat <= _LONGEST_HEARTBEAT or offer.max_transmission < _LEAST_TRANSMISSION:
            raise self._break("a heartbeat or a transmission size that can't be")
        self._size = min(offer.max_transmission, self._size)
        self._heartbeat = offer.heartbeat

    def _identify(self, target: Target) -> None:
        # What the system calls user and program is told as well as MQ's letters can.
        user = target.user or _single_bytes(target.system_user)
        named = UserData(user[:12], long_user=user[:64]).pack(_ORDER)
        with self._breaking():
            self._send(SegmentType.USERID_DATA, [named])
            if target.user:
                self._send(SegmentType.CONAUTH_INFO, [Credentials(target.user, target.password).pack(_ORDER)])
                self._check_status(self._receive(_CONNECT_WITHIN))
        fields = ConnectFields(target.queue_manager, _single_bytes(target.application)[:28], _UNIX)
        self._ask(SegmentType.MQCONN, Connect(fields, ConnectOptions()), Connect)

    def _check_status(self, segment: Segment) -> None:
        if segment.type != SegmentType.STATUS_DATA:
            return
        status = Status.unpack(segment.body, segment.order)
        if status.code != StatusCode.OK:
            self.abandon()
            raise MQError(_REFUSED.get(status.code, Reason.CONNECTION_BROKEN), f"status {status.code}")

    def _ask(self, kind: int, call: Call, reply: type[C], wait: float = 0.0) -> C:
        """Sends a call and reads its reply; raises its reason unless it is OK, or a warning that has data."""
        parts = call.parts(_ORDER)
        if not self._busy.acquire(blocking=self._takes_turns):
            raise MQError(Reason.CALL_IN_PROGRESS)
        try:
            with self._breaking():
                return self._exchange(kind, parts, reply, wait)
        except MQError:
            raise
        except BaseException:
            # Interrupted in the middle: the answer would be taken for that of the next call.
            self.abandon()
            raise
        finally:
            self._busy.release()

    def _exchange(
        self, kind: int, parts: Sequence[bytes | bytearray | memoryview], reply: type[C], wait: float
    ) -> C:
        if self._broken:
            raise MQError(Reason.CONNECTION_BROKEN)
        self._send(kind, parts)
        segment = self._receive_reply(wait)
        if segment.type != kind + REPLY:
            self._check_status(segment)
            raise self._break(f"{SegmentType(kind).name} was answered with {segment.name}")
        header = ApiHeader.unpack(segment.body, segment.order)
        if header.completion:
            if header.completion not in _COMPLETIONS:
                raise WireError(f"a completion code of {header.completion}")
            completion = CompletionCode(header.completion)
            if completion is CompletionCode.FAILED or reply is not Got:
                raise MQError(reason_of(header.reason), completion=completion)
        return reply.unpack(segment.body, segment.order)

    def _check_versions(self, *pairs: tuple[Versioned, Versioned]) -> None:
        """A structure comes back into the memory it came from: a longer version does not fit there."""
        for asked, answered in pairs:
            if asked.version != answered.version:
                raise self._break(f"{type(asked).__name__} came back as version {answered.version}")

    def _receive_reply(self, wait: float) -> Segment:
        """The next segment that is no heartbeat.

        A queue manager sends heartbeats while an MQGET waits: silence for two intervals beyond the wait, or
        beyond the last word, means that it is gone.
        """
        patience = min(wait, self._heartbeat) + 2 * self._heartbeat if self._heartbeat else None
        while True:
            segment = self._receive(patience)
            if segment.type != SegmentType.HEARTBEAT:
                return segment
            if segment.control & Control.CONFIRM:
                self._send(SegmentType.HEARTBEAT, [])

    def _receive(self, within: float | None) -> Segment:
        self._allow(within)
        while not self._received:
            length = self._socket.recv_into(self._incoming)
            if not length:
                raise self._break("the queue manager closed the connection")
            for segment in self._reader.feed(self._incoming[:length]):
                whole = self._joiner.add(segment)
                if whole is not None:
                    self._received.append(whole)
        return self._received.popleft()

    def _send(
        self, kind: int, parts: Sequence[bytes | bytearray | memoryview], control: int = Control.WHOLE
    ) -> None:
        segment = Segment(kind, b"", _ORDER, control, _ORDER.encoding, 1208)
        # A peer that stops reading must not hold us for ever.
        self._allow(2 * self._heartbeat or None)
        for frames in _together(split(segment, parts, self._size)):
            self._socket.sendall(frames)

    def _allow(self, within: float | None) -> None:
        """Sets how long the socket may take, in seconds: a system call, where it is not so already."""
        if within != self._timeout:
            self._socket.settimeout(within)
            self._timeout = within

    @contextlib.contextmanager
    def _breaking(self) -> Iterator[None]:
        """Whatever goes wrong with the socket, or is not the protocol, breaks the connection for good."""
        try:
            yield
        except (OSError, WireError) as e:
            # TLS 1.3 refuses a client's certificate, or the lack of one, when the client has long gone on.
            refused = isinstance(e, ssl.SSLError) and re.search("ALERT.*(CERTIFICATE|CA$)", e.reason or "")
            reason = Reason.SSL_INITIALIZATION_ERROR if refused else Reason.CONNECTION_BROKEN
            raise self._break(str(e), reason) from None

    def _break(self, why: str, reason: Reason = Reason.CONNECTION_BROKEN) -> MQError:
        self.abandon()
        return MQError(reason, why)


_TRY_THE_NEXT = frozenset(
    {Reason.HOST_NOT_AVAILABLE, Reason.CONNECTION_BROKEN, Reason.Q_MGR_NOT_AVAILABLE, Reason.Q_MGR_NAME_ERROR}
)


def _together(frames: Iterator[bytes]) -> Iterator[bytes]:
    """Frames joined to about a megabyte, so that a large message does not cost a system call a segment."""
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        waiting.append(frame)
        size += len(frame)
        if size >= _SEND_AT_ONCE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield waiting[0] if len(waiting) == 1 else b"".join(waiting)


def _single_bytes(text: str) -> str:
    """The text with a question mark for whatever is not in ISO 8859-1."""
    return text.encode("latin-1", "replace").decode("latin-1")


def reason_of(code: int) -> Reason:
    """A reason code as one of those that are known here; 2195 for any other."""
    try:
        return Reason(code)
    except ValueError:
        return Reason.UNEXPECTED_ERROR
