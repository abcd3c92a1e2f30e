"""Messages that nobody can deliver: each is set aside once, costs no call that it must not, delays nobody."""

from __future__ import annotations

import json
from typing import Any

from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import Program
from tests.fixtures.aws import ACCOUNT, Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import IN, OUT, letters, read

LIMIT = 2048
OFTEN = 5
"""How often a message comes before it is set aside without a try: the default."""


def pointer(bucket: str, key: str) -> str:
    where = {"s3BucketName": bucket, "s3Key": key}
    return json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", where])


def test_of_every_kind_of_bad_pointer_comes_one_dead_letter_and_of_the_others_a_message(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    incoming, payloads, foreign, bucket = aws.make_queue(), *(aws.make_bucket() for _ in range(3))
    for where, key, size in (
        *((payloads, "at", LIMIT), (payloads, "over", LIMIT + 1), (payloads, "anothers", 9)),
        *((foreign, "k", 9), (payloads, "k", 9)),
    ):
        aws.s3.put_object(Bucket=where, Key=key, Body=b"p" * size)
    marked: dict[str, Any] = {"ExtendedPayloadSize": {"DataType": "Number", "StringValue": "9"}}
    bad = {
        pointer(foreign, "k"): "which is not allowed",
        pointer(payloads, "../k"): "'..' part",
        pointer(payloads, "in/../../k"): "'..' part",
        pointer(payloads, ""): "empty",
        pointer(payloads, "never-was"): "the payload is gone",
        pointer(payloads, "over"): f"{LIMIT + 1} bytes; the limit is {LIMIT} bytes",
        pointer(payloads, "anothers"): "AccessDenied",
        "no pointer at all": "it is none",
    }
    for body in (*bad, pointer(payloads, "at")):
        aws.sqs.send_message(QueueUrl=incoming, MessageBody=body, MessageAttributes=marked)
    look_alike = pointer(payloads, "k")
    aws.sqs.send_message(QueueUrl=incoming, MessageBody=look_alike)
    # A right that is missing may be given yet; not any more when a message has come this often.
    for _ in range(3):
        aws.sqs.receive_message(QueueUrl=incoming, MaxNumberOfMessages=10, VisibilityTimeout=0)
    fault_proxy.answer("GetObject", status=403, code="AccessDenied", where="/anothers")
    started = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=bucket,
        offload={"bucket": payloads, "maximum_size": LIMIT, "delete_after_delivery": True},
    )
    eventually(lambda: aws.counts(incoming) == (0, 0), what="the SQS queue empty")
    assert started.stop() == 0
    assert sorted(each.data for each in plain.browse(IN)) == sorted([b"p" * LIMIT, look_alike.encode()])
    why = letters(aws, bucket)
    assert why.keys() == bad.keys()
    assert {body for body, reason in bad.items() if reason not in why[body]} == set()
    assert len(started.said("message_set_aside")) == len(bad)
    fetched = [each.path for each in fault_proxy.requests if each.action == "GetObject"]
    assert sorted(fetched) == [f"/{payloads}/{key}" for key in ("anothers", "at", "never-was", "over")]
    to_s3 = [each for each in fault_proxy.requests if each.action.endswith("Object")]
    assert {each.action for each in to_s3} == {"GetObject", "PutObject", "DeleteObject"}
    assert {each.headers.get("x-amz-expected-bucket-owner") for each in to_s3} == {ACCOUNT}


def test_what_came_too_often_is_set_aside_without_a_try_and_those_behind_it_arrive(
    aws: Aws,
    fault_proxy: FaultProxy,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    (topic, subscribed), incoming, bucket = aws.make_topic(), aws.make_queue(), aws.make_bucket()
    program = Program(binding, plain)
    program.put(b"poison out", OUT, Format=b"MQSTR")
    aws.sqs.send_message(QueueUrl=incoming, MessageBody="poison in")
    for _ in range(OFTEN):
        program.get_uncommitted(OUT)
        program.back_out()
        aws.sqs.receive_message(QueueUrl=incoming, VisibilityTimeout=0)
    program.put(b"good", OUT, Format=b"MQSTR")
    aws.sqs.send_message(QueueUrl=incoming, MessageBody="good")
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=bucket,
        binding=binding.name,
    )
    assert [each["Body"] for each in read(aws, subscribed, 1)] == ["good"]
    eventually(
        lambda: plain.depth(OUT) == 0 and aws.counts(incoming) == (0, 0), what="nothing left at the sources"
    )
    assert started.stop() == 0
    assert [each.data for each in plain.browse(IN)] == [b"good"]
    why = f"backed out {OFTEN} times: the threshold is {OFTEN}"
    assert letters(aws, bucket) == {"poison out": why, "poison in": why}
    assert b"poison" not in b"".join(
        each.body for each in fault_proxy.requests if each.action == "PublishBatch"
    )
    assert len(plain.calls("MQPUT", IN)) == 1


def test_what_takes_longer_than_the_visibility_time_out_arrives_once_and_is_deleted(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    incoming = aws.make_queue(VisibilityTimeout="2")
    aws.sqs.send_message(QueueUrl=incoming, MessageBody="text")
    slowly = plain.fault("delay", call="MQPUT", queue=IN, seconds=2.5)
    started = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
    )
    eventually(lambda: sum(aws.counts(incoming)) == 0, what="deleted")
    assert started.stop() == 0
    assert plain.happened(slowly) == 1
    assert [each.data for each in plain.browse(IN)] == [b"text"]
    assert fault_proxy.count("ChangeMessageVisibilityBatch") >= 2
