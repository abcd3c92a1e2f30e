"""Properties between IBM MQ classes for JMS and the cloud, by way of the bridge's own source and sink."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.binding import Binding
from bridge.mapping import Attribute, CloudMessage, from_cloud, to_cloud
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import sink, source
from tests.interop.conftest import Reachable, options_of
from tests.interop.judge import JavaConnection, Judge

FROM_JMS, TO_JMS = "DEV.QUEUE.1", "DEV.QUEUE.2"

# Names and values that JMS takes, and those that it writes in a way that is not quite XML.
PROPERTIES: dict[str, Any] = {
    "colour": "grün",
    "count": 7,
    "big": 2**40,
    "urgent": True,
    "empty": "",
    "marks": " a <b> & 'c' \"d\" ",
    "lines": "a\r\nb\tc\rd",
    "control": "a\x01b",
    "größe": "XL",
    "名前": "🙂",
    "a$b": "dollar",
    "mqx": "1",
    "xmlx": "2",
    "body": "3",
}


@pytest.fixture
def java(judge: Judge, queue_manager: RunningQueueManager) -> JavaConnection:
    return Reachable(queue_manager, options_of(queue_manager)).connect(judge, "jms")


def taken(binding: Binding, queue_manager: RunningQueueManager) -> CloudMessage:
    opened = source(binding, queue_manager, FROM_JMS)
    opened.connect()
    [delivery] = opened.take(1)
    opened.commit()
    opened.close()
    return to_cloud(delivery.message)


def put(binding: Binding, queue_manager: RunningQueueManager, cloud: CloudMessage) -> None:
    opened = sink(binding, queue_manager, TO_JMS)
    opened.connect()
    assert list(opened.deliver([from_cloud(cloud, ccsid=1208, format="MQSTR")])) == [None]
    opened.close()


def test_given_a_jms_message_when_it_goes_to_the_cloud_and_back_then_jms_sees_the_same(
    java: JavaConnection, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    java("send", queue=FROM_JMS, text="Zażółć", properties=PROPERTIES, type="order")
    cloud = taken(binding, queue_manager)
    assert cloud.body == "Zażółć"
    put(binding, queue_manager, cloud)
    got = java("receive", queue=TO_JMS)
    assert got["text"] == "Zażółć"
    assert got["type"] == "order"
    assert got["properties"] == PROPERTIES


def test_given_a_jms_message_when_it_goes_to_the_cloud_then_its_properties_are_attributes(
    java: JavaConnection, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    java("send", queue=FROM_JMS, text="hello", properties={"colour": "red", "count": 7})
    attributes = taken(binding, queue_manager).attributes
    assert attributes["colour"] == Attribute("String", "red")
    assert attributes["count"] == Attribute("Number", "7")


def test_given_a_message_of_the_cloud_when_it_comes_in_then_its_attributes_are_jms_properties(
    java: JavaConnection, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    attributes = {
        "colour": Attribute("String", "grün & <blau>"),
        "count": Attribute("Number", "7"),
        "big": Attribute("Number", "1099511627776"),
        "ratio": Attribute("Number", "1.5"),
        "trace-id": Attribute("String", "1-2"),
    }
    put(binding, queue_manager, CloudMessage("hello", attributes))
    got = java("receive", queue=TO_JMS)
    assert got["text"] == "hello"
    assert got["properties"] == {
        "colour": "grün & <blau>",
        "count": 7,
        "big": 1099511627776,
        "ratio": 1.5,
        "AWSAttributes": '{"trace-id":["string","text:1-2"]}',
    }
