"""The SQS queue as a source under load: what is under way at the same time, and that it no longer is then."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from bridge.aws.receiving import MOST_RECEIVES
from bridge.aws.session import Clients, TimeOuts
from bridge.aws.sqs_source import SqsSource
from bridge.circuit import Circuit
from bridge.errors import Away
from bridge.pump import Pump
from bridge.retry import Retry
from tests.bridge.ends import MemoryDeadLetters, MemorySink
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import eventually
from tests.fixtures.fault_proxy import FaultProxy

Make = Callable[..., SqsSource]


@pytest.fixture
def queue(aws: Aws, fault_proxy: FaultProxy) -> str:
    return aws.make_queue()


@pytest.fixture
def source(queue: str) -> Iterator[Make]:
    made: list[SqsSource] = []

    def make(**settings: Any) -> SqsSource:
        settings = {"ccsid": 1208, "format": "MQSTR", "wait": 0, **settings}
        made.append(SqsSource(Clients(time_outs=TimeOuts(read=5)), queue, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def fill(aws: Aws, queue: str, count: int, size: int = 0) -> set[bytes]:
    """Sends so many messages of so many characters; their bodies."""
    bodies = [str(number).zfill(size) for number in range(count)]
    for first in range(0, count, 10):
        entries: Any = [{"Id": str(each), "MessageBody": bodies[each]} for each in range(first, first + 10)]
        assert not aws.sqs.send_message_batch(QueueUrl=queue, Entries=entries).get("Failed")
    return {each.encode() for each in bodies}


def test_several_receives_are_under_way_at_once_and_cost_no_more_requests(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    sent = fill(aws, queue, 100)
    fault_proxy.delay("ReceiveMessage", seconds=0)
    released = [fault_proxy.hold("ReceiveMessage") for _ in range(4)]
    orders = source()
    taken = [each.message.body for each in orders.take(100)]
    assert len(taken) == 10
    fault_proxy.wait_for("ReceiveMessage", 5)  # four of them at once, for none is answered yet
    for each in released:
        each.set()
    while len(taken) < 100:
        orders.commit()
        taken += [each.message.body for each in orders.take(100)]
    orders.commit()
    orders.close()
    assert sorted(taken) == sorted(sent)
    assert aws.counts(queue) == (0, 0)
    assert fault_proxy.count("ReceiveMessage") <= 10 + MOST_RECEIVES
    assert fault_proxy.count("DeleteMessageBatch") <= 12


def test_what_was_committed_is_deleted_while_the_next_is_taken_by_five_requests_at_the_most(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    fill(aws, queue, 70)
    released = [fault_proxy.hold("DeleteMessageBatch") for _ in range(5)]
    orders = source()
    for number in range(1, 6):
        assert len(orders.take(10)) == 10
        orders.commit()
        fault_proxy.wait_for("DeleteMessageBatch", number)
    assert sum(aws.counts(queue)) == 70
    assert len(orders.take(10)) == 10
    committing = Thread(target=orders.commit)
    committing.start()
    fault_proxy.wait_for("DeleteMessageBatch", 6)
    eventually(lambda: sum(aws.counts(queue)) == 60)
    assert committing.is_alive(), "no more than a full unit of fifty is committed and not deleted"
    released[0].set()
    committing.join(timeout=10)
    assert not committing.is_alive()
    for each in released:
        each.set()
    orders.close()
    assert aws.counts(queue) == (10, 0)


@pytest.mark.parametrize(("most", "in_hand"), [(10, 20), (40, 30)])
def test_no_more_is_in_hand_than_two_units_of_work_nor_than_the_bytes_of_one(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy, most: int, in_hand: int
) -> None:
    fill(aws, queue, 60, size=1000)
    orders = source(most_bytes=35_000)
    assert len(orders.take(most)) == 10
    eventually(lambda: aws.counts(queue) == (60 - in_hand, in_hand))
    orders.close()
    assert aws.counts(queue) == (60, 0)


def test_once_the_backlog_is_gone_there_is_one_receive_at_a_time(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    fill(aws, queue, 40)
    orders = source()
    while orders.take(100):
        orders.commit()
    received = fault_proxy.count("ReceiveMessage")
    for _ in range(3):
        assert orders.take(100) == []
    assert fault_proxy.count("ReceiveMessage") == received + 3


def test_a_delete_that_is_refused_later_is_told_and_its_message_comes_again_but_arrives_once(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    sent = fill(aws, queue, 20)
    fault_proxy.fail_entries("DeleteMessageBatch", {3: ("ReceiptHandleIsInvalid", True)})
    lost: list[int] = []
    orders, sink = source(wait=5, undeleted=lost.append), MemorySink()
    pump = Pump("in", orders, sink, MemoryDeadLetters(), Retry(0, Event()), Circuit("in"), 5)
    pump.move()
    told = []
    while sum(aws.counts(queue)):
        try:
            pump.move()
        except Away as away:
            told.append(str(away))
    assert len(told) == 1
    assert told[0].startswith("1 delivered messages can't be deleted and will come again: sqs:queue-")
    assert "ReceiptHandleIsInvalid" in told[0]
    assert lost == [1]
    assert sorted(each.body for each in sink.arrived) == sorted(sent)


def test_closing_waits_for_receives_and_deletes_under_way(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    fill(aws, queue, 30)
    fault_proxy.delay("ReceiveMessage", seconds=0)
    receive, delete = fault_proxy.hold("ReceiveMessage"), fault_proxy.hold("DeleteMessageBatch")
    orders = source()
    orders.take(10)
    orders.commit()
    fault_proxy.wait_for("ReceiveMessage", 2)
    fault_proxy.wait_for("DeleteMessageBatch", 1)
    closing = Thread(target=orders.close)
    closing.start()
    receive.set()
    fault_proxy.wait_for("ChangeMessageVisibilityBatch", 1)
    assert closing.is_alive()
    delete.set()
    closing.join(timeout=10)
    assert aws.counts(queue) == (20, 0)


def test_messages_that_come_again_come_ten_at_a_time(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    sent = fill(aws, queue, 40)
    orders = source()
    while aws.counts(queue)[1] < 20:
        orders.take(100)  # and the bridge dies with it
    orders.close()
    assert aws.counts(queue) == (40, 0)
    afterwards = source()
    taken: list[bytes] = []
    while unit := afterwards.take(100):
        again = [each for each in unit if each.deliveries]
        assert not again or len(unit) <= 10
        assert not again or aws.counts(queue)[1] <= 10, "nor is more in hand"
        taken += [each.message.body for each in unit]
        afterwards.commit()
    assert sorted(taken) == sorted(sent)


def test_what_comes_after_a_stop_stays_in_hand_where_sqs_would_move_it_away(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    moved = aws.make_queue()
    policy = json.dumps({"deadLetterTargetArn": aws.queue_arn(moved), "maxReceiveCount": 3})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    fill(aws, queue, 10)
    for _ in range(2):
        aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
    stop = Event()
    late = fault_proxy.hold("ReceiveMessage")
    orders = source(stop=stop)
    taking = Thread(target=orders.take, args=(100,))
    taking.start()
    fault_proxy.wait_for("ReceiveMessage", 1)
    stop.set()
    taking.join(timeout=10)
    stop.clear()
    late.set()
    eventually(lambda: aws.counts(queue) == (0, 10))
    while not (unit := orders.take(100)):
        pass
    assert len(unit) == 10
    orders.commit()
    orders.close()  # which waits for its deletes
    assert (aws.counts(queue), aws.counts(moved)) == ((0, 0), (0, 0))
