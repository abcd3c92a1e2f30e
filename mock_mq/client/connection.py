"""A client connection, call by call, over a blocking socket: what the stand-in library is made of.

Little-endian, FAP level 12, one conversation a socket. Refusals are `MQError` with the reason that IBM's own
client reports; once the connection is broken every call raises MQRC_CONNECTION_BROKEN.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Self, TypeVar

from mock_mq.constants import CompletionCode, GetOption, Reason
from mock_mq.errors import MQError
from mock_mq.wire.calls import (
    ApiHeader,
    Call,
    Close,
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
from mock_mq.wire.fields import INTEGERS, Buffer, ByteOrder, WireError
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
_PLAIN = b"TSH "  # what each frame here begins with
_SEGMENT_HEADER = 28  # bytes; the length in an API header counts it too
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

_HEADS = {order: struct.Struct(order.prefix + "4s3i") for order in ByteOrder}  # ApiHeader's
_VERSIONED = 8  # bytes of a structure's eye-catcher and version
_LENGTH = INTEGERS[_ORDER]
_WAIT_INTERVAL = struct.Struct("<8xii")  # MQGMO's Options and WaitInterval
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


@dataclass(frozen=True, slots=True)
class Began:
    """A call that was sent already: what came for it since, and the number of the error that ended that."""

    received: bytes = field(default=b"", repr=False)
    error: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """What it takes to make calls on a connection.

    The socket's file descriptor, -1 where it is TLS and frames go by `pass_frame`; the longest frame in
    bytes; and the milliseconds to wait for an answer, -1 for ever.
    """

    socket: int
    largest: int
    patience: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What MQGET brought, its structures as they travel: little-endian, as a program here has them.

    `length` is the whole message's, `data` as much of it as came; `reason` is 0 or a warning's.
    """

    completion: int
    reason: int
    descriptor: Buffer
    options: Buffer
    length: int
    data: Buffer = field(repr=False)


def fetched(got: Got) -> Fetched:
    """A reply that was taken apart, put together again."""
    header = got.header
    descriptor, options = got.descriptor.pack(_ORDER), got.options.pack(_ORDER)
    return Fetched(header.completion, header.reason, descriptor, options, got.length, got.data)


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


class _Turn:
    """One call: nobody else's meanwhile on the connection, which whatever goes wrong in it breaks."""

    __slots__ = ("_broken_by", "_busy", "_waits")

    def __init__(self, busy: threading.Lock, broken_by: Callable[[BaseException], MQError], *, waits: bool):
        self._busy = busy
        self._broken_by = broken_by
        self._waits = waits

    def __enter__(self) -> None:
        if not self._busy.acquire(blocking=self._waits):
            raise MQError(Reason.CALL_IN_PROGRESS)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is not None and not isinstance(error, MQError):
                # Also where it is interrupted: the answer would be taken for that of the next call.
                refusal = self._broken_by(error)
                if isinstance(error, OSError | WireError):
                    raise refusal from None
        finally:
            self._busy.release()


class Connection:
    """A connected channel. One call at a time: another meanwhile waits, or gets MQRC_CALL_IN_PROGRESS."""

    def __init__(self, sock: socket.socket, heartbeat: int, *, takes_turns: bool = False) -> None:
        self._socket = sock
        self._heartbeat = heartbeat
        self._size = InitialData().max_transmission
        self._reader = SegmentReader()
        self._joiner = Joiner()
        self._received: deque[Segment] = deque()
        self._incoming = memoryview(bytearray(_READ))
        self._timeout = sock.gettimeout()
        self._takes_turns = takes_turns
        self._busy = threading.Lock()
        self._broken = False
        self.on_end: Callable[[], object] = lambda: None
        """Called before the socket is closed."""

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
    def reach(self) -> Reach:
        """What another needs to make calls on it."""
        plain = not isinstance(self._socket, ssl.SSLSocket)
        return Reach(self._socket.fileno() if plain else -1, self._size, 2_000 * self._heartbeat or -1)

    def pass_frame(self, frame: Buffer, into: memoryview) -> int:
        """Sends a frame and receives until there is one, or something that is none: the bytes that came.

        Negative where the socket failed. For who has the connection to himself.
        """
        have = 0
        try:
            self._allow(2 * self._heartbeat or None)
            self._socket.sendall(frame)
            while True:
                came = self._socket.recv_into(into[have:])
                have += came
                if not came or have == len(into) or (have >= len(_PLAIN) and into[:4] != _PLAIN):
                    return have
                if have >= _SEGMENT_HEADER:
                    length = int.from_bytes(into[4:8], "big")
                    if length > len(into) or have >= length:
                        return have
        except OSError:
            return -errno.EIO
        except BaseException:
            self.abandon()  # the answer would be taken for that of the next call
            raise

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
        told = self.put_packed(handle, descriptor.pack(_ORDER), options.pack(_ORDER), data)
        return MessageDescriptor.unpack(told[0], _ORDER), PutMessageOptions.unpack(told[1], _ORDER)

    def put_packed(
        self, handle: int, descriptor: bytes, options: bytes, data: Buffer, began: Began | None = None
    ) -> tuple[memoryview, memoryview]:
        """MQPUT of structures as they travel, little-endian: they are neither read nor written here."""
        call = [descriptor, options, _LENGTH.pack(len(data)), data]
        with self._turn():
            _, reply = self._call(SegmentType.MQPUT, handle, call, Put, began=began)
            return self._same(descriptor, reply), self._same(options, reply[len(descriptor) :])

    def put1(
        self,
        target: ObjectDescriptor,
        descriptor: MessageDescriptor,
        options: PutMessageOptions,
        data: Buffer,
    ) -> tuple[MessageDescriptor, PutMessageOptions]:
        """MQPUT1."""
        reply = self._ask(SegmentType.MQPUT1, Put1(target, descriptor, options, len(data), data), Put1)
        if reply.descriptor.version != descriptor.version:
            raise self._break(f"MessageDescriptor came back as version {reply.descriptor.version}")
        return reply.descriptor, reply.options

    def get(
        self, handle: int, descriptor: MessageDescriptor, options: GetMessageOptions, buffer_length: int
    ) -> Got:
        """MQGET. A warning (2079, 2080, 2119, ...) is in the reply's header, all else raises."""
        got = self.get_packed(handle, descriptor.pack(_ORDER), options.pack(_ORDER), buffer_length)
        return Got(
            MessageDescriptor.unpack(got.descriptor, _ORDER),
            GetMessageOptions.unpack(got.options, _ORDER),
            got.length,
            got.data,
            header=ApiHeader(completion=got.completion, reason=got.reason),
        )

    def get_packed(
        self,
        handle: int,
        descriptor: bytes,
        options: bytes,
        buffer_length: int,
        began: Began | None = None,
    ) -> Fetched:
        """MQGET with structures as they travel, little-endian: they are neither read nor written here."""
        call = [descriptor, options, _LENGTH.pack(buffer_length)]
        asked, interval = _WAIT_INTERVAL.unpack_from(options)
        wait = 0.0
        if asked & GetOption.WAIT:
            wait = interval / 1000 if interval >= 0 else float("inf")
        with self._turn():
            (completion, reason), reply = self._call(
                SegmentType.MQGET, handle, call, Got, room=buffer_length, wait=wait, began=began
            )
            start = len(descriptor) + len(options)
            if len(reply) < start + _LENGTH.size:
                raise WireError(f"a reply to MQGET of {len(reply)} bytes")
            (length,) = _LENGTH.unpack_from(reply, start)
            data = reply[start + _LENGTH.size :]
            data = data[: max(0, length)]
            # Beside a message that stays on its queue, as much of it may come as the queue manager likes.
            stays = reason == Reason.TRUNCATED_MSG_FAILED
            whole = len(data) == min(buffer_length, length)
            if not 0 <= length <= MAX_MESSAGE_LENGTH or not (stays or whole):
                raise self._break(f"{len(data)} bytes of a message of {length}")
            return Fetched(
                completion,
                reason,
                self._same(descriptor, reply),
                self._same(options, reply[len(descriptor) :]),
                length,
                data,
            )

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
        self.on_end()
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
            with self._turn():
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
        with self._turn():
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

    def _ask(self, kind: SegmentType, call: Call, reply: type[C]) -> C:
        """Sends a call and reads its reply; raises its reason unless it is OK."""
        parts = call.parts(_ORDER)
        with self._turn():
            segment = self._exchange(kind, parts, 0.0)
            self._outcome(segment)
            return reply.unpack(segment.body, segment.order)

    def _call(
        self,
        kind: SegmentType,
        handle: int,
        body: Sequence[Buffer],
        reply: type[C],
        *,
        room: int = 0,
        wait: float = 0.0,
        began: Began | None = None,
    ) -> tuple[tuple[int, int], memoryview]:
        """The same for what is packed already: the outcome, and what follows the header, in our byte order.

        `room` is for bytes of the reply beyond the call's. A warning does not raise where it has data.
        """
        head = _HEADS[_ORDER]
        total = _SEGMENT_HEADER + head.size + sum(map(len, body)) + room
        header = head.pack(total.to_bytes(4, "big"), 0, 0, handle)
        segment = self._exchange(kind, [header, *body], wait, began)
        outcome = self._outcome(segment, warnings=reply is Got)
        content = segment.body
        if segment.order is not _ORDER:
            content = reply.unpack(content, segment.order).pack(_ORDER)
        return outcome, memoryview(content)[head.size :]

    def _exchange(
        self, kind: SegmentType, parts: Sequence[Buffer], wait: float, began: Began | None = None
    ) -> Segment:
        """Sends a call, where that was not begun; gives its reply."""
        if self._broken:
            raise MQError(Reason.CONNECTION_BROKEN)
        if began is None:
            self._send(kind, parts)
        elif began.error:
            raise OSError(began.error, os.strerror(began.error))
        else:
            self._arrived(began.received)
        segment = self._receive_reply(wait)
        if segment.type != kind + REPLY:
            self._check_status(segment)
            raise self._break(f"{kind.name} was answered with {segment.name}")
        return segment

    def _outcome(self, segment: Segment, *, warnings: bool = False) -> tuple[int, int]:
        """A reply's completion code and reason; raises that unless it is OK, or a warning that is wanted."""
        head = _HEADS[segment.order]
        if len(segment.body) < head.size:
            raise WireError(f"a reply of {len(segment.body)} bytes")
        _, completion, reason, _ = head.unpack_from(segment.body)
        if completion:
            if completion not in _COMPLETIONS:
                raise WireError(f"a completion code of {completion}")
            if completion == CompletionCode.FAILED or not warnings:
                raise MQError(reason_of(reason), completion=CompletionCode(completion))
        return completion, reason

    def _same(self, asked: bytes, answered: memoryview) -> memoryview:
        """A structure as it came back, where it is of the kind and version that was sent.

        It comes back into the memory it came from: a longer version does not fit there.
        """
        if len(answered) < len(asked) or answered[:_VERSIONED] != asked[:_VERSIONED]:
            raise self._break(f"{bytes(asked[:4]).decode()!r} came back as another version")
        return answered[: len(asked)]

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
            self._arrived(self._incoming[:length])
        return self._received.popleft()

    def _arrived(self, data: Buffer) -> None:
        for segment in self._reader.feed(data):
            whole = self._joiner.add(segment)
            if whole is not None:
                self._received.append(whole)

    def _send(
        self, kind: int, parts: Sequence[bytes | bytearray | memoryview], control: int = Control.WHOLE
    ) -> None:
        # A peer that stops reading must not hold us for ever.
        self._allow(2 * self._heartbeat or None)
        for frames in _together(split(_headed(kind, control), parts, self._size)):
            self._socket.sendall(frames)

    def _allow(self, within: float | None) -> None:
        """Sets how long the socket may take, in seconds: a system call, where it is not so already."""
        if within != self._timeout:
            self._socket.settimeout(within)
            self._timeout = within

    def _turn(self) -> _Turn:
        return _Turn(self._busy, self._broken_by, waits=self._takes_turns)

    def _broken_by(self, error: BaseException) -> MQError:
        """Whatever goes wrong with the socket, or is not the protocol, breaks the connection for good."""
        # TLS 1.3 refuses a client's certificate, or the lack of one, when the client has long gone on.
        refused = isinstance(error, ssl.SSLError) and re.search(
            "ALERT.*(CERTIFICATE|CA$)", error.reason or ""
        )
        reason = Reason.SSL_INITIALIZATION_ERROR if refused else Reason.CONNECTION_BROKEN
        return self._break(str(error), reason)

    def _break(self, why: str, reason: Reason = Reason.CONNECTION_BROKEN) -> MQError:
        self.abandon()
        return MQError(reason, why)


_TRY_THE_NEXT = frozenset(
    {Reason.HOST_NOT_AVAILABLE, Reason.CONNECTION_BROKEN, Reason.Q_MGR_NOT_AVAILABLE, Reason.Q_MGR_NAME_ERROR}
)


@cache
def _headed(kind: int, control: int) -> Segment:
    """What a segment of ours is headed as."""
    return Segment(kind, b"", _ORDER, control, _ORDER.encoding, 1208)


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
