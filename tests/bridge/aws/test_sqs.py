"""The SQS queue as a source, and what is its alone as a sink; what both sinks promise is in test_sinks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.aws.session import Clients, TimeOuts
from bridge.aws.sqs_destination import SqsDestination
from bridge.aws.sqs_source import SqsSource
from bridge.circuit import Circuit
from bridge.configuration import Offload
from bridge.errors import Away
from bridge.message import Delivery, Descriptor, Message
from bridge.pump import Pump
from bridge.retry import Retry
from tests.bridge.ends import MemoryDeadLetters, MemorySink
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import eventually
from tests.fixtures.fault_proxy import FaultProxy

TODAY = "software.amazon.payloadoffloading.PayloadS3Pointer"
OLDER = "com.amazon.sqs.javamessaging.MessageS3Pointer"
MARKER = "ExtendedPayloadSize"

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


@pytest.fixture
def redriven(aws: Aws, queue: str) -> str:
    """The queue to which SQS moves what was received three times."""
    moved = aws.make_queue()
    policy = json.dumps({"deadLetterTargetArn": aws.queue_arn(moved), "maxReceiveCount": 3})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    return moved


def send(aws: Aws, queue: str, body: str, *, marker: str = "") -> None:
    attributes: Any = {marker: {"DataType": "Number", "StringValue": "1"}} if marker else {}
    aws.sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)


def pointer(bucket: str, key: str, name: str = TODAY) -> str:
    return json.dumps([name, {"s3BucketName": bucket, "s3Key": key}])


def keep(aws: Aws, bucket: str, key: str, body: bytes) -> str:
    aws.s3.put_object(Bucket=bucket, Key=key, Body=body)
    return pointer(bucket, key)


def texts(deliveries: Any) -> list[str]:
    return sorted(delivery.message.body.decode() for delivery in deliveries if not delivery.fault)


def test_what_is_taken_is_gone_after_the_commit_and_not_before(aws: Aws, queue: str, source: Make) -> None:
    for number in range(3):
        send(aws, queue, f"text {number}")
    lost: list[int] = []
    orders = source(undeleted=lost.append)
    orders.connect()
    taken = orders.take(10)
    assert texts(taken) == ["text 0", "text 1", "text 2"]
    assert [delivery.deliveries for delivery in taken] == [0, 0, 0]
    assert aws.counts(queue) == (0, 3)
    orders.commit()
    assert aws.counts(queue) == (0, 0)
    assert lost == []
    assert orders.take(10) == []


def test_what_is_backed_out_comes_again_at_once_and_says_so(aws: Aws, queue: str, source: Make) -> None:
    send(aws, queue, "text")
    orders = source()
    orders.take(10)
    orders.back_out()
    [again] = orders.take(10)
    assert (again.message.body, again.deliveries) == (b"text", 1)


def test_no_more_is_taken_than_asked_for(aws: Aws, queue: str, source: Make) -> None:
    for number in range(3):
        send(aws, queue, str(number))
    assert len(source().take(1)) == 1


def test_a_message_is_set_aside_before_the_queues_own_redrive_moves_it_away_without_a_word(
    aws: Aws, queue: str, source: Make, redriven: str
) -> None:
    def breaks(_message: Message, _attempt: int) -> None:
        raise RuntimeError

    send(aws, queue, "text")
    letters = MemoryDeadLetters()
    retry = Retry(0, Event())
    pump = Pump("route", source(), MemorySink(breaks), letters, retry, Circuit("route"), backout_threshold=5)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            pump.move()
    pump.move()
    [letter] = letters.letters
    assert letter.message.body == b"text"
    assert "backed out 2 times, and SQS's redrive policy moves it away after 3 receives" in letter.reason
    assert "raise its maxReceiveCount" in letter.reason
    assert (aws.counts(queue), aws.counts(redriven)) == ((0, 0), (0, 0))


def test_a_redrive_at_the_first_failure_is_said_and_leaves_each_message_its_try(
    aws: Aws, queue: str, source: Make
) -> None:
    policy = json.dumps({"deadLetterTargetArn": aws.queue_arn(aws.make_queue()), "maxReceiveCount": 1})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    send(aws, queue, "text")
    with capture_logs() as logs:
        [delivery] = source().take(10)
    assert not delivery.fault
    assert [each["event"] for each in logs] == ["redrive_at_once"]


def test_closing_gives_back_what_was_taken_and_connecting_may_follow(
    aws: Aws, queue: str, source: Make
) -> None:
    send(aws, queue, "text")
    orders = source()
    orders.take(10)
    orders.close()
    assert aws.counts(queue) == (1, 0)
    orders.connect()
    assert texts(orders.take(10)) == ["text"]


def test_what_a_sink_offloaded_a_source_reads(aws: Aws, queue: str, source: Make) -> None:
    offload = Offload(bucket=aws.make_bucket(), always=True)
    send(aws, queue, "small")
    sent = source().take(1)[0].message
    assert SqsDestination(Clients(), queue, offload).deliver([sent]) == [None]
    [delivery] = source(offload=offload).take(10)
    assert (delivery.message, delivery.fault) == (sent, "")


@pytest.mark.parametrize(
    ("name", "marker"), [(TODAY, MARKER), (OLDER, "SQSLargePayloadSize"), (OLDER, MARKER)]
)
def test_a_pointer_in_either_spelling_is_followed(
    aws: Aws, queue: str, source: Make, name: str, marker: str
) -> None:
    bucket = aws.make_bucket()
    aws.s3.put_object(Bucket=bucket, Key="in/orders", Body="grüße".encode())
    send(aws, queue, pointer(bucket, "in/orders", name), marker=marker)
    [delivery] = source(offload=Offload(bucket=bucket)).take(10)
    assert (delivery.message.body.decode(), delivery.fault) == ("grüße", "")
    assert marker not in delivery.message.properties


def test_a_further_bucket_is_read_where_the_configuration_says_so(aws: Aws, queue: str, source: Make) -> None:
    own, partners = aws.make_bucket(), aws.make_bucket()
    send(aws, queue, keep(aws, partners, "k", b"theirs"), marker=MARKER)
    assert texts(source(offload=Offload(bucket=own, read_from=(partners,))).take(10)) == ["theirs"]


def test_a_body_that_looks_like_a_pointer_is_a_body_without_the_attribute(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "k", b"secret"))
    assert texts(source(offload=Offload(bucket=bucket)).take(10)) == [pointer(bucket, "k")]
    assert fault_proxy.count("GetObject") == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (pointer("somebody-elses", "k"), "somebody-elses"),
        (pointer("BUCKET", "../k"), r"'\.\.' part"),
        (pointer("BUCKET", "a/../../k"), r"'\.\.' part"),
        (pointer("BUCKET", ""), "empty"),
        (pointer("BUCKET", "ü" * 513), "longer than S3's 1024 bytes"),
        (pointer("BUCKET", "a\0b"), "can't be printed"),
        (pointer("BUCKET", "k", "java.lang.Runtime"), "it is none"),
        ("just text", "it is none"),
        ("[" * 100_000, "it is none"),
        ("[" * 5_000, "it is none"),
        ("null", "it is none"),
        (json.dumps([TODAY, {"s3BucketName": 1, "s3Key": "k"}]), "it is none"),
        (json.dumps([TODAY]), "it is none"),
    ],
)
def test_a_pointer_that_must_not_be_followed_costs_no_call_and_disturbs_nobody(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy, body: str, reason: str
) -> None:
    bucket = aws.make_bucket()
    for number in range(9):
        send(aws, queue, f"text {number}")
    send(aws, queue, body.replace("BUCKET", bucket), marker=MARKER)
    orders = source(offload=Offload(bucket=bucket))
    taken = orders.take(10)
    assert texts(taken) == [f"text {number}" for number in range(9)]
    [bad] = [delivery for delivery in taken if delivery.fault]
    assert bad.message.body.decode() == body.replace("BUCKET", bucket)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(bad.fault)
    assert fault_proxy.count("GetObject") == 0
    orders.commit()
    orders.close()
    assert aws.counts(queue) == (0, 0)


def test_without_an_offload_no_pointer_is_followed(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    send(aws, queue, keep(aws, aws.make_bucket(), "k", b"body"), marker=MARKER)
    [delivery] = source().take(10)
    assert "not allowed" in delivery.fault
    assert fault_proxy.count("GetObject") == 0


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(None, "the payload is gone"), (b"x" * 2049, "2049 bytes; the limit is 2048"), (b"\xff", "UTF-8")],
)
def test_a_payload_that_will_never_do_is_a_fault_of_that_one_message(
    aws: Aws, queue: str, source: Make, payload: bytes | None, reason: str
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "good", b"x" * 2048), marker=MARKER)
    send(aws, queue, pointer(bucket, "bad"), marker=MARKER)
    if payload is not None:
        aws.s3.put_object(Bucket=bucket, Key="bad", Body=payload)
    taken = source(offload=Offload(bucket=bucket, maximum_size=2048)).take(10)
    assert texts(taken) == ["x" * 2048]
    assert [reason in delivery.fault for delivery in taken if delivery.fault] == [True]


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (403, "AccessDenied")]
)
def test_a_message_whose_payload_s3_does_not_give_out_now_waits_and_the_others_go_on(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy, status: int, code: str
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, "text")
    send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
    fault_proxy.answer("GetObject", status=status, code=code)
    orders = source(offload=Offload(bucket=bucket))
    assert texts(orders.take(10)) == ["text"]
    orders.commit()
    assert aws.counts(queue) == (0, 1)


def test_payloads_are_fetched_only_as_far_as_a_unit_of_work_has_bytes_and_received_once(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    for number in range(10):
        send(aws, queue, keep(aws, bucket, str(number), b"%d" % number * 1000), marker=MARKER)
    orders = source(offload=Offload(bucket=bucket), most_bytes=2500)
    seen: list[str] = []
    fetched = []
    while unit := orders.take(10):
        seen += texts(unit)
        assert [each.deliveries for each in unit] == [0] * len(unit)
        fetched.append(fault_proxy.count("GetObject"))
        orders.commit()
    assert fetched == [3, 6, 9, 10]
    assert sorted(seen) == [str(number) * 1000 for number in range(10)]
    # One that brought nothing, and perhaps another one ahead of need.
    assert fault_proxy.count("ReceiveMessage") in {2, 3}
    orders.close()  # which waits for its deletes
    assert aws.counts(queue) == (0, 0)


def test_a_back_out_gives_back_what_was_not_yet_handed_out_too(aws: Aws, queue: str, source: Make) -> None:
    for number in range(3):
        send(aws, queue, str(number) * 1000)
    orders = source(most_bytes=1)
    assert len(orders.take(10)) == 1
    orders.commit()
    assert len(orders.take(10)) == 1
    eventually(lambda: aws.counts(queue) == (0, 2))
    orders.back_out()
    assert aws.counts(queue) == (2, 0)
    orders.take(10)
    orders.close()
    assert aws.counts(queue) == (2, 0)


def test_s3_being_away_for_all_that_came_is_away(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
    fault_proxy.drop("GetObject", after=False)
    with (
        capture_logs() as logs,
        pytest.raises(Away, match=rf"^s3://{bucket}/k: can't be reached"),
    ):
        source(offload=Offload(bucket=bucket)).take(10)
    assert aws.counts(queue) == (0, 1)
    assert logs == [], "it is the route's to say, and not at every try"


def test_receives_that_ended_with_s3_away_do_not_bring_a_message_nearer_to_being_set_aside(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
    aws.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)
    fault_proxy.drop("GetObject", after=False)
    # Left in the queue for no longer than its own time-out, so that the test need not wait. On a busy machine
    # it may be extended once before.
    fault_proxy.drop("ChangeMessageVisibilityBatch", after=False, times=3)
    orders = source(offload=Offload(bucket=bucket), wait=10)
    with pytest.raises(Away):
        orders.take(10)
    [delivery] = orders.take(10)
    assert delivery.message.body == b"payload"
    assert delivery.deliveries == 1, "of three receives the first alone was an attempt"


def test_access_denied_to_a_payload_again_and_again_is_a_fault(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
    for _ in range(3):
        aws.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)
    fault_proxy.answer("GetObject", status=403, code="AccessDenied")
    [delivery] = source(offload=Offload(bucket=bucket)).take(10)
    assert "AccessDenied" in delivery.fault
    assert delivery.deliveries == 3


def test_the_payload_is_deleted_only_after_its_message_and_only_where_wanted(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    for wanted, left in ((False, ["k"]), (True, [])):
        send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
        orders = source(offload=Offload(bucket=bucket, delete_after_delivery=wanted))
        orders.take(10)
        orders.commit()
        assert aws.keys(bucket) == left
    assert [r.action for r in fault_proxy.requests][-2:] == ["DeleteMessageBatch", "DeleteObject"]


def test_the_payload_stays_where_its_message_could_not_be_deleted_or_was_bad(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "stale", b"payload"), marker=MARKER)
    send(aws, queue, keep(aws, bucket, "bad", b"\xff"), marker=MARKER)
    orders = source(offload=Offload(bucket=bucket, delete_after_delivery=True))
    taken = orders.take(10)
    stale = next(index for index, delivery in enumerate(taken) if not delivery.fault)
    fault_proxy.fail_entries("DeleteMessageBatch", {stale: ("ReceiptHandleIsInvalid", True)})
    with pytest.raises(Away):
        orders.commit()
    assert aws.keys(bucket) == ["bad", "stale"]


def test_a_payload_that_cannot_be_deleted_is_no_error(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
    orders = source(offload=Offload(bucket=bucket, delete_after_delivery=True))
    orders.take(10)
    fault_proxy.answer("DeleteObject", status=403, code="AccessDenied")
    orders.commit()
    assert aws.counts(queue) == (0, 0)
    assert aws.keys(bucket) == ["k"]


def test_of_a_partly_failed_delete_only_the_failures_are_tried_again(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    for number in range(4):
        send(aws, queue, str(number))
    lost: list[int] = []
    orders = source(undeleted=lost.append)
    orders.take(10)
    fault_proxy.fail_entries("DeleteMessageBatch", {1: ("InternalError", False)})
    orders.commit()
    deletes = [json.loads(r.body) for r in fault_proxy.requests if r.action == "DeleteMessageBatch"]
    assert [len(request["Entries"]) for request in deletes] == [4, 1]
    assert deletes[1]["Entries"][0]["ReceiptHandle"] == deletes[0]["Entries"][1]["ReceiptHandle"]
    assert aws.counts(queue) == (0, 0)
    assert lost == []


def test_a_delete_that_finally_fails_is_told_and_counted_and_the_message_is_known_again(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    send(aws, queue, "text")
    lost: list[int] = []
    orders = source(wait=10, undeleted=lost.append)
    [first] = orders.take(10)
    fault_proxy.answer("DeleteMessageBatch", status=503, code="ServiceUnavailable", times=3)
    with pytest.raises(Away, match=r"^1 delivered messages can't be deleted .*ServiceUnavailable"):
        orders.commit()
    assert fault_proxy.count("DeleteMessageBatch") == 3
    assert lost == [1]
    [again] = orders.take(10)
    assert (again.identity, again.deliveries) == (first.identity, 1)
    assert again.identity


def test_told_to_stop_a_delete_that_hangs_is_not_tried_three_times(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    send(aws, queue, "text")
    stop = Event()
    orders = source(stop=stop)  # its answers are waited for 5 seconds
    orders.take(10)
    fault_proxy.silence("DeleteMessageBatch", after=False, times=3)
    stop.set()
    with pytest.raises(Away, match="will come again"):
        orders.commit()
    assert fault_proxy.count("DeleteMessageBatch") == 1


def test_a_stale_receipt_is_a_counted_duplicate_at_the_first_try(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    send(aws, queue, "text")
    lost: list[int] = []
    orders = source(undeleted=lost.append)
    orders.take(10)
    fault_proxy.fail_entries("DeleteMessageBatch", {0: ("ReceiptHandleIsInvalid", True)})
    with pytest.raises(Away, match="ReceiptHandleIsInvalid"):
        orders.commit()
    assert fault_proxy.count("DeleteMessageBatch") == 1
    assert lost == [1]


@pytest.mark.parametrize("offloaded", [False, True])
def test_a_receipt_handle_goes_back_as_it_came_whatever_is_in_it(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy, offloaded: bool
) -> None:
    bucket, handle = aws.make_bucket(), "AQEB-..s3BucketName..-x-..s3Key..-/+=-"
    received: dict[str, Any] = {
        "MessageId": "1",
        "ReceiptHandle": handle,
        "Body": keep(aws, bucket, "k", b"payload") if offloaded else "payload",
        "Attributes": {"ApproximateReceiveCount": "1"},
    }
    if offloaded:
        received["MessageAttributes"] = {MARKER: {"DataType": "Number", "StringValue": "1"}}
    fault_proxy.answer("ReceiveMessage", status=200, body=json.dumps({"Messages": [received]}).encode())
    deleted = {"Successful": [{"Id": "0"}], "Failed": []}
    fault_proxy.answer("DeleteMessageBatch", status=200, body=json.dumps(deleted).encode())
    orders = source(offload=Offload(bucket=bucket))
    assert texts(orders.take(10)) == ["payload"]
    orders.commit()
    [request] = [json.loads(r.body) for r in fault_proxy.requests if r.action == "DeleteMessageBatch"]
    assert [entry["ReceiptHandle"] for entry in request["Entries"]] == [handle]


def test_a_back_out_that_fails_is_no_error(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    send(aws, queue, "text")
    orders = source()
    orders.take(10)
    fault_proxy.drop("ChangeMessageVisibilityBatch", after=False)
    orders.back_out()
    assert aws.counts(queue) == (0, 1)


def test_visibility_is_extended_while_a_unit_of_work_is_open_even_after_a_failed_try(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    send(aws, queue, "text")
    orders = source()
    orders.take(10)
    fault_proxy.answer("ChangeMessageVisibilityBatch", status=503, code="ServiceUnavailable")
    fault_proxy.wait_for("ChangeMessageVisibilityBatch", 4)
    assert aws.counts(queue) == (0, 1)
    orders.commit()
    assert aws.counts(queue) == (0, 0)
    asked = [json.loads(r.body) for r in fault_proxy.requests if r.action == "ChangeMessageVisibilityBatch"]
    assert {entry["VisibilityTimeout"] for request in asked for entry in request["Entries"]} == {2}


def test_visibility_is_extended_of_what_is_not_yet_handed_out_too(
    queue: str, aws: Aws, source: Make, fault_proxy: FaultProxy
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    for number in range(2):
        send(aws, queue, str(number))
    orders = source(most_bytes=1)
    orders.take(10)
    orders.commit()
    fault_proxy.wait_for("ChangeMessageVisibilityBatch", 3)
    assert aws.counts(queue) == (0, 1)
    assert len(orders.take(10)) == 1
    orders.commit()
    assert aws.counts(queue) == (0, 0)


def received_twice(aws: Aws, queue: str) -> None:
    for _ in range(2):
        aws.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0, MaxNumberOfMessages=10)


def test_what_sqs_would_move_away_at_the_next_receive_stays_in_hand_after_a_back_out(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy, redriven: str
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    for number in range(3):
        send(aws, queue, f"old {number}")
    received_twice(aws, queue)
    send(aws, queue, "new")
    orders = source()
    assert [(each.deliveries, bool(each.last)) for each in orders.take(10)] == [(2, True)] * 3 + [(0, False)]
    orders.back_out()
    asked = [json.loads(r.body) for r in fault_proxy.requests if r.action == "ChangeMessageVisibilityBatch"]
    told = [[entry["VisibilityTimeout"] for entry in request["Entries"]] for request in asked]
    assert told[-2:] == [[0], [2, 2, 2]]
    assert aws.counts(queue) == (1, 3)
    # They stay there for longer than the time-out: two more extensions after that of the back-out.
    fault_proxy.wait_for("ChangeMessageVisibilityBatch", 4)
    [one] = orders.take(1)
    assert (one.message.body, one.deliveries, bool(one.last)) == (b"old 0", 3, True)
    orders.back_out()
    assert sorted((each.message.body, each.deliveries) for each in orders.take(10)) == [
        (b"old 0", 4),
        (b"old 1", 3),
        (b"old 2", 3),
    ]
    assert fault_proxy.count("ReceiveMessage") == 1
    orders.commit()
    assert texts(orders.take(10)) == ["new"]
    orders.commit()
    assert (aws.counts(queue), aws.counts(redriven)) == ((0, 0), (0, 0))


def test_what_sqs_would_move_away_goes_back_when_the_source_is_closed(
    aws: Aws, queue: str, source: Make, redriven: str
) -> None:
    send(aws, queue, "text")
    received_twice(aws, queue)
    orders = source()
    orders.take(10)
    orders.back_out()
    orders.close()
    assert aws.counts(queue) == (1, 0)


def test_a_payload_that_s3_does_not_give_out_at_the_last_receive_is_a_fault_of_its_message(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy, redriven: str
) -> None:
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
    received_twice(aws, queue)
    fault_proxy.answer("GetObject", status=503, code="SlowDown")
    orders = source(offload=Offload(bucket=bucket))
    [delivery] = orders.take(10)
    assert "SlowDown" in delivery.fault
    assert "redrive policy moves it away" in delivery.fault
    orders.commit()
    assert (aws.counts(queue), aws.counts(redriven)) == ((0, 0), (0, 0))


def test_visibility_is_extended_while_a_payload_takes_longer_than_the_time_out(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    bucket = aws.make_bucket()
    send(aws, queue, keep(aws, bucket, "k", b"payload"), marker=MARKER)
    send(aws, queue, "behind it")
    release = fault_proxy.hold("GetObject")
    orders = source(offload=Offload(bucket=bucket))
    taken = list[Delivery]()
    taking = Thread(target=lambda: taken.extend(orders.take(10)))
    taking.start()
    fault_proxy.wait_for("ChangeMessageVisibilityBatch", 3)
    assert aws.counts(queue) == (0, 2)
    release.set()
    taking.join(timeout=10)
    assert texts(taken) == ["behind it", "payload"]
    orders.commit()
    assert aws.counts(queue) == (0, 0)


def test_a_stop_ends_the_long_poll_at_once_and_what_it_still_receives_goes_back(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    stop, taken = Event(), list[Delivery]()
    orders = source(wait=20, stop=stop)
    orders.connect()
    release = fault_proxy.hold("ReceiveMessage")
    taking = Thread(target=lambda: taken.extend(orders.take(10)))
    taking.start()
    fault_proxy.wait_for("ReceiveMessage", 1)
    stop.set()
    taking.join(timeout=5)
    assert not taking.is_alive()
    assert taken == []
    send(aws, queue, "late")
    release.set()
    fault_proxy.wait_for("ChangeMessageVisibilityBatch", 1)
    [again] = aws.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert again["Body"] == "late"


def test_what_came_when_the_route_was_called_to_the_gate_is_not_taken_for_tried(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    closing = Event()
    orders = source(wait=20, stop=closing)
    orders.connect()
    release = fault_proxy.hold("ReceiveMessage")
    taking = Thread(target=orders.take, args=(10,))
    taking.start()
    fault_proxy.wait_for("ReceiveMessage", 1)
    closing.set()
    taking.join(timeout=5)
    send(aws, queue, "late")
    release.set()
    fault_proxy.wait_for("ChangeMessageVisibilityBatch", 1)
    closing.clear()
    [late] = orders.take(10)
    assert (late.message.body, late.deliveries) == (b"late", 0)
    orders.commit()


def test_what_goes_back_before_it_was_handed_out_is_not_taken_for_tried(
    aws: Aws, queue: str, source: Make
) -> None:
    for number in range(2):
        send(aws, queue, str(number))
    orders = source(most_bytes=1)
    [tried] = orders.take(10)
    orders.back_out()
    again = {each.identity: each.deliveries for _ in range(2) for each in orders.take(10)}
    assert again.pop(tried.identity) == 1
    assert list(again.values()) == [0]


def test_nothing_is_received_after_a_stop(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    stop = Event()
    stop.set()
    send(aws, queue, "text")
    assert source(stop=stop).take(10) == []
    assert fault_proxy.count("ReceiveMessage") == 0


def test_with_a_stop_event_errors_and_messages_come_as_without(
    aws: Aws, queue: str, source: Make, fault_proxy: FaultProxy
) -> None:
    send(aws, queue, "text")
    orders = source(stop=Event())
    fault_proxy.answer("ReceiveMessage", status=400, code="RequestThrottled")
    with pytest.raises(Away, match="RequestThrottled"):
        orders.take(10)
    assert texts(orders.take(10)) == ["text"]


@pytest.mark.parametrize(
    ("status", "code", "slowly"),
    [(400, "ExpiredToken", False), (403, "AccessDenied", True),
     (400, "AWS.SimpleQueueService.NonExistentQueue", True), (503, "", False)],
)  # fmt: skip
def test_a_queue_that_cannot_be_read_is_away(
    source: Make, fault_proxy: FaultProxy, status: int, code: str, slowly: bool
) -> None:
    fault_proxy.answer("ReceiveMessage", status=status, code=code)
    with pytest.raises(Away, match=r"^sqs:queue-") as raised:
        source().take(10)
    assert raised.value.slowly == slowly


def test_a_queue_that_is_missing_is_away_slowly_until_it_is_there(aws: Aws) -> None:
    name = aws.name("later")
    orders = SqsSource(Clients(), name, ccsid=1208, format="MQSTR", wait=0)
    with pytest.raises(Away, match=rf"^sqs:{name}: .*NonExistentQueue"):
        orders.connect()
    send(aws, aws.sqs.create_queue(QueueName=name)["QueueUrl"], "text")
    orders.connect()
    assert texts(orders.take(10)) == ["text"]


@pytest.mark.parametrize("offloaded", [False, True])
def test_a_message_that_cannot_be_made_one_of_mqs_keeps_all_it_had_and_disturbs_nobody(
    aws: Aws, queue: str, source: Make, offloaded: bool
) -> None:
    bucket = aws.make_bucket()
    marked: Any = {MARKER: {"DataType": "Number", "StringValue": "1"}} if offloaded else {}
    aws.sqs.send_message(
        QueueUrl=queue,
        MessageBody=keep(aws, bucket, "k", b"not base64!") if offloaded else "not base64!",
        MessageAttributes={
            "MQBodyEncoding": {"DataType": "String", "StringValue": "base64"},
            "trace": {"DataType": "Binary.own", "BinaryValue": b"\0\1"},
            **marked,
        },
    )
    send(aws, queue, "good")
    taken = source(offload=Offload(bucket=bucket)).take(10)
    assert texts(taken) == ["good"]
    [bad] = [delivery for delivery in taken if delivery.fault]
    assert bad.message.body == b"not base64!"
    assert {name: each.value for name, each in bad.message.properties.items()} == {
        "MQBodyEncoding": "base64",
        "trace": b"\0\1",
    }
    assert "base64" in bad.fault


def test_an_envelope_of_sns_is_handed_on_as_it_is(aws: Aws, queue: str, source: Make) -> None:
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=aws.queue_arn(queue))
    aws.sns.publish(TopicArn=topic, Message="inner")
    [delivery] = source().take(10)
    assert json.loads(delivery.message.body)["Message"] == "inner"


def test_no_body_is_in_what_a_source_says(aws: Aws, queue: str, source: Make, capfd: Any) -> None:
    send(aws, queue, "canary", marker=MARKER)
    with suppress(Away):
        [delivery] = source().take(10)
    assert "canary" not in delivery.fault
    assert "canary" not in repr(delivery)
    assert "canary" not in "".join(capfd.readouterr())


def test_a_queue_takes_up_to_a_mebibyte_inline_where_the_threshold_says_so(aws: Aws, queue: str) -> None:
    bucket = aws.make_bucket()
    sink = SqsDestination(Clients(), aws.queue_arn(queue), Offload(bucket=bucket, threshold=1024 * 1024))
    large = Message(b"x" * 300 * 1024, Descriptor(format="MQSTR"))
    assert sink.deliver([large, Message(b"y"), large]) == [None] * 3
    assert aws.keys(bucket) == []
    assert aws.counts(queue) == (3, 0)


def test_a_sink_whose_queue_is_missing_is_away_slowly_until_it_is_there(aws: Aws) -> None:
    name = aws.name("later")
    sink = SqsDestination(Clients(), name)
    with pytest.raises(Away, match=rf"^sqs:{name}: .*NonExistentQueue") as raised:
        sink.connect()
    assert raised.value.slowly
    aws.sqs.create_queue(QueueName=name)
    sink.connect()
    assert sink.deliver([Message(b"body")]) == [None]
