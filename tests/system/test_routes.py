"""Routes as their owners run them: the real command, mutual TLS, both bindings, the other side failing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bridge.binding import Binding, load_binding
from bridge.mapping import to_cloud
from bridge.message import Descriptor, Message, Property
from mock_mq.core import QueueDefinition
from mock_mq.server import TLS
from mock_mq.wire.structures import GetMessageOptions, MessageDescriptor, ObjectDescriptor
from tests.bridge.mq_ends import Program, sink, source
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.certificates import Certificates
from tests.fixtures.fault_proxy import FaultProxy
from tests.fixtures.queue_manager import RunningQueueManager, StartQueueManager

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

OUT, IN, SMALL = "OUT", "IN", "SMALL"
QUEUES = (QueueDefinition(OUT), QueueDefinition(IN), QueueDefinition(SMALL, max_message_length=1000))
CANARY = "canary-4f1d9c"


@pytest.fixture
def plain(start_queue_manager: StartQueueManager) -> RunningQueueManager:
    return start_queue_manager(queues=QUEUES)


def read(aws: Aws, queue: str, count: int) -> list[MessageTypeDef]:
    """That many messages, waited for."""
    found: list[MessageTypeDef] = []

    def enough() -> bool:
        found.extend(aws.read_all(queue))
        return len(found) >= count

    eventually(enough, what=f"{count} messages, of which {len(found)} came")
    assert len(found) == count
    return found


def send(aws: Aws, queue: str, *bodies: str) -> None:
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
        aws.sqs.send_message_batch(QueueUrl=queue, Entries=entries)  # type: ignore[arg-type]


def test_a_message_is_the_same_after_going_to_aws_and_coming_back_over_mutual_tls(
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    certificates: Certificates,
    binding: Binding,
) -> None:
    tls = TLS(
        certificates.server_certificate,
        certificates.server_key,
        certificates.ca,
        require_client_certificate=True,
    )
    secure = start_queue_manager(queues=QUEUES, users={"bridge": CANARY}, tls=tls)
    secret = {
        "certificate": certificates.client_certificate.read_text(),
        "private_key": certificates.client_key.read_text(),
        "ca": certificates.ca.read_text(),
        "user": "bridge",
        "password": CANARY,
    }
    between, payloads = aws.make_queue(), aws.make_bucket()
    started = start_bridge(
        secure,
        {"name": "there", "from": {"mq": OUT}, "to": {"sqs": between}},
        {"name": "back", "from": {"sqs": between, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
        credentials=f"secretsmanager:{aws.make_secret(json.dumps(secret))}",
        offload={"bucket": payloads},
    )
    descriptor = Descriptor(
        message_id=b"m" * 24,
        correlation_id=b"c" * 24,
        format="MQSTR",
        ccsid=500,
        encoding=546,
        reply_to_queue="REPLIES",
        reply_to_queue_manager="QM9",
        priority=4,
        persistence=1,
    )
    properties = {f"p{n}": Property(f"{CANARY} {n}") for n in range(12)} | {
        "count": Property(7, "i8"),
        "größe": Property(1.5, "r8"),
    }
    sent = [
        Message(f"small {CANARY}".encode("cp500"), descriptor, properties),
        Message(b"\0\xff" * 200_000, Descriptor(message_id=b"b" * 24, persistence=0), properties),
        Message(b"", Descriptor(message_id=b"e" * 24, persistence=0)),
    ]
    # The same queue manager, reached without TLS by its core: what is put there is what a program would put.
    beside = start_queue_manager(queues=QUEUES)
    put, get = sink(binding, beside, OUT), source(binding, beside, IN)
    put.connect()
    assert put.deliver(sent) == [None] * 3
    move(beside, secure, OUT)
    eventually(lambda: secure.depth(IN) == 3, what="all three back")
    move(secure, beside, IN)
    get.connect()
    got = {each.message.descriptor.message_id: each.message for each in get.take(10)}
    for message in sent:
        back = got[message.descriptor.message_id]
        assert (back.body, dict(back.properties)) == (message.body, dict(message.properties))
        for name in ("correlation_id", "format", "reply_to_queue", "reply_to_queue_manager", "persistence"):
            assert getattr(back.descriptor, name) == getattr(message.descriptor, name), name
    assert got[b"m" * 24].descriptor.ccsid == 500
    assert len(aws.keys(payloads)) == 1, "the large one went through S3"
    assert started.stop() == 0
    assert CANARY not in started.output


def move(of: RunningQueueManager, to: RunningQueueManager, queue: str) -> None:
    """Carries what is on a queue to the queue of that name on another queue manager, as it is."""

    def take(core: Any) -> list[Any]:
        connection = core.connect(of.channel, "", user="bridge", password=CANARY, application="test")
        handle = connection.open(ObjectDescriptor(object_name=queue), 0x2)
        depth = core.queue(queue).depth
        return [connection.get(handle, MessageDescriptor(), GetMessageOptions(), 10**8) for _ in range(depth)]

    taken = of.ask(take)

    def put(core: Any) -> None:
        for each in taken:
            core.queue(queue).put(each.descriptor, each.data, committed=True)

    to.ask(put)


def test_one_that_is_too_big_is_set_aside_and_nine_are_delivered(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    incoming, bucket = aws.make_queue(), aws.make_bucket()
    bodies = [f"message {n}" for n in range(9)]
    send(aws, incoming, *bodies, CANARY * 200)
    started = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": SMALL}},
        dead_letters=bucket,
        binding=binding.name,
    )
    event = started.wait_for("message_set_aside")
    assert "queue SMALL on QM1: too big for the queue (2030 MQRC_MSG_TOO_BIG_FOR_Q)" in event["reason"]
    assert event["where"].startswith(f"s3://{bucket}/in/")
    eventually(lambda: aws.counts(incoming) == (0, 0), what="the SQS queue empty")
    program = Program(binding, plain)
    assert sorted(program.get(SMALL)[0].decode() for _ in range(plain.depth(SMALL))) == bodies
    (body_key,) = [key for key in aws.keys(bucket) if key.endswith("/body")]
    assert aws.object(bucket, body_key).decode() == CANARY * 200
    assert started.stop() == 0
    assert CANARY not in started.output


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
    # Over three units of work, with the retries of each.
    fault_proxy.answer("PublishBatch", status=429, code="Throttled", times=9)
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
    assert fault_proxy.count("PublishBatch") == 2
    assert aws.keys(bucket) == []


def test_without_the_dead_letter_bucket_nothing_is_committed(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, _ = aws.make_topic()
    program = Program(load_binding(), plain)
    # More than SNS takes, and no offload: only the dead letters would have it.
    program.put(b"x" * 300_000, OUT, Format=b"MQSTR")
    started = start_bridge(
        plain, {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}, dead_letters="no-such-bucket"
    )
    waiting = started.wait_for("route_waiting", route="out")
    assert "no-such-bucket" in waiting["reason"]
    assert started.stop() == 0
    assert plain.depth(OUT) == 1


def test_told_to_stop_in_the_middle_it_finishes_what_is_in_hand(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_topic()
    program = Program(binding, plain)
    for number in range(500):
        program.put(b"%d" % number, OUT, Format=b"MQSTR")
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: plain.depth(OUT) < 500, what="it has begun")
    assert started.stop(within=25) == 0
    left = plain.depth(OUT)
    assert 0 < left < 500
    # Neither lost nor doubled: it stopped between two units of work.
    found = [int(each["Body"]) for each in aws.read_all(subscribed)]
    found += [int(program.get(OUT)[0]) for _ in range(left)]
    assert sorted(found) == list(range(500))


def test_attributes_of_others_become_properties(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    incoming = aws.make_queue()
    started = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    aws.sqs.send_message(
        QueueUrl=incoming,
        MessageBody="from AWS",
        MessageAttributes={
            "colour": {"DataType": "String", "StringValue": "red"},
            "order-id": {"DataType": "Number", "StringValue": "42"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\0\1"},
        },
    )
    eventually(lambda: plain.depth(IN) == 1, what="the message on the MQ queue")
    taking = source(binding, plain, IN)
    taking.connect()
    message = taking.take(1)[0].message
    assert message.body == b"from AWS"
    assert {name: each.value for name, each in message.properties.items()} == {
        "colour": "red",
        "order-id": 42,
        "raw": b"\0\1",
    }
    assert to_cloud(message).attributes["order-id"].value == "42"
    assert started.stop() == 0
