"""An MQ queue as a sink, on both bindings, over a socket to a queue manager."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge import rfh2
from bridge.binding import Binding
from bridge.errors import Away
from bridge.message import Descriptor, Fault, Message, Property
from bridge.mq_sink import MqSink
from mock_mq.core import Channel, QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import QUEUE, Program, sink, source

TEXT = Descriptor(format="MQSTR", message_id=b"m" * 24, correlation_id=b"c" * 24, ccsid=500, encoding=546)


@pytest.fixture
def putting(binding: Binding, queue_manager: RunningQueueManager) -> MqSink:
    made = sink(binding, queue_manager)
    made.connect()
    return made


def limited(start_queue_manager: StartQueueManager, **attributes: int | bool) -> RunningQueueManager:
    return start_queue_manager(queues=(QueueDefinition(QUEUE, **attributes),))  # type: ignore[arg-type]


def test_messages_arrive_with_their_descriptors(
    binding: Binding, queue_manager: RunningQueueManager, putting: MqSink
) -> None:
    descriptor = replace(TEXT, reply_to_queue="REPLIES", priority=3, persistence=1, expiry=9000)
    assert putting.deliver([Message(b"one", descriptor), Message(b"")]) == [None, None]
    program = Program(binding, queue_manager)
    body, md = program.get()
    assert (body, md.MsgId, md.CorrelId, md.Format.strip()) == (b"one", b"m" * 24, b"c" * 24, b"MQSTR")
    assert (md.CodedCharSetId, md.Encoding, md.Priority, md.Persistence) == (500, 546, 3, 1)
    assert md.ReplyToQ.strip() == b"REPLIES"
    assert 0 < md.Expiry <= 9000
    body, md = program.get()
    assert body == b""
    assert any(md.MsgId), "MQ makes one where the message has none"


def test_properties_travel_in_a_header_and_come_back_the_same(
    binding: Binding, queue_manager: RunningQueueManager, putting: MqSink
) -> None:
    properties = {"colour": Property("red"), "count": Property(5, "i4"), "größe": Property("ü")}
    sent = Message(b"body", TEXT, properties)
    assert putting.deliver([sent]) == [None]
    taking = source(binding, queue_manager)
    taking.connect()
    got = taking.take(1)[0].message
    assert (got.body, got.properties) == (sent.body, sent.properties)
    assert (got.descriptor.format, got.descriptor.ccsid, got.descriptor.encoding) == ("MQSTR", 500, 546)
    taking.back_out()
    assert Program(binding, queue_manager).get()[1].Format.strip() == rfh2.FORMAT.encode()


def test_one_too_big_is_set_aside_and_its_siblings_arrive(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queue_manager = limited(start_queue_manager, max_message_length=100)
    putting = sink(binding, queue_manager)
    putting.connect()
    messages = [Message(b"a"), Message(bytes(101)), Message(b"b"), Message(bytes(1000)), Message(b"c")]
    outcomes = putting.deliver(messages)
    assert [outcome is None for outcome in outcomes] == [True, False, True, False, True]
    rejected = outcomes[1]
    assert rejected is not None
    assert rejected.fault is Fault.MESSAGE
    assert "queue DEV.QUEUE.1 on QM1: too big for the queue (2030 MQRC_MSG_TOO_BIG_FOR_Q)" in rejected.reason
    program = Program(binding, queue_manager)
    assert [program.get()[0] for _ in range(queue_manager.depth(QUEUE))] == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("defined", "reason"),
    [
        ({"queues": (QueueDefinition(QUEUE, max_message_length=5000),)}, 2030),
        ({"max_message_length": 5000}, 2031),
        ({"channels": (Channel("DEV.APP.SVRCONN", max_message_length=5000),)}, 2218),
    ],
    ids=["queue", "queue manager", "channel"],
)
def test_of_the_longest_that_is_taken_and_one_byte_more_the_second_is_set_aside_header_counted(
    binding: Binding, start_queue_manager: StartQueueManager, defined: dict[str, Any], reason: int
) -> None:
    queue_manager = start_queue_manager(**defined)
    putting = sink(binding, queue_manager)
    putting.connect()
    properties = {"größe": Property("ü" * 100)}
    header = len(rfh2.join(properties, rfh2.Content(b"", "", 1208, 273)))
    messages = [
        Message(b"a"),
        Message(bytes(5000)),
        Message(bytes(5001)),
        Message(bytes(5000 - header), properties=properties),
        Message(bytes(5001 - header), properties=properties),
        Message(b"z"),
    ]
    outcomes = putting.deliver(messages)
    assert [outcome is None for outcome in outcomes] == [True, True, False, True, False, True]
    refused = [outcome for outcome in outcomes if outcome]
    assert {each.fault for each in refused} == {Fault.MESSAGE}
    assert all(f"({reason} " in each.reason for each in refused)
    lengths = [len(each.data) for each in queue_manager.browse(QUEUE)]
    assert lengths == [1, 5000, 5000, 1]


def test_one_that_is_put_with_a_warning_arrives_once(
    binding: Binding, queue_manager: RunningQueueManager, putting: MqSink
) -> None:
    # 2049 MQRC_PRIORITY_EXCEEDS_MAXIMUM: taken, and stands as one of the highest priority.
    messages = [Message(b"a"), Message(b"b", Descriptor(priority=77)), Message(b"c")]
    assert putting.deliver(messages) == [None, None, None]
    program = Program(binding, queue_manager)
    got = [program.get() for _ in range(queue_manager.depth(QUEUE))]
    assert [body for body, _ in got] == [b"b", b"a", b"c"]
    assert got[0][1].Priority == 77


def test_what_can_never_be_put_leaves_nothing_of_itself_behind(
    queue_manager: RunningQueueManager, putting: MqSink
) -> None:
    bad = [
        Descriptor(expiry=0),
        Descriptor(persistence=9),
        Descriptor(message_type=1),
        Descriptor(priority=-5),
        Descriptor(message_type=0),
    ]
    outcomes = putting.deliver([Message(b"x", each) for each in bad])
    reasons = [(each.fault, each.reason.split("(")[1][:4]) for each in outcomes if each]
    assert reasons == [(Fault.MESSAGE, code) for code in ("2013", "2047", "2027", "2050", "2029")]
    assert queue_manager.depth(QUEUE) == 0
    assert putting.deliver([Message(b"good")]) == [None]
    assert queue_manager.depth(QUEUE) == 1


def test_a_queue_that_fills_up_in_the_middle_takes_nothing_of_the_unit(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queue_manager = limited(start_queue_manager, max_depth=2)
    putting = sink(binding, queue_manager)
    putting.connect()
    with pytest.raises(Away, match=r"the queue is full \(2053 MQRC_Q_FULL\)"):
        putting.deliver([Message(b"a"), Message(b"b"), Message(b"c")])
    assert queue_manager.depth(QUEUE) == 0
    assert putting.deliver([Message(b"a"), Message(b"b")]) == [None, None]
    assert queue_manager.depth(QUEUE) == 2


def test_an_inhibited_queue_is_away(binding: Binding, start_queue_manager: StartQueueManager) -> None:
    putting = sink(binding, limited(start_queue_manager, put_inhibited=True))
    putting.connect()
    with pytest.raises(Away, match=r"puts are inhibited \(2051 MQRC_PUT_INHIBITED\): set PUT\(ENABLED\)"):
        putting.deliver([Message(b"a")])


def test_a_queue_manager_that_goes_takes_nothing_and_is_connected_to_again(
    queue_manager: RunningQueueManager, putting: MqSink
) -> None:
    queue_manager.stop()
    with pytest.raises(Away):
        putting.deliver([Message(b"a")])
    with pytest.raises(Away, match="2538"):
        putting.connect()
    queue_manager.start()
    putting.connect()
    assert putting.deliver([Message(b"a")]) == [None]
    assert queue_manager.depth(QUEUE) == 1


def test_closing_commits_nothing(queue_manager: RunningQueueManager, putting: MqSink) -> None:
    putting.deliver([Message(b"a")])
    putting.close()
    assert queue_manager.depth(QUEUE) == 1


def test_what_was_never_connected_is_away_and_no_bug(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    taking = source(binding, queue_manager)
    for call in (taking.commit, lambda: taking.take(1)):
        with pytest.raises(Away, match=r"handle is not valid any more \(201[89] "):
            call()
    taking.back_out()
    taking.close()
    # A sink connects by itself: one message of a unit may have cost it the connection.
    assert sink(binding, queue_manager).deliver([Message(b"a")]) == [None]
