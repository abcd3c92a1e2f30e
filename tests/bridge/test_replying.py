"""Where an answer may go: which address means which destination, and what becomes of one that means none."""

from __future__ import annotations

from functools import partial

import pytest

from bridge.configuration import MqSink, SnsSink, SqsSink
from bridge.message import Fault, Message, Property, Rejection
from bridge.replying import addressed, names
from bridge.requesting import REPLY_TO
from bridge.shaping.choosing import ChoosingSink
from tests.bridge.ends import MemorySink

ARN = "arn:aws:sqs:eu-west-1:123456789012:replies"
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/replies"
LOCAL = "http://127.0.0.1:5000/123456789012/replies"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:replies"
FORMS = ("replies", URL, ARN, LOCAL)
ELSEWHERE = (
    "replies2",
    "replies.fifo",
    ARN.replace("123456789012", "999999999999"),
    ARN.replace("eu-west-1", "us-east-1"),
    URL.replace("123456789012", "999999999999"),
    URL.replace("eu-west-1", "us-east-1"),
    LOCAL.replace("123456789012", "999999999999"),
    TOPIC,
    "",
    "arn:aws:sqs:replies",
    "http://replies",
    "re plies",
)


@pytest.mark.parametrize("own", FORMS)
@pytest.mark.parametrize("address", FORMS)
def test_a_queue_is_meant_by_any_of_its_names(address: str, own: str) -> None:
    assert names(address, SqsSink(sqs=own))


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_other_queue_is(address: str) -> None:
    assert not names(address, SqsSink(sqs=ARN))
    assert not names(address, SqsSink(sqs=URL))


def test_a_topic_is_meant_by_its_arn_alone() -> None:
    assert names(TOPIC, SnsSink(sns=TOPIC))
    for other in ("replies", ARN, TOPIC.replace("eu-west-1", "us-east-1"), TOPIC + ".fifo", ""):
        assert not names(other, SnsSink(sns=TOPIC)), other
    assert not names("REPLIES", MqSink(mq="REPLIES"))


def answer(body: str, address: str | None) -> Message:
    return Message(body.encode(), properties={REPLY_TO: Property(address)} if address else {})


def test_only_what_is_for_it_goes_to_a_destination_and_the_rest_is_refused_with_what_to_do() -> None:
    inner = MemorySink(
        verdict=lambda message, _: Rejection("no", Fault.UNCLEAR) if b"bad" in message.body else None
    )
    topic = MemorySink()
    sink = ChoosingSink(
        [inner, topic], partial(addressed, "quotes", [SqsSink(sqs="replies"), SnsSink(sns=TOPIC)])
    )
    outcomes = sink.deliver(
        [
            answer("one", ARN),
            answer("stray", "others"),
            answer("bad", URL),
            answer("lost", None),
            answer("two", "replies"),
            answer("three", TOPIC),
        ]
    )
    assert [each.body for each in inner.arrived] == [b"one", b"two"]
    assert [each.body for each in topic.arrived] == [b"three"]
    assert outcomes == [
        None,
        Rejection(
            "reply address others is none of route quotes's destinations: add it to `to`", Fault.MESSAGE
        ),
        Rejection("no", Fault.UNCLEAR),
        Rejection("it has no reply address: no request is known that it answers", Fault.MESSAGE),
        None,
        None,
    ]
