"""FIFO topics and queues: groups, what is known for a second copy, and order whatever fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import pytest
from tenacity import wait_none

from bridge.aws.dead_letters import S3DeadLetters
from bridge.aws.fifo import Fifo
from bridge.aws.session import Clients, TimeOuts
from bridge.aws.sns import SnsTopic
from bridge.aws.sqs_destination import SqsDestination
from bridge.aws.sqs_source import SqsSource
from bridge.circuit import Circuit
from bridge.configuration import Group, Offload
from bridge.message import Descriptor, Fault, Message, Property, Rejection
from bridge.pump import Pump
from bridge.retry import Retry
from tests.bridge.ends import MemorySink, MemorySource
from tests.fixtures.aws import Aws
from tests.fixtures.fault_proxy import FaultProxy

ROUTE = "payments-out"


@dataclass
class Place:
    """A FIFO destination under test: its sink for a rule of groups, and the queue where it arrives."""

    sink: Callable[[Group | None], SnsTopic | SqsDestination]
    queue: str
    action: str


@pytest.fixture(params=["sns", "sqs"])
def place(request: pytest.FixtureRequest, aws: Aws, fault_proxy: FaultProxy) -> Place:
    clients = Clients(time_outs=TimeOuts(read=3))
    if request.param == "sns":
        topic, queue = aws.make_fifo_topic()
        return Place(lambda group: SnsTopic(clients, topic, None, Fifo(group, ROUTE)), queue, "PublishBatch")
    queue = aws.make_fifo_queue()
    return Place(
        lambda group: SqsDestination(clients, queue, None, Fifo(group, ROUTE)), queue, "SendMessageBatch"
    )


def message(number: int, account: str = "", **fields: Any) -> Message:
    descriptor = Descriptor(message_id=number.to_bytes(24, "big"), format="MQSTR", **fields)
    return Message(str(number).encode(), descriptor, {"account": Property(account)} if account else {})


def pump(aws: Aws, place: Place, source: MemorySource, group: Group | None = None) -> Pump:
    letters = S3DeadLetters(Clients(), aws.make_bucket())
    retry = Retry(2, Event(), wait_none(), sleep=lambda _seconds: None)
    return Pump(ROUTE, source, place.sink(group), letters, retry, Circuit(ROUTE), 5)


def arrived(aws: Aws, queue: str) -> list[tuple[str, str]]:
    """What is in a FIFO queue, in order: each group and body."""
    return [(each["Attributes"]["MessageGroupId"], each["Body"]) for each in aws.read_all(queue)]


REFUSED_ONCE = Rejection("failed", Fault.UNCLEAR)
BY_ACCOUNT = Group(kind="property", name="account")


@pytest.mark.parametrize(
    ("group", "sent", "expected"),
    [
        (None, message(1), ROUTE),
        (Group(kind="constant", name="all"), message(1), "all"),
        (Group(kind="GroupId"), message(1, group_id=b"g" * 24), (b"g" * 24).hex()),
        (Group(kind="GroupId"), message(1), ROUTE),
        (Group(kind="CorrelId"), message(1, correlation_id=b"c" * 24), (b"c" * 24).hex()),
        (BY_ACCOUNT, message(1, "DE-42"), "DE-42"),
        (BY_ACCOUNT, message(1), ROUTE),
    ],
)
def test_a_messages_group_is_what_the_route_says(
    aws: Aws, place: Place, group: Group | None, sent: Message, expected: str
) -> None:
    assert list(place.sink(group).deliver([sent])) == [None]
    assert arrived(aws, place.queue) == [(expected, "1")]


@pytest.mark.parametrize("odd", ["a b", "größe", "x" * 129])
def test_a_property_that_can_be_no_group_is_one_all_the_same_and_another_is_another(
    aws: Aws, place: Place, odd: str
) -> None:
    sent = [message(1, odd), message(2, odd + "!")]
    assert list(place.sink(BY_ACCOUNT).deliver(sent)) == [None, None]
    groups = [group for group, _ in arrived(aws, place.queue)]
    assert len(set(groups)) == 2


def test_a_message_that_is_handed_out_again_arrives_once(aws: Aws, place: Place) -> None:
    sink = place.sink(None)
    assert list(sink.deliver([message(1)])) == [None]
    assert list(sink.deliver([message(1)])) == [None]
    assert len(arrived(aws, place.queue)) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(message(1), body=b"2"),
        message(1, put_time="12000001"),
        message(1, correlation_id=b"c" * 24),
        message(1, sequence_number=2),
    ],
    ids=["body", "put time", "CorrelId", "sequence number"],
)
def test_messages_to_which_a_program_gave_one_id_all_arrive(aws: Aws, place: Place, other: Message) -> None:
    sink = place.sink(None)
    assert list(sink.deliver([message(1)])) == [None]
    assert list(sink.deliver([other])) == [None]
    assert len(arrived(aws, place.queue)) == 2


def test_the_deduplication_id_starts_with_the_message_id(aws: Aws, place: Place) -> None:
    place.sink(None).deliver([message(7)])
    (found,) = aws.read_all(place.queue)
    assert found["Attributes"]["MessageDeduplicationId"].startswith((7).to_bytes(24, "big").hex())


def test_whatever_entries_fail_each_groups_order_is_kept(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    sent = [message(number, f"account-{number % 3}") for number in range(10)]
    failing: list[set[int]] = [{0, 2}, {1}, set(), {1}, set(), {0, 1, 2}]
    for places in failing:
        fault_proxy.fail_entries(place.action, dict.fromkeys(places, ("InternalError", False)))
    source = MemorySource.of(*sent)
    made = pump(aws, place, source, BY_ACCOUNT)
    made.move()
    found = arrived(aws, place.queue)
    for account in range(3):
        numbers = [int(body) for group, body in found if group == f"account-{account}"]
        assert numbers == [number for number in range(10) if number % 3 == account]
    assert len(source.gone) == 10
    assert made.tally.dead_letters == 0


def test_one_that_is_set_aside_lets_the_next_of_its_group_go_on(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    fault_proxy.fail_entries(place.action, {0: ("InvalidParameter", True)})
    source = MemorySource.of(*(message(number) for number in range(4)))
    made = pump(aws, place, source)
    made.move()
    assert [body for _, body in arrived(aws, place.queue)] == ["1", "2", "3"]
    assert made.tally.dead_letters == 1


def test_different_groups_travel_together(aws: Aws, place: Place, fault_proxy: FaultProxy) -> None:
    source = MemorySource.of(*(message(number, f"account-{number}") for number in range(10)))
    pump(aws, place, source, BY_ACCOUNT).move()
    assert fault_proxy.count(place.action) == 1
    assert len(arrived(aws, place.queue)) == 10


def test_a_fifo_queue_is_read_in_its_groups_order_whatever_fails(aws: Aws, fault_proxy: FaultProxy) -> None:
    queue = aws.make_fifo_queue()
    for number in range(6):
        aws.sqs.send_message(
            QueueUrl=queue,
            MessageBody=str(number),
            MessageGroupId=f"g{number % 2}",
            MessageDeduplicationId=str(number),
        )
    source = SqsSource(Clients(), queue, ccsid=1208, format="MQSTR", wait=0)
    failing = Message(b"0")

    def once(each: Message, attempt: int) -> Any:
        return REFUSED_ONCE if each.body == failing.body and attempt == 1 else None

    sink = MemorySink(once)
    letters = S3DeadLetters(Clients(), aws.make_bucket())
    retry = Retry(2, Event(), wait_none(), sleep=lambda _seconds: None)
    Pump("in", source, sink, letters, retry, Circuit("in"), 5).move()
    order = [each.body.decode() for each in sink.arrived]
    assert [each for each in order if int(each) % 2 == 0] == ["0", "2", "4"]
    assert [each for each in order if int(each) % 2] == ["1", "3", "5"]
    assert aws.counts(queue) == (0, 0)


def test_it_holds_them_back_too_where_they_are_the_next_units_of_work(
    aws: Aws, fault_proxy: FaultProxy
) -> None:
    queue, bucket = aws.make_fifo_queue(), aws.make_bucket()
    clients = Clients(time_outs=TimeOuts(read=3))
    always = Offload(bucket=bucket, always=True)
    offloading = SqsDestination(clients, queue, always, Fifo(BY_ACCOUNT, ROUTE))
    offloading.deliver([message(number, account) for number, account in enumerate("abba")])
    fault_proxy.delay("GetObject", seconds=0)
    fault_proxy.answer("GetObject", status=503, code="SlowDown")
    source = SqsSource(clients, queue, ccsid=1208, format="MQSTR", wait=0, offload=always, most_bytes=1)
    handed_out = []
    while unit := source.take(10):
        handed_out += [each.message.body for each in unit]
        source.commit()
    source.close()
    assert handed_out == [b"0", b"3"]


def test_a_payload_that_s3_does_not_give_out_now_holds_back_those_behind_it(
    aws: Aws, fault_proxy: FaultProxy
) -> None:
    queue, bucket = aws.make_fifo_queue(), aws.make_bucket()
    clients = Clients(time_outs=TimeOuts(read=3))
    always = Offload(bucket=bucket, always=True)
    offloading = SqsDestination(clients, queue, always, Fifo(BY_ACCOUNT, ROUTE))
    plain = SqsDestination(clients, queue, None, Fifo(BY_ACCOUNT, ROUTE))
    offloading.deliver([message(1, "a")])
    for number, account in ((2, "a"), (3, "b")):
        plain.deliver([message(number, account)])
    fault_proxy.answer("GetObject", status=503, code="SlowDown")
    source = SqsSource(clients, queue, ccsid=1208, format="MQSTR", wait=0, offload=always)
    assert [each.message.body for each in source.take(10)] == [b"3"]
    source.commit()
    assert aws.counts(queue) == (0, 2)
