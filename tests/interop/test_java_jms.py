"""IBM MQ classes for JMS (1.1) against mock-mq."""

from __future__ import annotations

import base64
import os

import pytest

from tests.interop.conftest import Reachable, sizes
from tests.interop.judge import Judge, Refused, with_bytes

QUEUE = "DEV.QUEUE.2"


@sizes
def test_bytes_that_are_sent_are_received(judge: Judge, reachable: Reachable, size: int) -> None:
    java = reachable.connect(judge, "jms")
    body = os.urandom(size)
    java("send", queue=QUEUE, body=base64.b64encode(body).decode())
    assert with_bytes(java("receive", queue=QUEUE))["body"] == body
    java("disconnect")


def test_text_and_properties_come_back(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "jms")
    properties = {"colour": "grün", "count": 7, "urgent": True}
    java("send", queue=QUEUE, text="Zażółć", properties=properties, type="order")
    got = java("receive", queue=QUEUE)
    assert got["text"] == "Zażółć"
    assert got["properties"] == properties
    assert got["type"] == "order"


def test_browsing_leaves_the_messages_where_they_are(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "jms")
    for text in ("first", "second"):
        java("send", queue=QUEUE, text=text)
    assert [each["text"] for each in java("browse", queue=QUEUE)["messages"]] == ["first", "second"]
    assert java("receive", queue=QUEUE)["text"] == "first"


def test_a_rolled_back_receive_is_delivered_again_and_says_so(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "jms", transacted=True)
    java("send", queue=QUEUE, text="again")
    java("commit")
    first = java("receive", queue=QUEUE)
    assert (first["deliveries"], first["redelivered"]) == (1, False)
    java("rollback")
    second = java("receive", queue=QUEUE)
    assert (second["text"], second["deliveries"], second["redelivered"]) == ("again", 2, True)
    java("commit")
    assert java("receive", queue=QUEUE, wait=1)["nothing"]


def test_what_is_sent_and_rolled_back_was_never_sent(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "jms", transacted=True)
    java("send", queue=QUEUE, text="never")
    java("rollback")
    assert java("receive", queue=QUEUE, wait=1)["nothing"]


def test_a_wrong_password_gives_2035(judge: Judge, reachable: Reachable) -> None:
    with pytest.raises(Refused) as refused:
        reachable.connect(judge, "jms", password="wrong")
    assert refused.value.reason == 2035


def test_an_unknown_channel_gives_2540(judge: Judge, reachable: Reachable) -> None:
    with pytest.raises(Refused) as refused:
        reachable.connect(judge, "jms", channel="NO.SUCH.CHANNEL")
    assert refused.value.reason == 2540


def test_an_unknown_queue_gives_2085(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "jms")
    with pytest.raises(Refused) as refused:
        java("send", queue="NO.SUCH.QUEUE", text="")
    assert refused.value.reason == 2085
