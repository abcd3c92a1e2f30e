"""An MQ queue as a source, on both bindings, over a socket to a queue manager."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge import rfh2
from bridge.binding import Binding
from bridge.circuit import Circuit
from bridge.errors import Away
from bridge.message import Message, Property
from bridge.mq_source import MqSource
from bridge.pump import Pump
from bridge.retry import Retry
from bridge.room import Room
from mock_mq.core import QueueDefinition, Right
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.bridge.ends import MemoryDeadLetters, MemorySink
from tests.bridge.mq_ends import QUEUE, Program, connection, source
from tests.fixtures.bridge import eventually


@pytest.fixture
def program(binding: Binding, queue_manager: RunningQueueManager) -> Program:
    return Program(binding, queue_manager)


@pytest.fixture
def taking(binding: Binding, queue_manager: RunningQueueManager) -> MqSource:
    made = source(binding, queue_manager)
    made.connect()
    return made


def test_a_unit_takes_up_to_its_limit_and_what_is_there(program: Program, taking: MqSource) -> None:
    for number in range(12):
        program.put(b"%d" % number)
    unit = taking.take(10)
    assert [each.message.body for each in unit] == [b"%d" % number for number in range(10)]
    taking.commit()
    assert [each.message.body for each in taking.take(10)] == [b"10", b"11"]


def test_nothing_there_is_an_empty_unit(taking: MqSource) -> None:
    assert taking.take(10) == []


def test_a_stop_ends_the_wait(binding: Binding, queue_manager: RunningQueueManager) -> None:
    stop = threading.Event()
    made = MqSource(connection(binding, queue_manager), QUEUE, stop=stop, wait=3600.0)
    made.connect()
    stop.set()
    assert made.take(10) == []


def test_a_committed_unit_is_gone_and_a_backed_out_one_comes_again_with_its_count(
    program: Program, taking: MqSource, queue_manager: RunningQueueManager
) -> None:
    program.put(b"again")
    (first,) = taking.take(10)
    taking.back_out()
    (second,) = taking.take(10)
    assert (first.deliveries, second.deliveries) == (0, 1)
    assert first.known_by == second.known_by
    taking.commit()
    assert queue_manager.depth(QUEUE) == 0


def test_a_back_out_that_is_refused_is_tried_until_it_is_done_and_no_second_connection_made(
    queue_manager: RunningQueueManager, taking: MqSource
) -> None:
    queue_manager.put(QUEUE, "in hand")
    taking.take(10)
    queue_manager.fault("fail", call="MQBACK", reason=2102, times=4)
    taking.back_out()
    # The first two were the back-out itself and the closing of its connection.
    for _ in range(2):
        with pytest.raises(Away, match=r"backing out the unit of work .*2102 MQRC_RESOURCE_PROBLEM"):
            taking.connect()
        assert queue_manager.ask(lambda core: len(core.connections())) == 1
    taking.connect()
    assert queue_manager.ask(lambda core: len(core.connections())) == 1
    (again,) = taking.take(10)
    assert (again.message.body, again.deliveries) == (b"in hand", 1)


def test_a_message_that_was_backed_out_ends_the_unit(program: Program, taking: MqSource) -> None:
    for number in range(3):
        program.put(b"%d" % number)
    taking.take(2)
    taking.back_out()
    sizes = []
    while unit := taking.take(10):
        sizes.append(len(unit))
        taking.commit()
    assert sizes == [1, 1, 1]


def test_the_descriptor_comes_along(program: Program, taking: MqSource) -> None:
    message_id = program.put(
        b"body", Format=b"MQSTR", CodedCharSetId=500, CorrelId=b"c" * 24, ReplyToQ=b"REPLIES", Priority=7
    )
    descriptor = taking.take(1)[0].message.descriptor
    assert descriptor.message_id == message_id
    assert descriptor.correlation_id == b"c" * 24
    assert (descriptor.format, descriptor.ccsid, descriptor.priority) == ("MQSTR", 500, 7)
    assert (descriptor.reply_to_queue, descriptor.reply_to_queue_manager) == ("REPLIES", "QM1")
    assert len(descriptor.put_date) == len(descriptor.put_time) == 8


def test_two_messages_with_one_msgid_are_told_apart(program: Program, taking: MqSource) -> None:
    for body in (b"one", b"two"):
        program.put(body, MsgId=b"m" * 24)
    first, second = taking.take(10)
    assert first.known_by != second.known_by


@pytest.mark.parametrize("size", [0, 65_536, 65_537, 5_000_000])
def test_bodies_of_any_size_and_content(program: Program, taking: MqSource, size: int) -> None:
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    program.put(body)
    assert taking.take(1)[0].message.body == body


def test_large_ones_among_small_ones_are_of_one_unit_in_their_order(
    program: Program, taking: MqSource, queue_manager: RunningQueueManager
) -> None:
    sizes = [1, 65_537, 1, 300_000, 100_000, 0]
    for size in sizes:
        program.put(bytes(size))
    unit = taking.take(10)
    assert [len(each.message.body) for each in unit] == sizes
    assert not any(each.deliveries for each in unit)
    # Asked again for each that is larger than the buffer, which is small again for the next one.
    too_long = [each for each in queue_manager.calls("MQGET", QUEUE) if each.reason == 2080]
    assert len(too_long) == 3


def test_one_that_somebody_else_takes_before_it_is_asked_for_again_is_no_error(
    taking: MqSource, queue_manager: RunningQueueManager
) -> None:
    # Too long for the buffer, says the queue manager; and then it has none any more, or another one.
    queue_manager.fault("fail", call="MQGET", reason=2080, times=1)
    assert taking.take(10) == []
    queue_manager.put(QUEUE, b"x" * 70_000)
    queue_manager.fault("fail", call="MQGET", reason=2080, times=1)
    assert [len(each.message.body) for each in taking.take(10)] == [70_000]


def test_a_unit_is_bounded_in_bytes(program: Program, taking: MqSource) -> None:
    for _ in range(4):
        program.put(bytes(3_000_000))
    assert len(taking.take(10)) == 2


def test_large_messages_are_taken_over_several_connections_as_far_as_they_have_room_together(
    binding: Binding, queue_manager: RunningQueueManager, program: Program
) -> None:
    room = Room(250_000)
    first, second, third = (
        MqSource(connection(binding, queue_manager), QUEUE, stop=threading.Event(), wait=wait, room=room)
        for wait in (0.0, 60.0, 0.0)
    )
    for size in (120_000, 120_000, 100_000, 10, 900_000, 20):
        program.put(bytes(size))

    def taken(source: MqSource, limit: int = 10) -> list[int]:
        source.connect()
        return [len(each.message.body) for each in source.take(limit)]

    assert taken(first, 1) == [120_000]
    # It ends before the one for which there is no room, and has what it has.
    assert taken(third) == [120_000]
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(taken, second)
        eventually(lambda: too_long(queue_manager) == 4, what="one that must wait")
        first.commit()
        assert waiting.result(30) == [100_000, 10]
        # However long it is, it goes once nothing else is in hand.
        assert taken(first) == []
        third.back_out()
        beside.submit(second.commit).result(30)
        assert taken(first) == [120_000]
        first.commit()
        assert taken(first) == [900_000]
        first.commit()
        assert beside.submit(taken, second).result(30) == [20]


def too_long(queue_manager: RunningQueueManager) -> int:
    return len([each for each in queue_manager.calls("MQGET", QUEUE) if each.reason == 2080])


def test_how_many_bytes_is_the_configurations_to_say(
    binding: Binding, queue_manager: RunningQueueManager, program: Program
) -> None:
    taking = MqSource(connection(binding, queue_manager), QUEUE, stop=threading.Event(), room=Room(25))
    taking.connect()
    for _ in range(4):
        program.put(bytes(10))
    assert len(taking.take(10)) == 3


def test_a_large_message_that_another_takes_before_its_buffer_is_there_is_no_error(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    taking = source(binding, queue_manager)

    def connect_and_take() -> list[bytes]:
        taking.connect()
        return [each.message.body for each in taking.take(10)]

    queue_manager.put(QUEUE, bytes(100_000))
    queue_manager.put(QUEUE, "the next")
    # The second get of the connection asks again, with room for all of it.
    queue_manager.fault("delay", call="MQGET", nth=2, seconds=0.5)
    with ThreadPoolExecutor() as beside:
        unit = beside.submit(connect_and_take)
        eventually(lambda: [each.reason for each in queue_manager.calls("MQGET")] == [2080], what="2080")
        taken = queue_manager.get(QUEUE)
        assert taken is not None
        assert len(taken.data) == 100_000
        assert unit.result(30) == [b"the next"]


def test_nothing_of_a_message_is_seen_in_the_next(program: Program, taking: MqSource) -> None:
    content = rfh2.Content(bytes(70_000), "MQSTR", 1208, 273)
    header: dict[str, Any] = {"Format": b"MQHRF2", "Encoding": 273, "CodedCharSetId": 1208}
    program.put(
        rfh2.join({"colour": Property("red")}, content),
        **header,
        CorrelId=b"c" * 24,
        ReplyToQ=b"REPLIES",
        Priority=7,
    )
    program.put(b"", Priority=1)
    first, second = taking.take(10)
    assert (len(first.message.body), first.message.properties) == (70_000, {"colour": Property("red")})
    descriptor = second.message.descriptor
    assert (second.message.body, second.message.properties) == (b"", {})
    assert (descriptor.format, descriptor.correlation_id, descriptor.reply_to_queue) == ("", bytes(24), "")
    assert descriptor.message_id != first.message.descriptor.message_id


def test_a_unit_is_no_larger_than_the_queue_manager_allows(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queue_manager = start_queue_manager(max_uncommitted=3)
    program, taking = Program(binding, queue_manager), source(binding, queue_manager)
    for number in range(7):
        program.put(b"%d" % number)
    taking.connect()
    sizes = []
    while unit := taking.take(10):
        sizes.append(len(unit))
        assert not any(each.deliveries for each in unit)
        taking.commit()
    assert sizes == [3, 3, 1]


def test_properties_are_taken_off_the_body(program: Program, taking: MqSource) -> None:
    content = rfh2.Content(b"body", "MQSTR", 1208, 273)
    properties = {"colour": Property("red"), "count": Property(5, "i4")}
    program.put(rfh2.join(properties, content), Format=b"MQHRF2", Encoding=273, CodedCharSetId=1208)
    message = taking.take(1)[0].message
    assert message.body == b"body"
    assert message.properties == properties
    assert message.descriptor.format == "MQSTR"


def test_a_malformed_header_goes_on_as_the_bytes_it_is(program: Program, taking: MqSource) -> None:
    data = b"RFH \xff\xff\xff\xff and so on"
    program.put(data, Format=b"MQHRF2")
    message = taking.take(1)[0].message
    assert (message.body, message.descriptor.format, message.properties) == (data, "MQHRF2", {})


def test_a_queue_manager_that_goes_is_away_and_is_connected_to_again(
    program: Program, taking: MqSource, queue_manager: RunningQueueManager
) -> None:
    program.put(b"stays")
    assert len(taking.take(1)) == 1
    queue_manager.stop()
    with pytest.raises(Away):
        taking.commit()
    with pytest.raises(Away, match=r"QM1.*\(2538 MQRC_HOST_NOT_AVAILABLE\)"):
        taking.connect()
    queue_manager.start()
    taking.connect()
    assert [each.message.body for each in taking.take(1)] == [b"stays"]


def test_what_was_delivered_when_the_queue_manager_went_is_not_delivered_again(
    program: Program, taking: MqSource, queue_manager: RunningQueueManager
) -> None:
    for number in range(15):
        program.put(b"%d" % number, MsgId=b"m" * 24)
    going = deque([queue_manager.stop])

    def verdict(each: Message, _attempt: int) -> None:
        if going and each.body == b"3":
            going.popleft()()

    retry = Retry(2, threading.Event())
    destination, letters = MemorySink(verdict), MemoryDeadLetters()
    pump = Pump("route", taking, destination, letters, retry, Circuit("route"), backout_threshold=5)
    with pytest.raises(Away) as away:
        pump.move()
    pump.circuit.failed(str(away.value), delivering=False)
    queue_manager.start()
    while queue_manager.depth(QUEUE):
        pump.move()
    assert sorted(int(each.body) for each in destination.arrived) == list(range(15))
    assert letters.letters == []


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"queues": ()}, r"queue DEV\.QUEUE\.1 on QM1: there is no such queue \(2085 "),
        (
            {"denied": (("root", "*", Right.GET), ("", "*", Right.GET))},
            r"not authorised to get \(2035 MQRC_NOT_AUTHORIZED\): grant GET to the channel's user",
        ),
        ({"queues": (QueueDefinition(QUEUE, get_inhibited=True),)}, r"gets are inhibited \(2016 "),
    ],
    ids=["no queue", "no authority", "inhibited"],
)
def test_what_is_wrong_is_said_with_what_to_do(
    binding: Binding, start_queue_manager: StartQueueManager, definition: dict[str, Any], words: str
) -> None:
    made = source(binding, start_queue_manager(**definition))

    def connect_and_take() -> None:
        made.connect()
        made.take(1)

    with pytest.raises(Away, match=words):
        connect_and_take()


def test_closing_backs_out(
    program: Program, taking: MqSource, queue_manager: RunningQueueManager, binding: Binding
) -> None:
    program.put(b"body")
    taking.take(1)
    taking.close()
    other = source(binding, queue_manager)
    other.connect()
    assert other.take(1)[0].deliveries == 1
