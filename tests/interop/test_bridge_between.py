"""IBM's Java client on one side, AWS on the other, the bridge between them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.mapping import to_cloud
from bridge.message import Descriptor, Message, Property
from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.interop.conftest import Reachable, options_of
from tests.interop.judge import Judge
from tests.system.ends import read

OUT, IN = "DEV.QUEUE.1", "DEV.QUEUE.2"
PROPERTIES = {"colour": "grün", "count": 7, "urgent": True}


class Between:
    """A running bridge: OUT goes to SNS (a topic with a queue subscribed) or SQS, and `incoming` to IN."""

    def __init__(
        self, aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, service: str
    ) -> None:
        self._aws = aws
        topic, self.subscribed = aws.make_topic()
        destination = {"sns": topic} if service == "sns" else {"sqs": self.subscribed}
        self.incoming = aws.make_queue()
        self.bridge: RunningBridge = start_bridge(
            queue_manager,
            {"name": "out", "from": {"mq": OUT}, "to": destination},
            {"name": "in", "from": {"sqs": self.incoming, "wait": 1}, "to": {"mq": IN}},
            dead_letters=aws.make_bucket(),
        )

    def arrived(self) -> dict[str, Any]:
        found: list[Any] = []

        def came() -> bool:
            found.extend(self._aws.read_all(self.subscribed))
            return bool(found)

        eventually(came, what="a message from the topic")
        (message,) = found
        return dict(message)

    def send(self, message: Message) -> None:
        cloud = to_cloud(message)
        attributes = {
            name: {"DataType": each.type, "StringValue": each.value}
            for name, each in cloud.attributes.items()
        }
        self._aws.sqs.send_message(
            QueueUrl=self.incoming,
            MessageBody=cloud.inline,
            MessageAttributes=attributes,  # type: ignore[arg-type]
        )


@pytest.fixture(params=["sns", "sqs"])
def between(
    request: pytest.FixtureRequest, aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge
) -> Between:
    return Between(aws, queue_manager, start_bridge, request.param)


@pytest.fixture
def reached(queue_manager: RunningQueueManager) -> Reachable:
    return Reachable(queue_manager, options_of(queue_manager))


def test_what_java_puts_the_bridge_delivers_with_its_properties(
    judge: Judge, reached: Reachable, between: Between
) -> None:
    message_id = reached.connect(judge, "base").put(
        OUT, "Zażółć".encode(), format="MQSTR", ccsid=1208, properties=PROPERTIES
    )
    message = between.arrived()
    assert message["Body"] == "Zażółć"
    attributes = message["MessageAttributes"]
    assert attributes["MQMsgId"]["StringValue"] == message_id
    assert attributes["colour"] == {"DataType": "String", "StringValue": "grün"}
    assert attributes["count"] == {"DataType": "Number", "StringValue": "7"}
    # SNS and SQS have no booleans: it comes in the attribute for whatever does not fit.
    assert "urgent" in json.loads(attributes["MQProperties"]["StringValue"])


def test_what_jms_sends_the_bridge_delivers_with_its_properties(
    judge: Judge, reached: Reachable, between: Between
) -> None:
    reached.connect(judge, "jms")("send", queue=OUT, text="Zażółć", properties=PROPERTIES, type="order")
    message = between.arrived()
    assert message["Body"] == "Zażółć"
    assert message["MessageAttributes"]["colour"]["StringValue"] == "grün"
    assert message["MessageAttributes"]["count"]["StringValue"] == "7"


def test_what_the_bridge_puts_java_and_jms_read_with_its_properties(
    judge: Judge, reached: Reachable, between: Between
) -> None:
    properties = {
        "colour": Property("grün"),
        "count": Property(7, "i4"),
        "urgent": Property(True, "boolean"),
    }
    sent = Message("Zażółć".encode(), Descriptor(format="MQSTR", correlation_id=b"c" * 24), properties)
    between.send(sent)
    got = reached.connect(judge, "base").get(IN, wait=20_000)
    assert got["body"].decode() == "Zażółć"
    assert got["properties"] == PROPERTIES
    assert got["correlationId"] == (b"c" * 24).hex()
    between.send(sent)
    received = reached.connect(judge, "jms")("receive", queue=IN, wait=20_000)
    assert received["text"] == "Zażółć"
    assert received["properties"] == PROPERTIES


def test_a_jms_message_is_the_same_after_going_out_and_coming_in_again(
    judge: Judge, reached: Reachable, between: Between, aws: Aws
) -> None:
    jms = reached.connect(judge, "jms")
    jms("send", queue=OUT, text="there and back", properties=PROPERTIES, type="order")
    message = between.arrived()
    aws.sqs.send_message(
        QueueUrl=between.incoming,
        MessageBody=message["Body"],
        MessageAttributes=message["MessageAttributes"],
    )
    received = jms("receive", queue=IN, wait=20_000)
    assert received["text"] == "there and back"
    assert received["properties"] == PROPERTIES
    assert received["type"] == "order"


def test_a_jms_program_answers_requests_from_sqs_by_either_convention(
    jakarta: Judge,
    reached: Reachable,
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
) -> None:
    requests, replies, addresses = aws.make_queue(), aws.make_queue(), "DEV.QUEUE.3"
    asking = {"mq": IN, "reply_to_queue": OUT, "addresses": addresses}
    start_bridge(
        queue_manager,
        {"name": "requests", "from": {"sqs": requests, "wait": 1}, "to": asking},
        {"name": "replies", "from": {"mq": OUT, "addresses": addresses}, "to": {"sqs": replies}},
        dead_letters=aws.make_bucket(),
    )
    jms = reached.connect(jakarta, "context")
    for correlation, passes in (("one", False), ("two", True)):
        told = {"ReplyTo": replies, "CorrelationId": correlation}
        aws.sqs.send_message(
            QueueUrl=requests,
            MessageBody="question",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in told.items()
            },
        )
        asked = jms("answer", queue=IN, text=f"answer {correlation}", passesCorrelation=passes, wait=20_000)
        assert asked["text"] == "question"
    for answer in read(aws, replies, 2):
        correlation = answer["MessageAttributes"]["CorrelationId"]["StringValue"]
        assert answer["Body"] == f"answer {correlation}"
