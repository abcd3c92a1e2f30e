"""A client for tests: speaks the protocol to a session in memory, or over a socket, call by call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self, TypeVar

from mock_mq.session import Session
from mock_mq.wire.calls import ApiHeader, Call, Close, Get, Got, Inquire, Inquired, Open, Plain, Put
from mock_mq.wire.fields import Buffer, ByteOrder
from mock_mq.wire.handshake import Connect, ConnectFields, ConnectOptions, Credentials, InitialData, UserData
from mock_mq.wire.segment import REPLY, Control, Joiner, Segment, SegmentReader, SegmentType, split
from mock_mq.wire.structures import GetMessageOptions, MessageDescriptor, ObjectDescriptor, PutMessageOptions


class Packed(Protocol):
    def pack(self, order: ByteOrder) -> bytes: ...


class Readable(Protocol):
    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self: ...


R = TypeVar("R", bound=Readable)
Exchange = Callable[[bytes], Iterable[Buffer]]


def in_memory(session: Session) -> Exchange:
    def exchange(data: bytes) -> Iterable[Buffer]:
        session.receive(data)
        return session.output()

    return exchange


class Caller:
    """`exchange` sends bytes and gives what has come back, if anything has."""

    def __init__(self, exchange: Exchange, order: ByteOrder = ByteOrder.LITTLE) -> None:
        self._exchange = exchange
        self._reader, self._joiner = SegmentReader(), Joiner()
        self.order = order
        self.size = 32_748

    def take(self, data: Iterable[Buffer]) -> list[Segment]:
        """The whole segments in what came back."""
        parts = (segment for piece in data for segment in self._reader.feed(piece))
        return [whole for part in parts if (whole := self._joiner.add(part)) is not None]

    def send(self, kind: int, value: Packed | bytes = b"", control: int = Control.WHOLE) -> list[Segment]:
        body = value if isinstance(value, bytes) else value.pack(self.order)
        frames = split(Segment(kind, b"", self.order, control), (body,), self.size)
        return self.take(self._exchange(b"".join(frames)))

    def ask(self, kind: int, call: Call, reply: type[R]) -> R:
        (answer,) = self.send(kind, call)
        assert answer.type == kind + REPLY
        assert answer.order is self.order
        return reply.unpack(answer.body, answer.order)

    def agree(self, **proposal: Any) -> InitialData:
        """Level and limits; the answer, agreed or not."""
        offer = InitialData(**({"channel": "DEV.APP.SVRCONN"} | proposal))
        (answer,) = self.send(SegmentType.INITIAL_DATA, offer, Control.WHOLE | Control.CONFIRM)
        return InitialData.unpack(answer.body, answer.order)

    def connect(self, queue_manager: str = "QM1", user: str = "", password: str = "") -> Connect:
        assert self.send(SegmentType.USERID_DATA, UserData("APP", long_user="app")) == []
        if user:
            (status,) = self.send(SegmentType.CONAUTH_INFO, Credentials(user, password))
            assert status.type == SegmentType.STATUS_DATA
        call = Connect(ConnectFields(queue_manager, "tests"), ConnectOptions())
        return self.ask(SegmentType.MQCONN, call, Connect)

    def start(self) -> Self:
        self.agree()
        assert self.connect().header.completion == 0
        return self

    def open(self, queue: str = "DEV.QUEUE.1", options: int = 0x1 | 0x8 | 0x10 | 0x20) -> Open:
        return self.ask(SegmentType.MQOPEN, Open(ObjectDescriptor(4, object_name=queue), options), Open)

    def close(self, handle: int) -> Plain:
        return self.ask(SegmentType.MQCLOSE, Close(header=ApiHeader(handle=handle)), Plain)

    def put(self, handle: int, data: bytes, options: int = 0x2) -> Put:
        call = Put(
            MessageDescriptor(format="MQSTR"),
            PutMessageOptions(2, options),
            len(data),
            data,
            header=ApiHeader(handle=handle),
        )
        return self.ask(SegmentType.MQPUT, call, Put)

    def get_call(self, handle: int, options: int = 0x2, wait: int = 0, room: int = 4096) -> Get:
        gmo = GetMessageOptions(4, options, wait)
        return Get(MessageDescriptor(), gmo, room, header=ApiHeader(handle=handle))

    def get(self, handle: int, options: int = 0x2, room: int = 4096) -> Got:
        return self.ask(SegmentType.MQGET, self.get_call(handle, options, room=room), Got)

    def inquire(self, handle: int, *selectors: int) -> Inquired:
        call = Inquire(selectors, 8, 512, header=ApiHeader(handle=handle))
        return self.ask(SegmentType.MQINQ, call, Inquired)

    def plain(self, kind: int) -> Plain:
        return self.ask(kind, Plain(), Plain)

    def commit(self) -> Plain:
        return self.plain(SegmentType.MQCMIT)


class SharingCaller(Caller):
    """A client that speaks of a conversation in each segment once that is agreed on."""

    def send(self, kind: int, value: Packed | bytes = b"", control: int = Control.WHOLE) -> list[Segment]:
        if kind == SegmentType.INITIAL_DATA:
            return super().send(kind, value, control)
        body = value if isinstance(value, bytes) else value.pack(self.order)
        head = Segment(kind, b"", self.order, control, conversation=1, request=3)
        return self.take(self._exchange(b"".join(split(head, (body,), self.size))))
