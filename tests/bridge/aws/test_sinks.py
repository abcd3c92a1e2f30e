"""What both sinks promise, an SNS topic and an SQS queue, told once and run for each."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from uuid import UUID

import pytest
from sqs_extended_client.client import SQSExtendedClientSession

from bridge.aws.session import Clients, TimeOuts
from bridge.aws.sns import SnsTopic
from bridge.aws.sqs_destination import SqsDestination
from bridge.configuration import Offload
from bridge.errors import Away
from bridge.message import Descriptor, Fault, Message, Property, Rejection
from tests.fixtures.aws import REGION, Aws
from tests.fixtures.aws_rules import MOST_BYTES, entries, refusals
from tests.fixtures.fault_proxy import FaultProxy

KIB = 1024


@dataclass
class Place:
    """A destination under test: how to make its sink, where it arrives, the call it is made with."""

    sink: Callable[..., SnsTopic | SqsDestination]
    queue: str
    action: str


@pytest.fixture(params=["sns", "sqs"])
def place(request: pytest.FixtureRequest, aws: Aws, fault_proxy: FaultProxy) -> Place:
    clients = Clients(time_outs=TimeOuts(read=3))
    if request.param == "sns":
        topic, queue = aws.make_topic()
        return Place(lambda offload=None: SnsTopic(clients, topic, offload), queue, "PublishBatch")
    queue = aws.make_queue()
    return Place(lambda offload=None: SqsDestination(clients, queue, offload), queue, "SendMessageBatch")


def text(body: str, **properties: Property) -> Message:
    return Message(body.encode(), Descriptor(message_id=bytes(23) + b"\1", format="MQSTR"), properties)


def texts(count: int, size: int = 10) -> list[Message]:
    return [text(f"{number:>{size}}") for number in range(count)]


def faults(outcome: Sequence[Rejection | None]) -> list[Fault | None]:
    return [rejection.fault if rejection else None for rejection in outcome]


def bodies(aws: Aws, queue: str) -> list[str]:
    return [message["Body"] for message in aws.read_all(queue)]


def test_ten_small_messages_are_one_request(aws: Aws, place: Place, fault_proxy: FaultProxy) -> None:
    sink = place.sink()
    sink.connect()
    assert sink.deliver(texts(10)) == [None] * 10
    assert fault_proxy.count(place.action) == 1
    assert sorted(bodies(aws, place.queue)) == sorted(message.body.decode() for message in texts(10))


def test_many_messages_fed_by_tens_are_a_tenth_as_many_requests(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    sink, messages = place.sink(Offload(bucket="never-asked")), texts(200, KIB)
    for start in range(0, 200, 10):
        sink.connect()
        assert sink.deliver(messages[start : start + 10]) == [None] * 10
    assert fault_proxy.count(place.action) == len(fault_proxy.requests) == 20
    assert aws.counts(place.queue) == (200, 0)


def test_messages_that_fill_a_request_by_size_are_cut_there(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    assert place.sink().deliver(texts(6, 60 * KIB)) == [None] * 6
    sent = [len(request.body) for request in fault_proxy.requests if request.action == place.action]
    assert len(sent) == 2
    assert aws.counts(place.queue) == (6, 0)


def test_ten_entries_that_just_fill_a_request_are_one_and_with_a_byte_more_they_are_two(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    sink, properties = place.sink(), {f"größe {n}": Property("ü" * 99) for n in range(11)}

    def deliver(*sizes: int) -> list[list[int]]:
        """What was sent, as sizes of entries by request."""
        before = len(fault_proxy.requests)
        assert sink.deliver([text("x" * size, **properties) for size in sizes]) == [None] * len(sizes)
        batches = [each for each in fault_proxy.requests[before:] if each.action == place.action]
        assert [refusals(each) for each in batches] == [[]] * len(batches)
        # Under way together, they come in any order.
        return sorted([[entry.size for entry in entries(each)] for each in batches], key=len, reverse=True)

    attributes = deliver(1)[0][0] - 1
    tenth = MOST_BYTES // 10 - attributes
    assert [sum(sizes) for sizes in deliver(*[tenth] * 9, tenth + 4)] == [MOST_BYTES]
    assert [len(sizes) for sizes in deliver(*[tenth] * 9, tenth + 5)] == [9, 1]
    # One alone, as large as a request may be.
    assert deliver(MOST_BYTES - attributes) == [[MOST_BYTES]]


@pytest.mark.parametrize("threshold", [2 * KIB, MOST_BYTES])
def test_a_message_of_the_threshold_is_sent_as_it_is_and_with_a_byte_more_through_s3(
    aws: Aws, place: Place, fault_proxy: FaultProxy, threshold: int
) -> None:
    bucket = aws.make_bucket()
    sink, properties = place.sink(Offload(bucket=bucket, threshold=threshold)), {"größe": Property("ü")}
    assert sink.deliver([text("ü", **properties)]) == [None]
    room = threshold - entries(fault_proxy.requests[-1])[0].size
    for more, through_s3 in ((0, 0), (1, 1)):
        assert sink.deliver([text("ü" + "x" * (room + more), **properties)]) == [None]
        assert len(aws.keys(bucket)) == through_s3


@pytest.mark.parametrize("mask", list(product([False, True], repeat=4)))
def test_of_a_partly_failed_request_only_what_failed_is_refused(
    aws: Aws, place: Place, fault_proxy: FaultProxy, mask: tuple[bool, ...]
) -> None:
    failed = {index: ("InvalidParameter", True) for index, fails in enumerate(mask) if fails}
    fault_proxy.fail_entries(place.action, failed)
    sink = place.sink()
    assert faults(sink.deliver(texts(4))) == [Fault.MESSAGE if fails else None for fails in mask]
    arrived = [message.body.decode() for message, fails in zip(texts(4), mask, strict=True) if not fails]
    assert sorted(bodies(aws, place.queue)) == sorted(arrived)


@pytest.mark.parametrize(
    ("code", "sender", "fault"),
    [
        ("SomethingNew", True, Fault.MESSAGE),
        ("SomethingNew", False, Fault.UNCLEAR),
        ("InternalError", False, Fault.UNCLEAR),
        ("Throttled", True, Fault.DESTINATION),
        ("KMS.ThrottlingException", True, Fault.DESTINATION),
        ("KMSAccessDenied", True, Fault.DESTINATION),
    ],
)
def test_a_failed_entry_is_judged_by_its_code_then_by_what_aws_says(
    place: Place, fault_proxy: FaultProxy, code: str, sender: bool, fault: Fault
) -> None:
    fault_proxy.fail_entries(place.action, {1: (code, sender)})
    outcome = place.sink().deliver(texts(3))
    assert faults(outcome) == [None, fault, None]
    assert outcome[1] is not None
    assert code in outcome[1].reason


def test_an_internal_error_for_every_entry_is_the_destinations_fault(
    place: Place, fault_proxy: FaultProxy
) -> None:
    fault_proxy.fail_entries(place.action, dict.fromkeys(range(3), ("InternalError", False)))
    assert faults(place.sink().deliver(texts(3))) == [Fault.DESTINATION] * 3


def test_what_failed_alone_of_its_request_stays_unclear_while_only_its_entry_fails(
    place: Place, fault_proxy: FaultProxy
) -> None:
    sink, messages = place.sink(), texts(3)
    sink.connect()
    for at in (1, 0):
        fault_proxy.fail_entries(place.action, {at: ("InternalError", False)})
    fault_proxy.answer(place.action, status=500, code="InternalError")
    fault_proxy.fail_entries(place.action, {0: ("InternalError", False)})
    assert faults(sink.deliver(messages)) == [None, Fault.UNCLEAR, None]
    assert faults(sink.deliver(messages[1:2])) == [Fault.UNCLEAR]
    assert faults(sink.deliver(messages[1:2])) == [Fault.DESTINATION], "the whole request failed"
    assert faults(sink.deliver(messages[2:])) == [Fault.DESTINATION], (
        "another message, and nothing is known of it"
    )


def test_an_entry_that_the_answer_does_not_mention_is_unclear(place: Place, fault_proxy: FaultProxy) -> None:
    fault_proxy.forget_entries(place.action, {0})
    assert faults(place.sink().deliver(texts(2))) == [Fault.UNCLEAR, None]


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "Throttled"), (400, "Throttling"), (400, "KMSThrottling"), (500, "InternalError"), (503, ""),
     (400, "ExpiredToken"), (403, "RequestTimeTooSkewed"), (403, "SignatureDoesNotMatch")],
)  # fmt: skip
def test_a_refused_request_is_the_destinations_fault_and_the_next_ones_are_not_tried(
    aws: Aws, place: Place, fault_proxy: FaultProxy, status: int, code: str
) -> None:
    fault_proxy.answer(place.action, status=status, code=code)
    assert faults(place.sink().deliver(texts(25))) == [Fault.DESTINATION] * 25
    assert fault_proxy.count(place.action) == 1
    assert bodies(aws, place.queue) == []


def test_what_waits_for_its_turn_is_not_sent_once_another_was_refused(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    sink = place.sink()
    assert sink.deliver(texts(10)) == [None] * 10
    fault_proxy.answer(place.action, status=429, code="Throttled")
    assert faults(sink.deliver(texts(10))) == [Fault.DESTINATION] * 10
    # From here requests go one after the other, at the pace of those that were taken.
    sent = fault_proxy.count(place.action)
    fault_proxy.fail_entries(place.action, {})
    fault_proxy.answer(place.action, status=429, code="Throttled")
    assert faults(sink.deliver(texts(40))) == [None] * 10 + [Fault.DESTINATION] * 30
    assert fault_proxy.count(place.action) == sent + 2
    assert aws.counts(place.queue) == (20, 0)


@pytest.mark.parametrize("after", [False, True])
def test_a_broken_connection_is_the_destinations_fault_and_tried_once(
    aws: Aws, place: Place, fault_proxy: FaultProxy, after: bool
) -> None:
    fault_proxy.drop(place.action, after=after)
    assert faults(place.sink().deliver(texts(2))) == [Fault.DESTINATION] * 2
    assert fault_proxy.count(place.action) == 1
    assert len(bodies(aws, place.queue)) == (2 if after else 0)


def test_an_answer_nobody_can_read_is_the_destinations_fault(place: Place, fault_proxy: FaultProxy) -> None:
    fault_proxy.answer(place.action, status=200, body=b"<html>captive portal</html")
    [outcome] = place.sink().deliver(texts(1))
    assert outcome is not None
    assert outcome.fault in {Fault.DESTINATION, Fault.UNCLEAR}
    assert "captive" not in outcome.reason


def test_a_missing_right_is_away_slowly_when_nothing_was_confirmed(
    place: Place, fault_proxy: FaultProxy
) -> None:
    fault_proxy.answer(place.action, status=403, code="AccessDenied")
    with pytest.raises(Away, match=r"^(sns|sqs):.*refused with AccessDenied.*allow it") as raised:
        place.sink().deliver(texts(2))
    assert raised.value.slowly


def test_a_missing_right_is_told_by_message_when_something_was_confirmed(
    place: Place, fault_proxy: FaultProxy
) -> None:
    fault_proxy.fail_entries(place.action, {})
    fault_proxy.answer(place.action, status=403, code="AccessDenied")
    assert faults(place.sink().deliver(texts(12))) == [None] * 10 + [Fault.DESTINATION] * 2


def test_a_message_that_spoils_its_request_is_found_and_the_others_go_through(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    fault_proxy.answer(place.action, status=400, code="InvalidParameter")
    fault_proxy.fail_entries(place.action, {})
    fault_proxy.answer(place.action, status=400, code="InvalidParameter")
    assert faults(place.sink().deliver(texts(3))) == [None, Fault.MESSAGE, None]
    assert fault_proxy.count(place.action) == 4
    assert sorted(bodies(aws, place.queue)) == [f"{0:>10}", f"{2:>10}"]


def test_a_large_body_goes_through_s3_and_its_pointer_with_the_others(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    large = text("ü" * 200_000)
    sink = place.sink(Offload(bucket=bucket))
    sink.connect()
    assert sink.deliver([*texts(4), large, *texts(5)]) == [None] * 10
    assert fault_proxy.count(place.action) == 1
    [key] = aws.keys(bucket)
    assert UUID(key)
    assert aws.object(bucket, key) == large.body
    [pointer] = [message for message in aws.read_all(place.queue) if message["Body"].startswith("[")]
    assert json.loads(pointer["Body"]) == [
        "software.amazon.payloadoffloading.PayloadS3Pointer",
        {"s3BucketName": bucket, "s3Key": key},
    ]
    assert pointer["MessageAttributes"]["ExtendedPayloadSize"]["StringValue"] == "400000"


def test_amazons_own_extended_client_reads_what_was_offloaded(aws: Aws, place: Place) -> None:
    bucket = aws.make_bucket()
    sink = place.sink(Offload(bucket=bucket, always=True))
    assert sink.deliver([text("grüße", trace=Property(bytes(range(9)), "bin.hex"))]) == [None]
    client = SQSExtendedClientSession(region_name=REGION).client("sqs")  # type: ignore[no-untyped-call]
    received = client.receive_message(QueueUrl=place.queue, MessageAttributeNames=["All"])
    assert [message["Body"] for message in received["Messages"]] == ["grüße"]


def test_the_threshold_is_the_routes_and_counts_attributes(aws: Aws, place: Place) -> None:
    bucket = aws.make_bucket()
    sink = place.sink(Offload(bucket=bucket, threshold=2 * KIB))
    assert sink.deliver([text("x" * KIB)]) == [None]
    assert aws.keys(bucket) == []
    assert sink.deliver([text("x" * (2 * KIB))]) == [None]
    assert len(aws.keys(bucket)) == 1


def test_a_retry_does_not_upload_again(aws: Aws, place: Place, fault_proxy: FaultProxy) -> None:
    bucket = aws.make_bucket()
    sink = place.sink(Offload(bucket=bucket, always=True))
    messages = texts(3)
    fault_proxy.answer(place.action, status=503, code="ServiceUnavailable", times=2)
    assert faults(sink.deliver(messages)) == [Fault.DESTINATION] * 3
    sink.connect()
    assert faults(sink.deliver(messages[1:2])) == [Fault.DESTINATION]
    sink.connect()
    assert sink.deliver(messages) == [None] * 3
    assert len(aws.keys(bucket)) == 3
    assert fault_proxy.count("PutObject") == 3
    assert sorted(json.loads(body)[1]["s3Key"] for body in bodies(aws, place.queue)) == aws.keys(bucket)


def test_a_sink_holds_no_message_that_nobody_else_does(aws: Aws, place: Place) -> None:
    sink = place.sink(Offload(bucket=aws.make_bucket(), always=True))
    message = text("body")
    assert sink.deliver([message]) == [None]
    held = weakref.ref(message)
    del message
    gc.collect()
    assert held() is None


def test_two_messages_with_one_id_are_two_payloads(aws: Aws, place: Place) -> None:
    bucket = aws.make_bucket()
    sink = place.sink(Offload(bucket=bucket, always=True))
    assert sink.deliver([text("one"), text("other")]) == [None, None]
    assert sorted(aws.object(bucket, key) for key in aws.keys(bucket)) == [b"one", b"other"]


def test_s3_being_away_holds_only_what_needs_it_and_is_asked_once(
    aws: Aws, place: Place, fault_proxy: FaultProxy
) -> None:
    sink = place.sink(Offload(bucket=aws.make_bucket(), threshold=KIB))
    fault_proxy.answer("PutObject", status=503, code="SlowDown", times=2)
    outcome = sink.deliver([text("small"), text("L" * 2000), text("L" * 3000)])
    assert faults(outcome) == [None, Fault.DESTINATION, Fault.DESTINATION]
    assert outcome[1] is not None
    assert "SlowDown" in outcome[1].reason
    assert fault_proxy.count("PutObject") == 1
    assert bodies(aws, place.queue) == ["small"]


def test_a_bucket_that_is_missing_is_away_slowly(aws: Aws, place: Place) -> None:
    sink = place.sink(Offload(bucket="no-such-bucket-here", always=True))
    with pytest.raises(Away, match=r"^s3://no-such-bucket-here: refused with NoSuchBucket") as raised:
        sink.deliver(texts(1))
    assert raised.value.slowly


def test_a_user_property_named_like_the_extended_clients_key_does_not_choose_the_key(
    aws: Aws, place: Place
) -> None:
    bucket = aws.make_bucket()
    sink = place.sink(Offload(bucket=bucket, always=True))
    assert sink.deliver([text("body", S3Key=Property("../chosen"))]) == [None]
    [key] = aws.keys(bucket)
    assert UUID(key)


def test_a_destination_that_hangs_is_given_up_at_the_time_out(place: Place, fault_proxy: FaultProxy) -> None:
    release = fault_proxy.hold(place.action)
    [outcome] = place.sink().deliver(texts(1))
    release.set()
    assert outcome is not None
    assert (outcome.fault, "ReadTimeoutError" in outcome.reason) == (Fault.DESTINATION, True)


def test_no_body_is_in_what_a_sink_says(place: Place, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail_entries(place.action, {0: ("InvalidParameter", True)})
    fault_proxy.answer(place.action, status=500, code="InternalError")
    sink = place.sink()
    told = [*sink.deliver([text("canary")]), *sink.deliver([text("canary")])]
    assert all(rejection is not None for rejection in told)
    assert "canary" not in repr(told)
