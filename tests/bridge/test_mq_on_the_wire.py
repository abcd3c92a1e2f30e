"""What goes over the wire to a queue manager; and cut off, silent or warned of, what becomes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.access import Access
from bridge.binding import Binding, load_binding
from bridge.circuit import Circuit
from bridge.errors import Away
from bridge.message import Delivery, Message
from bridge.mq_connection import MqConnection
from bridge.mq_ledger import MqLedger
from bridge.mq_sink import MqSink
from bridge.mq_source import MqSource
from bridge.ports import Sink, Source
from bridge.pump import Pump
from bridge.retry import Retry
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.wire.calls import Get, Got, Put
from mock_mq.wire.segment import REPLY, Segment, SegmentReader, SegmentType
from tests.bridge.ends import MemoryDeadLetters, MemorySink, MemorySource
from tests.bridge.mq_ends import QUEUE, settings
from tests.fixtures.bridge import eventually
from tests.fixtures.wire_proxy import WireProxy

LEDGER = "DEV.QUEUE.2"
REQUEST, ANSWER = SegmentType.MQCMIT, SegmentType.MQCMIT + REPLY


@pytest.fixture
def proxy(queue_manager: RunningQueueManager) -> Iterator[WireProxy]:
    with WireProxy(queue_manager.host, queue_manager.port) as made:
        yield made


def through(
    proxy: WireProxy, binding: Binding, queue_manager: RunningQueueManager, *, heartbeat: int = 30
) -> MqConnection:
    there = settings(queue_manager, connections=(proxy.connection_name,), heartbeat=heartbeat)
    return MqConnection(binding, there, Access())


def taking(made: MqConnection) -> MqSource:
    return MqSource(made, QUEUE, stop=threading.Event(), wait=1.0)


def pump(source: Source, sink: Sink) -> Pump:
    retry = Retry(0, threading.Event())
    return Pump("route", source, sink, MemoryDeadLetters(), retry, Circuit("route"), backout_threshold=5)


def bodies(queue_manager: RunningQueueManager, queue: str = QUEUE) -> list[bytes]:
    """What is committed."""
    return [each.data for each in queue_manager.browse(queue)]


def goes_on(made: Pump) -> bool:
    try:
        made.move()
    except Away:
        return False
    return True


def calls(proxy: WireProxy, kind: SegmentType) -> list[Segment]:
    return [SegmentReader().feed(each)[0] for each in proxy.seen[kind]]


def test_every_get_is_under_syncpoint_and_only_the_first_of_a_unit_waits(
    proxy: WireProxy, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    source = taking(through(proxy, binding, queue_manager))
    source.connect()
    for number in range(3):
        queue_manager.put(QUEUE, str(number))
    assert len(source.take(10)) == 3
    constants = binding.constants
    gets = [Get.unpack(each.body, each.order).options.options for each in calls(proxy, SegmentType.MQGET)]
    under_syncpoint = constants.MQGMO_SYNCPOINT | constants.MQGMO_NO_SYNCPOINT
    assert [options & under_syncpoint for options in gets] == [constants.MQGMO_SYNCPOINT] * 4
    assert [bool(options & constants.MQGMO_WAIT) for options in gets] == [True, False, False, False]


def test_every_put_is_under_syncpoint_the_ledgers_too(
    proxy: WireProxy, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    made = through(proxy, binding, queue_manager)
    MqSink(made, QUEUE, MqLedger(made, LEDGER)).deliver(
        [Message(b"a", source_id="1"), Message(b"b", source_id="2")]
    )
    constants = binding.constants
    puts = [Put.unpack(each.body, each.order).options.options for each in calls(proxy, SegmentType.MQPUT)]
    under_syncpoint = constants.MQPMO_SYNCPOINT | constants.MQPMO_NO_SYNCPOINT
    assert [options & under_syncpoint for options in puts] == [constants.MQPMO_SYNCPOINT] * 4


@pytest.mark.parametrize("ledger", [False, True], ids=["without a ledger", "with a ledger"])
def test_into_mq_nothing_is_deleted_wherever_a_commit_is_cut_off(
    proxy: WireProxy, binding: Binding, queue_manager: RunningQueueManager, ledger: bool
) -> None:
    made = through(proxy, binding, queue_manager)
    source, number = MemorySource(), 0
    route = pump(source, MqSink(made, QUEUE, MqLedger(made, LEDGER) if ledger else None))

    def send() -> bytes:
        nonlocal number
        number += 1
        body = b"%d" % number
        source.waiting.append(Delivery(Message(body, source_id=body.decode()), 0, body.decode()))
        return body

    send()
    route.move()
    queue_manager.get(QUEUE)
    for kind in (REQUEST, ANSWER):
        for after in range(len(proxy.seen[kind][0])):
            body = send()
            deleted = len(source.gone)
            proxy.cut(kind, after=after)
            with pytest.raises(Away):
                route.move()
            assert len(source.gone) == deleted, f"deleted, and {after} bytes of {kind:#x} had arrived"
            assert bodies(queue_manager) == ([body] if kind == ANSWER else [])
            eventually(lambda: goes_on(route), what="it goes on")
            assert len(source.gone) == deleted + 1
            twice = kind == ANSWER and not ledger
            assert bodies(queue_manager) == [body, body][: 1 + twice]
            while queue_manager.get(QUEUE):
                pass


def test_out_of_mq_each_message_is_sent_once_wherever_a_commit_is_cut_off(
    proxy: WireProxy, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    sink = MemorySink()
    route = pump(taking(through(proxy, binding, queue_manager)), sink)
    queue_manager.put(QUEUE, "0")
    route.move()
    number = 0
    for kind in (REQUEST, ANSWER):
        for after in range(len(proxy.seen[kind][0])):
            number += 1
            queue_manager.put(QUEUE, str(number))
            proxy.cut(kind, after=after)
            with pytest.raises(Away):
                route.move()
            if kind == ANSWER:
                assert queue_manager.depth(QUEUE) == 0
            else:
                eventually(lambda: goes_on(route), what="it goes on")
    assert queue_manager.depth(QUEUE) == 0
    assert [each.body for each in sink.arrived] == [b"%d" % each for each in range(number + 1)]


def test_a_commit_that_mq_answers_with_backed_out_deletes_nothing_and_is_put_again(
    binding: Binding, queue_manager: RunningQueueManager, proxy: WireProxy
) -> None:
    made = through(proxy, binding, queue_manager)
    source = MemorySource.of(Message(b"a"), Message(b"b"))
    route = pump(source, MqSink(made, QUEUE))
    queue_manager.fault("fail", call="MQCMIT", reason=2003, times=1)
    with pytest.raises(Away, match=r"the unit of work was backed out \(2003 MQRC_BACKED_OUT\)"):
        route.move()
    assert (source.gone, bodies(queue_manager)) == ([], [])
    route.move()
    assert (len(source.gone), bodies(queue_manager)) == (2, [b"a", b"b"])
    assert made.connects == 1


def test_a_commit_that_mq_answers_with_backed_out_sends_nothing_twice(
    binding: Binding, queue_manager: RunningQueueManager, proxy: WireProxy
) -> None:
    made, sink = through(proxy, binding, queue_manager), MemorySink()
    route = pump(taking(made), sink)
    queue_manager.put(QUEUE, "a")
    queue_manager.fault("fail", call="MQCMIT", reason=2003, times=1)
    with pytest.raises(Away, match="2003"):
        route.move()
    assert queue_manager.depth(QUEUE) == 1
    route.move()
    assert queue_manager.depth(QUEUE) == 0
    assert [each.body for each in sink.arrived] == [b"a"]
    assert made.connects == 1


@pytest.mark.parametrize(("doing", "by"), [("waiting", "pymqi"), ("committing", "ibmmq")])
def test_a_queue_manager_that_falls_silent_on_an_open_socket_is_noticed_within_two_heartbeats(
    start_queue_manager: StartQueueManager, doing: str, by: str
) -> None:
    # MQ takes the larger of both ends' intervals.
    queue_manager = start_queue_manager(heartbeat=1)
    with WireProxy(queue_manager.host, queue_manager.port) as proxy:
        source = taking(through(proxy, load_binding(by), queue_manager, heartbeat=1))
        source.connect()
        if doing == "committing":
            queue_manager.put(QUEUE, "a")
            source.take(1)
        proxy.freeze()
        started = time.monotonic()
        with pytest.raises(Away, match="2009"):
            source.commit() if doing == "committing" else source.take(1)
        # And the wait of a second that the call had asked for; the rest is for a busy machine.
        assert time.monotonic() - started < 2 + 1 + 5


@pytest.mark.parametrize("reason", [2110, 2119, 2120])
def test_a_message_that_comes_with_a_warning_keeps_its_data(
    proxy: WireProxy, binding: Binding, queue_manager: RunningQueueManager, reason: int
) -> None:
    def warned(segment: bytes) -> bytes:
        (read,) = SegmentReader().feed(segment)
        reply = Got.unpack(read.body, read.order)
        header = replace(reply.header, completion=1, reason=reason)
        return replace(read, body=replace(reply, header=header).pack(read.order)).pack()

    sink = MemorySink()
    route = pump(taking(through(proxy, binding, queue_manager)), sink)
    body = bytes(range(256))
    queue_manager.put(QUEUE, body)
    proxy.change(SegmentType.MQGET + REPLY, warned)
    route.move()
    assert [each.body for each in sink.arrived] == [body]
    assert queue_manager.depth(QUEUE) == 0
