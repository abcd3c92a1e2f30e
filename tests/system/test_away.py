"""Either side away, for a while or at start, or refusing: said in a line, waited for, and nothing lost."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from bridge.binding import Binding, load_binding
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import Program
from tests.fixtures.aws import REGION, Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import CANARY, IN, OUT, read, send


def test_a_queue_manager_that_is_away_at_start_is_said_once_and_waited_for(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_topic()
    Program(binding, plain).put(b"waiting", OUT, Format=b"MQSTR")
    plain.stop()
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    waiting = started.wait_for("route_waiting", route="out")
    assert "(2538 MQRC_HOST_NOT_AVAILABLE)" in waiting["reason"]
    assert plain.connection_name in waiting["reason"]
    plain.start()
    assert [each["Body"] for each in read(aws, subscribed, 1)] == ["waiting"]
    started.wait_for("route_going_on")
    assert len(started.said("route_waiting")) == 1
    assert started.stop() == 0
    assert "Traceback" not in started.output


def test_a_queue_manager_that_restarts_in_the_middle_loses_nothing(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_topic()
    incoming = aws.make_queue(VisibilityTimeout="5")
    program = Program(binding, plain)
    for number in range(100):
        program.put(b"%d" % number, OUT, Format=b"MQSTR")
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: plain.depth(OUT) < 100, what="it has begun")
    plain.stop()
    send(aws, incoming, *(str(n) for n in range(20)))
    started.wait_for("route_waiting", route="in")
    plain.start()
    eventually(lambda: plain.depth(OUT) == 0 and aws.counts(incoming) == (0, 0), what="both sources empty")
    assert started.stop() == 0
    assert {each["Body"] for each in aws.read_all(subscribed)} == {str(n) for n in range(100)}
    again = Program(binding, plain)
    assert {again.get(IN)[0] for _ in range(plain.depth(IN))} == {b"%d" % n for n in range(20)}
    assert started.said("message_set_aside") == []


def test_a_destination_that_throttles_for_a_while_costs_no_message(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, subscribed = aws.make_topic()
    program = Program(load_binding(), plain)
    for number in range(30):
        program.put(b"%d" % number, OUT, Format=b"MQSTR")
    # A unit of work with its retries, and two probes after it.
    fault_proxy.answer("PublishBatch", status=429, code="Throttled", times=5)
    bucket = aws.make_bucket()
    started = start_bridge(
        plain, {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}, dead_letters=bucket
    )
    started.wait_for("route_waiting", route="out")
    assert sorted(int(each["Body"]) for each in read(aws, subscribed, 30)) == list(range(30))
    assert started.stop() == 0
    assert aws.keys(bucket) == []


def test_an_endpoint_that_is_away_at_start_is_said_and_waited_for(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    incoming = aws.make_queue()
    send(aws, incoming, "waiting")
    fault_proxy.drop("GetQueueAttributes", after=False, times=3)
    started = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
    )
    started.wait_for("route_waiting", route="in")
    eventually(lambda: plain.depth(IN) == 1, what="the message on the MQ queue")
    started.wait_for("route_going_on", route="in")
    assert len(started.said("route_waiting")) == 1
    assert started.stop() == 0
    assert "Traceback" not in started.output


def test_entries_that_fail_are_sent_again_and_the_others_are_not(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, subscribed = aws.make_topic()
    program = Program(load_binding(), plain)
    for number in range(10):
        program.put(b"%d" % number, OUT, Format=b"MQSTR")
    fault_proxy.fail_entries("PublishBatch", {2: ("InternalError", False), 5: ("InternalError", False)})
    bucket = aws.make_bucket()
    started = start_bridge(
        plain, {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}, dead_letters=bucket
    )
    assert sorted(int(each["Body"]) for each in read(aws, subscribed, 10)) == list(range(10))
    eventually(lambda: plain.depth(OUT) == 0, what="committed")
    assert started.stop() == 0
    first, again = (
        parse_qs(request.body.decode())
        for request in fault_proxy.requests
        if request.action == "PublishBatch"
    )
    entry = "PublishBatchRequestEntries.member"
    assert [again[f"{entry}.{n}.Message"] for n in (1, 2)] == [first[f"{entry}.{n}.Message"] for n in (3, 6)]
    assert f"{entry}.3.Message" not in again
    assert aws.keys(bucket) == []


def test_without_the_dead_letter_bucket_nothing_is_committed_and_once_it_is_there_all_of_it_is(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_topic()
    program = Program(binding, plain)
    # More than SNS takes, and no offload: only the dead letters would have it.
    program.put(CANARY.encode() * 30_000, OUT, Format=b"MQSTR")
    program.put(b"behind it", OUT, Format=b"MQSTR")
    bucket = aws.name("not-yet")
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=bucket,
        binding=binding.name,
    )
    assert bucket in started.wait_for("route_waiting", route="out")["reason"]
    assert started.stop() == 0
    assert plain.depth(OUT) == 2
    aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    again = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=bucket,
        binding=binding.name,
    )
    again.wait_for("message_set_aside")
    eventually(lambda: plain.depth(OUT) == 0, what="committed")
    assert again.stop() == 0
    (body_key,) = [key for key in aws.keys(bucket) if key.endswith("/body")]
    assert aws.object(bucket, body_key) == CANARY.encode() * 30_000
    assert "behind it" in {each["Body"] for each in aws.read_all(subscribed)}
    assert CANARY not in started.output + again.output


def test_without_the_dead_letter_bucket_nothing_is_deleted_from_sqs(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    incoming = aws.make_queue()
    pointer = ["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "b", "s3Key": "k"}]
    aws.sqs.send_message(
        QueueUrl=incoming,
        MessageBody=json.dumps(pointer),
        MessageAttributes={"ExtendedPayloadSize": {"DataType": "Number", "StringValue": "300000"}},
    )
    bucket = aws.name("not-yet")
    started = start_bridge(
        plain, {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}}, dead_letters=bucket
    )
    assert bucket in started.wait_for("route_waiting", route="in")["reason"]
    assert started.stop() == 0
    assert sum(aws.counts(incoming)) == 1
    assert plain.depth(IN) == 0
    assert started.said("message_set_aside") == []
