"""A channel's session, driven in memory by a client that speaks the wire in either byte order."""

from __future__ import annotations

import logging
import time
import tracemalloc
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_mq.core import Channel, Definition, QueueDefinition, QueueManager
from mock_mq.session import Session, State
from mock_mq.wire.calls import ApiHeader, Got, Open, Plain, Put, Put1
from mock_mq.wire.fields import ByteOrder
from mock_mq.wire.handshake import Connect, ConnectFields, Status, UserData
from mock_mq.wire.segment import Control, Segment, SegmentReader, SegmentType
from mock_mq.wire.spi import SpiHeader, SpiOpen, SpiOpenOptions, SpiQueried, SpiQuery
from mock_mq.wire.structures import MessageDescriptor, ObjectDescriptor, PutMessageOptions, VariableString
from tests.mock_mq.caller import Caller, in_memory
from tests.mock_mq.wire.captured import RAW

WAIT, SYNCPOINT = 0x1, 0x2
ORDERS = list(ByteOrder)


@dataclass
class House:
    """A queue manager, a clock that moves when told to, and the sessions of its clients."""

    definition: Definition = field(default_factory=Definition)
    now: float = field(default_factory=time.time)
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue_manager = QueueManager(self.definition, lambda: self.now)

    def session(self, name: str = "one", heartbeat: int = 300) -> Session:
        def wake() -> None:
            self.woken.append(name)

        return Session(self.queue_manager, clock=lambda: self.now, wake=wake, heartbeat=heartbeat)

    def caller(self, order: ByteOrder = ByteOrder.LITTLE) -> Caller:
        return Caller(in_memory(self.session()), order).start()


def _state(session: Session) -> State:
    return session.state


@pytest.fixture
def house() -> House:
    return House()


def test_a_client_of_a_higher_level_is_asked_to_come_down_and_then_agreed_with(house: House) -> None:
    session = house.session()
    caller = Caller(in_memory(session))
    lowered = caller.agree(fap_level=17, conversations=10, heartbeat=1)
    assert (lowered.fap_level, lowered.error1, lowered.conversations) == (12, 0x08, 1)
    assert _state(session) is State.STARTING
    agreed = caller.agree(fap_level=lowered.fap_level, heartbeat=1)
    assert (agreed.fap_level, agreed.error1, agreed.heartbeat) == (12, 0, 300)
    assert _state(session) is State.AGREED


def test_a_client_that_never_connects_is_given_up_after_a_minute(house: House) -> None:
    session = house.session()
    Caller(in_memory(session)).agree()
    assert session.due == pytest.approx(house.now + 60)
    house.now += 59
    session.tick()
    assert not session.closed
    house.now += 2
    session.tick()
    assert session.closed


def test_the_smaller_limits_are_agreed_on_and_kept_to(house: House) -> None:
    caller = Caller(in_memory(house.session()))
    agreed = caller.agree(max_transmission=2048, max_message=10_000)
    assert (agreed.max_transmission, agreed.max_message) == (2048, 10_000)
    caller.size = 2048
    caller.connect()
    handle = caller.open().header.handle
    assert caller.put(handle, bytes(10_000), options=0).header.completion == 0
    assert caller.put(handle, bytes(10_001)).header.reason == 2218
    assert bytes(caller.get(handle, room=10_000).data) == bytes(10_000)


@pytest.mark.parametrize(
    ("channels", "code"), [((), 1), ((Channel("DEV.APP.NOWHERE", server_connection=False),), 2)]
)
def test_an_unknown_channel_or_one_of_another_type_is_refused_and_the_socket_closed(
    channels: tuple[Channel, ...], code: int
) -> None:
    session = House(Definition(channels=channels)).session()
    offer = SegmentReader().feed(RAW["initial-data-17"].replace(b"DEV.APP.SVRCONN", b"DEV.APP.NOWHERE"))[0]
    session.receive(offer.pack())
    (refusal,) = SegmentReader().feed(b"".join(session.output()))
    assert refusal.type == SegmentType.STATUS_DATA
    assert refusal.control == Control.WHOLE | Control.ERROR | Control.CLOSE
    assert Status.unpack(refusal.body, refusal.order).code == code
    assert session.closed


@pytest.mark.parametrize(
    ("queue_manager", "user", "password", "reason"),
    [
        ("QM2", "app", "right", 2058),
        ("QM1", "app", "wrong", 2035),
        ("QM1", "who", "right", 2035),
        ("QM1", "", "", 2035),
        ("QM1", "app", "right", 0),
        ("", "app", "right", 0),
    ],
)
def test_connecting_is_answered_with_its_reason(
    queue_manager: str, user: str, password: str, reason: int
) -> None:
    session = House(Definition(users={"app": "right"})).session()
    caller = Caller(in_memory(session))
    caller.agree()
    assert caller.connect(queue_manager, user, password).header.reason == reason
    assert session.state is (State.AGREED if reason else State.CONNECTED)


def test_an_old_client_s_password_beside_its_user_counts_too() -> None:
    caller = Caller(in_memory(House(Definition(users={"app": "right"})).session()))
    caller.agree()
    caller.send(SegmentType.USERID_DATA, UserData("APP", "right", "app"))
    answer = caller.ask(SegmentType.MQCONN, Connect(ConnectFields("QM1")), Connect)
    assert answer.header.reason == 0


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [0, 1, 4096, 32_748, 100_000, 5_000_000])
def test_a_message_comes_back_byte_for_byte(house: House, order: ByteOrder, size: int) -> None:
    caller = house.caller(order)
    handle = caller.open().header.handle
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    put = caller.put(handle, data)
    assert put.header.completion == 0
    assert put.descriptor.message_id != bytes(24)
    assert caller.commit().header.completion == 0
    got = caller.get(handle, room=size)
    assert (got.header.completion, got.length, bytes(got.data)) == (0, size, data)
    assert got.descriptor.message_id == put.descriptor.message_id
    assert got.descriptor.format == "MQSTR"


def test_the_descriptor_comes_back_in_the_version_that_was_asked_in(house: House) -> None:
    caller = house.caller()
    handle = caller.open().header.handle
    caller.put(handle, b"x", options=0)
    call = caller.get_call(handle)
    call = replace(call, descriptor=replace(call.descriptor, version=1))
    got = caller.ask(SegmentType.MQGET, call, Got)
    assert (got.header.completion, got.descriptor.version, bytes(got.data)) == (0, 1, b"x")


def test_an_unknown_queue_is_refused_with_its_reason_and_its_descriptor(house: House) -> None:
    refused = house.caller().open("NO.SUCH.QUEUE")
    assert (refused.header.completion, refused.header.reason) == (2, 2085)
    assert refused.descriptor.object_name == "NO.SUCH.QUEUE"


def test_a_buffer_too_small_is_told_the_real_length_and_the_message_stays(house: House) -> None:
    caller = house.caller()
    handle = caller.open().header.handle
    caller.put(handle, bytes(500), options=0)
    got = caller.get(handle, room=100)
    assert (got.header.reason, got.length) == (2080, 500)
    assert len(got.data) <= 100
    assert caller.get(handle, room=500).length == 500


def test_the_message_that_was_too_long_is_got_by_its_token_as_ibm_s_client_does(house: House) -> None:
    caller = house.caller()
    handle = caller.open().header.handle
    caller.put(handle, bytes(500), options=0)
    told = caller.get(handle, room=100)
    caller.put(handle, b"another", options=0)
    call = caller.get_call(handle)
    gmo = replace(call.options, match_options=0x20, message_token=told.options.message_token)
    by_token = replace(call, options=gmo)
    assert bytes(caller.ask(SegmentType.MQGET, by_token, Got).data) == bytes(500)
    assert caller.ask(SegmentType.MQGET, by_token, Got).header.reason == 2033
    assert bytes(caller.get(handle).data) == b"another"


def test_a_wait_ends_with_2033_at_its_time_and_not_before(house: House) -> None:
    session = house.session()
    caller = Caller(in_memory(session)).start()
    handle = caller.open().header.handle
    assert caller.send(SegmentType.MQGET, caller.get_call(handle, WAIT, wait=2500)) == []
    assert _state(session) is State.WAITING
    assert session.due == pytest.approx(house.now + 2.5)
    house.now += 2.4
    session.tick()
    assert list(session.output()) == []
    house.now += 0.2
    session.tick()
    (reply,) = caller.take(session.output())
    assert Got.unpack(reply.body, reply.order).header.reason == 2033
    assert _state(session) is State.CONNECTED
    assert session.due is None


def test_a_waiting_client_is_woken_by_what_another_commits(house: House) -> None:
    waiting = house.session("waiting")
    getter = Caller(in_memory(waiting)).start()
    handle = getter.open().header.handle
    getter.send(SegmentType.MQGET, getter.get_call(handle, WAIT | SYNCPOINT, wait=-1))
    putter = house.caller()
    putter.put(putter.open().header.handle, b"for the other")
    assert house.woken == []
    putter.commit()
    assert house.woken == ["waiting"]
    waiting.tick()
    (reply,) = getter.take(waiting.output())
    assert bytes(Got.unpack(reply.body, reply.order).data) == b"for the other"


def test_a_client_in_a_long_wait_is_sent_heartbeats_and_given_up_when_it_does_not_answer(
    house: House,
) -> None:
    session = house.session(heartbeat=30)
    caller = Caller(in_memory(session))
    caller.agree(heartbeat=5)
    caller.connect()
    handle = caller.open().header.handle
    caller.send(SegmentType.MQGET, caller.get_call(handle, WAIT, wait=-1))
    for _ in range(2):
        assert session.due == pytest.approx(house.now + 30)
        house.now += 30
        session.tick()
        (beat,) = caller.take(session.output())
        assert (beat.type, beat.control) == (SegmentType.HEARTBEAT, Control.WHOLE | Control.CONFIRM)
        assert caller.send(SegmentType.HEARTBEAT) == []
    house.now += 30
    session.tick()
    assert not session.closed
    house.now += 30
    session.tick()
    assert session.closed


def test_a_heartbeat_is_answered_where_that_is_asked_for(house: House) -> None:
    caller = house.caller()
    assert caller.send(SegmentType.HEARTBEAT) == []
    (answer,) = caller.send(SegmentType.HEARTBEAT, control=Control.WHOLE | Control.CONFIRM)
    assert (answer.type, answer.control) == (SegmentType.HEARTBEAT, Control.WHOLE)


def test_a_broken_socket_backs_out_what_was_got_and_what_was_put(house: House) -> None:
    session = house.session()
    caller = Caller(in_memory(session)).start()
    handle = caller.open().header.handle
    caller.put(handle, b"stays", options=0)
    assert bytes(caller.get(handle).data) == b"stays"
    caller.put(handle, b"never committed")
    session.lose()
    other = house.caller()
    handle = other.open().header.handle
    again = other.get(handle)
    assert (bytes(again.data), again.descriptor.backout_count) == (b"stays", 1)
    assert other.get(handle).header.reason == 2033


def test_a_broken_protocol_backs_out_too(house: House) -> None:
    session = house.session()
    caller = Caller(in_memory(session)).start()
    handle = caller.open().header.handle
    caller.put(handle, b"stays", options=0)
    caller.get(handle)
    session.receive(b"nonsense")
    assert session.closed
    other = house.caller()
    assert bytes(other.get(other.open().header.handle).data) == b"stays"


def test_disconnecting_commits_and_the_socket_may_then_be_closed(house: House) -> None:
    session = house.session()
    caller = Caller(in_memory(session)).start()
    caller.put(caller.open().header.handle, b"kept")
    assert caller.plain(SegmentType.MQDISC).header.completion == 0
    assert not session.closed
    assert caller.send(SegmentType.STATUS_DATA, control=Control.WHOLE | Control.CLOSE) == []
    assert session.closed
    other = house.caller()
    assert bytes(other.get(other.open().header.handle).data) == b"kept"


@pytest.mark.parametrize("kind", [SegmentType.MQSUB, SegmentType.MQSUBRQ])
def test_a_call_that_is_not_there_gets_2298_and_a_log_line(
    house: House, kind: SegmentType, caplog: pytest.LogCaptureFixture
) -> None:
    caller = house.caller()
    with caplog.at_level(logging.WARNING, "mock_mq"):
        assert caller.plain(kind).header.reason == 2298
    assert kind.name in caplog.text
    assert caller.commit().header.completion == 0


def test_an_spi_verb_that_is_not_there_gets_2298(house: House) -> None:
    call = SpiQuery(SpiHeader(verb=3))
    assert house.caller().ask(SegmentType.SPI, call, Plain).header.reason == 2298


def test_an_open_through_spi_gives_a_handle_that_gets_and_puts(house: House) -> None:
    caller = house.caller()
    verbs = caller.ask(SegmentType.SPI, SpiQuery(), SpiQueried).verbs
    assert 12 in [each.verb for each in verbs]
    call = SpiOpen(SpiOpenOptions(options=0x31), ObjectDescriptor(4, object_name="DEV.QUEUE.1"))
    opened = caller.ask(SegmentType.SPI, call, SpiOpen)
    assert (opened.is_reply, opened.header.completion) == (True, 0)
    assert (opened.options.persistence, opened.options.put_response) == (0, 1)
    handle = opened.header.handle
    assert caller.put(handle, b"x", options=0).header.completion == 0
    assert bytes(caller.get(handle).data) == b"x"


@pytest.mark.parametrize(("text", "reason"), [(b"JMSPriority > 3 ", 0), (b"JMSPriority > ", 2459)])
def test_a_selector_on_open_chooses_or_is_refused(house: House, text: bytes, reason: int) -> None:
    selection = VariableString(offset=400, string_length=len(text))
    od = ObjectDescriptor(4, object_name="DEV.QUEUE.1", selection_string=selection)
    filled = text.ljust(16)
    assert house.caller().ask(SegmentType.MQOPEN, Open(od, 1, strings=filled), Open).header.reason == reason


def test_put1_puts_without_a_handle(house: House) -> None:
    caller = house.caller()
    call = Put1(
        ObjectDescriptor(object_name="DEV.QUEUE.1"), MessageDescriptor(1), PutMessageOptions(), 2, b"hi"
    )
    put = caller.ask(SegmentType.MQPUT1, call, Put1)
    assert (put.header.completion, put.descriptor.version) == (0, 1)
    assert bytes(caller.get(caller.open().header.handle).data) == b"hi"


def test_inquiring_gives_integers_and_characters_in_the_order_asked_for(house: House) -> None:
    caller = house.caller()
    opened = caller.ask(SegmentType.MQOPEN, Open(ObjectDescriptor(object_type=5), 0x20), Open)
    answer = caller.inquire(opened.header.handle, 31, 2015, 32)
    assert answer.integers[1:] == (3,)
    assert answer.characters == b"QM1".ljust(48)
    assert caller.inquire(opened.header.handle, 99_999).header.reason == 2067


def test_a_closed_handle_is_no_handle(house: House) -> None:
    caller = house.caller()
    handle = caller.open().header.handle
    assert caller.close(handle).header.completion == 0
    assert caller.put(handle, b"x").header.reason == 2019
    assert caller.close(handle).header.reason == 2019


@pytest.mark.parametrize(
    "frame",
    [
        Segment(SegmentType.MQPUT, Plain().pack(ByteOrder.BIG), ByteOrder.BIG),
        Segment(SegmentType.INITIAL_DATA, b"ID  ", ByteOrder.BIG),
        Segment(0x42, b"", ByteOrder.BIG),
        Segment(SegmentType.HEARTBEAT, b"", ByteOrder.BIG, conversation=1, request=1),
    ],
    ids=["a call before connecting", "a block cut off", "no known type", "a shared conversation"],
)
def test_a_frame_out_of_its_place_closes_the_channel_with_an_error(house: House, frame: Segment) -> None:
    session = house.session()
    session.receive(frame.pack())
    assert session.closed
    (refusal,) = SegmentReader().feed(b"".join(session.output()))
    assert refusal.type == SegmentType.STATUS_DATA
    assert refusal.control & Control.ERROR


def test_a_call_while_mqget_waits_ends_the_wait_as_ibm_s_client_expects_when_it_closes(house: House) -> None:
    caller = house.caller()
    handle = caller.open().header.handle
    caller.send(SegmentType.MQGET, caller.get_call(handle, WAIT, wait=-1))
    waited, backed_out = caller.send(SegmentType.MQBACK, Plain())
    assert Got.unpack(waited.body, waited.order).header.reason == 2033
    assert backed_out.name == "MQBACK_REPLY"
    assert caller.commit().header.completion == 0


def test_a_stranger_can_not_fill_the_memory_with_a_body_that_never_ends(house: House) -> None:
    session = house.session()
    Caller(in_memory(session)).agree()
    part = Segment(SegmentType.MQCONN, bytes(32_000), ByteOrder.BIG, Control.FIRST)
    for control in (Control.FIRST, 0, 0):
        session.receive(replace(part, control=control).pack())
    assert session.closed


def test_a_put_that_says_it_is_longer_than_it_is_closes_the_channel(house: House) -> None:
    session = house.session()
    caller = Caller(in_memory(session)).start()
    call = Put1(
        ObjectDescriptor(object_name="DEV.QUEUE.1"), MessageDescriptor(), PutMessageOptions(), 9, b"x"
    )
    caller.send(SegmentType.MQPUT1, call)
    assert session.closed


def test_what_ibm_s_client_sent_is_answered_call_by_call() -> None:
    house = House(Definition(queues=(QueueDefinition("Q1"),)))
    session = house.session()
    expected = {
        "initial-data-17": "INITIAL_DATA",
        "initial-data-12": "INITIAL_DATA",
        "user-data": None,
        "connect": "MQCONN_REPLY",
        "open": "MQOPEN_REPLY",
        "spi-query": "SPI_REPLY",
        "spi-open": "SPI_REPLY",
        "commit": "MQCMIT_REPLY",
    }
    for name, answer in expected.items():
        session.receive(RAW[name])
        answered = SegmentReader().feed(b"".join(session.output()))
        assert [each.name for each in answered] == ([answer] if answer else []), name
        if answer and answer.endswith("REPLY"):
            assert ApiHeader.unpack(answered[0].body, ByteOrder.BIG).completion == 0, name


_FRAMES = sorted(set(RAW) - {"initial-data-17", "initial-data-12"})


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_a_connected_client_sends_is_answered_or_closes_its_channel(data: st.DataObject) -> None:
    house = House(Definition(queues=(QueueDefinition("Q1"),)))
    session = house.session()
    caller = Caller(in_memory(session), ByteOrder.BIG).start()
    assert caller.open("Q1").header.handle
    for name in data.draw(st.lists(st.sampled_from(_FRAMES), min_size=1, max_size=4)):
        frame = bytearray(RAW[name])
        for _ in range(data.draw(st.integers(0, 3))):
            frame[data.draw(st.integers(8, len(frame) - 1))] = data.draw(st.integers(0, 255))
        session.receive(frame)
        caller.take(session.output())
    session.lose()
    other = house.caller()
    handle = other.open("Q1").header.handle
    assert other.put(handle, b"still works", options=0).header.completion == 0


def test_a_message_is_kept_without_whatever_else_came_with_it(house: House) -> None:
    caller = house.caller()
    handle = caller.open().header.handle
    data = bytes(20_000)
    put = Put(MessageDescriptor(), PutMessageOptions(), len(data), data, header=ApiHeader(handle=handle))
    tracemalloc.start()
    try:
        (answer,) = caller.send(SegmentType.MQPUT, put.pack(caller.order) + bytes(5_000_000))
        held, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert Put.unpack(answer.body, answer.order).header.reason == 0
    assert held < 1_000_000
    assert caller.get(handle, room=len(data)).data == data
