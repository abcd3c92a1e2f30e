"""Gets over a shared conversation, message by message, in memory: what is asked, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from mock_mq.constants import GetOption, Selector
from mock_mq.core import Definition, QueueDefinition, QueueManager
from mock_mq.session import Session
from mock_mq.wire.calls import ApiHeader, Set
from mock_mq.wire.consuming import CONNECTION_STATE, Notification, RequestMessages, Selection
from mock_mq.wire.segment import Control, Segment, SegmentType
from mock_mq.wire.structures import MessageDescriptor
from tests.mock_mq.caller import Caller, SharingCaller, in_memory

QUEUE = "DEV.QUEUE.1"
STREAM, OWN = 1, 3
CONFIRM = Control.WHOLE | Control.CONFIRM
ANY = Selection(1, MessageDescriptor(), 0)
NOTHING, OVER = (OWN, 15, 2033), (OWN, 15, 0)


@dataclass
class House:
    """A queue manager whose clock moves when told to, and a client that shares its conversation."""

    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.core = QueueManager(Definition(queues=(QueueDefinition(QUEUE),)), lambda: self.now)
        self.session = self.new_session()
        self.caller = SharingCaller(in_memory(self.session))
        self.caller.agree(conversations=1)
        self.caller.connect()
        self.handle = self.caller.open(options=0x2 | 0x8 | 0x10 | 0x40).header.handle

    def new_session(self) -> Session:
        return Session(self.core, clock=lambda: self.now, wake=lambda: None)

    def put(self, *bodies: bytes) -> None:
        for body in bodies:
            self.core.put(QUEUE, MessageDescriptor(), body)

    def request(
        self, options: int = 0, wait: int = 0, *, flags: int = 0x10, requested: int = 1, room: int = -1
    ) -> list[object]:
        """What a request is answered at once."""
        asked = RequestMessages(
            self.handle, options, wait, room, requested_bytes=requested, flags=flags, selection=ANY
        )
        standing = flags & 1
        answers = self.caller.send(SegmentType.REQUEST_MSGS, asked, Control.WHOLE if standing else CONFIRM)
        return told(answers)

    def tick(self) -> list[object]:
        """What comes by itself."""
        self.session.tick()
        return told(self.caller.take(self.session.output()))


def told(segments: list[Segment]) -> list[object]:
    """The bodies of messages, and of notifications the request they are for, their code and value."""
    found: list[object] = []
    for segment in segments:
        if segment.type == SegmentType.NOTIFICATION:
            event = Notification.unpack(segment.body, segment.order)
            found.append((segment.request, event.code, event.value))
        else:
            assert (segment.type, segment.request) == (SegmentType.ASYNC_MESSAGE, STREAM)
            found.append(bytes(segment.body)[-1:])
    return found


@pytest.fixture
def house() -> House:
    return House()


def test_nothing_there_is_said_at_once_or_after_the_wait(house: House) -> None:
    assert house.request() == [NOTHING]
    assert house.request(GetOption.WAIT, 1000) == []
    house.now += 0.9
    assert house.tick() == []
    house.now += 0.2
    assert house.tick() == [NOTHING]


def test_a_message_comes_on_the_stream_and_then_the_request_is_over(house: House) -> None:
    house.put(b"1")
    assert house.request() == [b"1", OVER]


def test_a_message_that_comes_during_the_wait_is_brought(house: House) -> None:
    assert house.request(GetOption.WAIT, -1) == []
    house.put(b"1")
    assert house.tick() == [b"1", OVER]


def test_as_many_messages_come_as_bytes_were_asked_for(house: House) -> None:
    house.put(b"1", b"2", b"3", b"4")
    assert house.request(requested=3) == [b"1", b"2", b"3", OVER]


def test_a_refusal_comes_on_the_stream_with_its_reason(house: House) -> None:
    assert house.request(GetOption.MSG_UNDER_CURSOR) == [(STREAM, 14, 2034), OVER]


def test_browsing_starts_where_it_is_told_to(house: House) -> None:
    house.put(b"1", b"2", b"3")
    first, following = GetOption.BROWSE_FIRST, GetOption.BROWSE_NEXT
    assert house.request(first | following) == [b"1", OVER]
    assert house.request(following) == [b"2", OVER]
    assert house.request(first | following) == [b"1", OVER]
    assert house.request(first | following, requested=3) == [b"1", b"2", b"3", OVER]


@pytest.mark.parametrize("option", [GetOption.BROWSE_FIRST, GetOption.BROWSE_MSG_UNDER_CURSOR])
def test_one_message_is_not_brought_again_and_again(house: House, option: int) -> None:
    house.put(b"1")
    house.request(GetOption.BROWSE_FIRST)
    assert house.request(option, requested=2**31 - 1) == [b"1", OVER]


def test_a_message_too_long_is_told_of_and_stays(house: House) -> None:
    house.put(b"123456")
    assert len(house.request(room=3)) == 2
    assert house.core.queue(QUEUE).depth == 1


def test_a_listener_hears_nothing_while_gets_are_inhibited_and_goes_on_afterwards(house: House) -> None:
    assert house.request(flags=0x11) == []
    header = ApiHeader(handle=house.handle)

    def inhibit(value: int) -> list[object]:
        answers = house.caller.send(SegmentType.MQSET, Set((Selector.INHIBIT_GET,), (value,), header=header))
        return told([each for each in answers if each.type == SegmentType.NOTIFICATION]) + house.tick()

    assert inhibit(1) == []
    house.put(b"1")
    assert house.tick() == []
    assert inhibit(0) == [b"1"]


def test_the_wait_of_a_closed_handle_is_over(house: House) -> None:
    house.request(GetOption.WAIT, -1)
    house.caller.close(house.handle)
    house.put(b"1")
    assert house.tick() == []
    assert house.core.queue(QUEUE).depth == 1


def test_that_consumers_stop_is_confirmed_where_that_is_asked_for(house: House) -> None:
    event = Notification(handle=0, code=CONNECTION_STATE, value=1)
    assert house.caller.send(SegmentType.NOTIFICATION, event) == []
    assert told(house.caller.send(SegmentType.NOTIFICATION, event, CONFIRM)) == [(OWN, 4, 1)]


def test_without_a_shared_conversation_the_channel_is_closed() -> None:
    house = House()
    plain_session = house.new_session()
    plain = Caller(in_memory(plain_session)).start()
    plain.send(SegmentType.REQUEST_MSGS, replace(RequestMessages(1, 0), selection=ANY))
    assert plain_session.closed
