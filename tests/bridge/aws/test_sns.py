"""What is SNS's alone; what both sinks promise is in test_sinks."""

from __future__ import annotations

import pytest

from bridge.aws.session import Clients
from bridge.aws.sns import SnsTopic
from bridge.errors import Away
from bridge.message import Fault, Message
from tests.bridge.aws.test_sinks import KIB, text, texts
from tests.fixtures.aws import ACCOUNT, REGION, Aws
from tests.fixtures.fault_proxy import FaultProxy


def test_a_thousand_messages_of_a_kilobyte_fed_by_tens_are_a_hundred_publish_requests(
    aws: Aws, fault_proxy: FaultProxy
) -> None:
    topic = SnsTopic(Clients(), aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"])
    messages = texts(1000, KIB)
    for start in range(0, 1000, 10):
        topic.connect()
        assert topic.deliver(messages[start : start + 10]) == [None] * 10
    assert len(fault_proxy.requests) == fault_proxy.count("PublishBatch") == 100


def test_a_message_too_large_without_an_offload_is_refused_alone(aws: Aws, fault_proxy: FaultProxy) -> None:
    arn, queue = aws.make_topic()
    outcome = SnsTopic(Clients(), arn).deliver([text("small"), text("x" * 300 * KIB), text("small")])
    assert [rejection.fault if rejection else None for rejection in outcome] == [None, Fault.MESSAGE, None]
    assert len(aws.read_all(queue)) == 2


def test_a_topic_that_is_missing_is_away_slowly_and_named(aws: Aws) -> None:
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:no-such-topic"
    with pytest.raises(Away, match=rf"^sns:{arn}: refused with NotFound.*create it") as raised:
        SnsTopic(Clients(), arn).deliver(texts(2))
    assert raised.value.slowly


def test_bytes_that_are_no_text_and_an_empty_body_are_taken(aws: Aws) -> None:
    arn, queue = aws.make_topic()
    topic = SnsTopic(Clients(), arn)
    assert topic.name == f"sns:{arn}"
    assert topic.deliver([Message(bytes(range(256))), Message(b"")]) == [None, None]
    assert len(aws.read_all(queue)) == 2
