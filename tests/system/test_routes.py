"""Routes as their owners run them: real command, mutual TLS, both bindings; what arrives is what was sent."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator

import pytest

from bridge.access import Access
from bridge.binding import Binding
from bridge.credentials import Credentials, from_json
from bridge.key_repository import KeyRepository
from bridge.message import Descriptor, Message, Property
from bridge.mq_connection import MqConnection
from bridge.mq_sink import MqSink
from bridge.mq_source import MqSource
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.bridge.mq_ends import Program, settings, source
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.certificates import Certificates
from tests.system.ends import CANARY, IN, OUT, QUEUES, SMALL, TOPIC, read, send

DESCRIPTOR = Descriptor(
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
PROPERTIES = {f"p{n}": Property(f"{CANARY} {n}") for n in range(12)} | {
    "count": Property(7, "i8"),
    "größe": Property(1.5, "r8"),
}
SMALL_TEXT = Message(f"small {CANARY}".encode("cp500"), DESCRIPTOR, PROPERTIES)
LARGE = Message(b"\0\xff" * 200_000, Descriptor(message_id=b"b" * 24, persistence=0), PROPERTIES)
EMPTY = Message(b"", Descriptor(message_id=b"e" * 24, persistence=0))


@pytest.fixture
def secret(certificates: Certificates) -> str:
    """The credentials that the queue manager asks for, as Secrets Manager keeps them."""
    return json.dumps(
        {
            "certificate": certificates.client_certificate.read_text(),
            "private_key": certificates.client_key.read_text(),
            "ca": certificates.ca.read_text(),
            "user": "bridge",
            "password": CANARY,
        }
    )


@pytest.fixture
def secure(start_queue_manager: StartQueueManager, certificates: Certificates) -> RunningQueueManager:
    """A queue manager that nobody reaches without a certificate and a password."""
    tls = TLS(
        certificates.server_certificate,
        certificates.server_key,
        certificates.ca,
        require_client_certificate=True,
    )
    return start_queue_manager(queues=QUEUES, users={"bridge": CANARY}, tls=tls)


class SecureProgram:
    """A program beside the bridge that reaches the queue manager as the bridge does."""

    def __init__(
        self,
        binding: Binding,
        queue_manager: RunningQueueManager,
        credentials: Credentials,
        keys: KeyRepository,
    ) -> None:
        reaching = settings(queue_manager, cipher_spec="ANY_TLS12_OR_HIGHER")
        self._connection = MqConnection(binding, reaching, Access(credentials, keys))

    def put(self, queue: str, *messages: Message) -> None:
        sink = MqSink(self._connection, queue)
        sink.connect()
        assert sink.deliver(messages) == [None] * len(messages)

    def get(self, queue: str) -> dict[bytes, Message]:
        """What is on the queue, by MsgId."""
        source = MqSource(self._connection, queue, stop=threading.Event(), wait=1.0)
        source.connect()
        taken = source.take(10)
        source.commit()
        return {each.message.descriptor.message_id: each.message for each in taken}

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def program(binding: Binding, secure: RunningQueueManager, secret: str) -> Iterator[SecureProgram]:
    credentials = from_json(secret)
    with KeyRepository(credentials) as keys:
        made = SecureProgram(binding, secure, credentials, keys)
        yield made
        made.close()


def test_a_message_is_the_same_after_going_to_aws_and_coming_back_over_mutual_tls(
    aws: Aws,
    secure: RunningQueueManager,
    secret: str,
    program: SecureProgram,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    between, payloads, bucket = aws.make_queue(), aws.make_bucket(), aws.make_bucket()
    started = start_bridge(
        secure,
        {"name": "there", "from": {"mq": OUT}, "to": {"sqs": between}},
        {"name": "back", "from": {"sqs": between, "wait": 1}, "to": {"mq": IN}},
        dead_letters=bucket,
        binding=binding.name,
        credentials=f"secretsmanager:{aws.make_secret(secret)}",
        offload={"bucket": payloads},
    )
    sent = (SMALL_TEXT, LARGE, EMPTY)
    program.put(OUT, *sent)
    eventually(lambda: secure.depth(IN) == 3, what="all three back")
    eventually(lambda: aws.counts(between) == (0, 0), what="deleted from SQS")
    got = program.get(IN)
    for message in sent:
        back = got[message.descriptor.message_id]
        assert (back.body, dict(back.properties)) == (message.body, dict(message.properties))
        for name in ("correlation_id", "format", "reply_to_queue", "reply_to_queue_manager", "persistence"):
            assert getattr(back.descriptor, name) == getattr(message.descriptor, name), name
    assert got[b"m" * 24].descriptor.ccsid == 500
    assert len(aws.keys(payloads)) == 1, "the large one went through S3"
    assert aws.keys(bucket) == []
    assert started.stop() == 0
    assert CANARY not in started.output


def test_what_goes_to_a_topic_over_mutual_tls_is_there_as_text_and_a_large_body_in_s3(
    aws: Aws,
    secure: RunningQueueManager,
    secret: str,
    program: SecureProgram,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    topic, subscribed = aws.make_topic()
    payloads = aws.make_bucket()
    started = start_bridge(
        secure,
        {"name": "out", "from": {"mq": TOPIC}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
        credentials=f"secretsmanager:{aws.make_secret(secret)}",
        offload={"bucket": payloads},
    )
    program.put(TOPIC, SMALL_TEXT, LARGE)
    arrived = {each["MessageAttributes"]["MQMsgId"]["StringValue"]: each for each in read(aws, subscribed, 2)}
    text = arrived[(b"m" * 24).hex()]
    assert text["Body"] == f"small {CANARY}"
    assert text["MessageAttributes"]["MQCorrelId"]["StringValue"] == (b"c" * 24).hex()
    pointer = arrived[(b"b" * 24).hex()]
    _, place = json.loads(pointer["Body"])
    assert place["s3BucketName"] == payloads
    assert base64.b64decode(aws.object(payloads, place["s3Key"])) == LARGE.body
    assert aws.keys(payloads) == [place["s3Key"]]
    assert started.stop() == 0
    assert secure.depth(TOPIC) == 0
    assert CANARY not in started.output


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
    assert started.stop() == 0
