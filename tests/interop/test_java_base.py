"""IBM MQ classes for Java against mock-mq: they must not be able to tell."""

from __future__ import annotations

import os

import pytest

from tests.interop.conftest import Reachable, sizes
from tests.interop.judge import Judge, Refused

QUEUE = "DEV.QUEUE.1"


@sizes
def test_what_is_put_is_got_byte_for_byte(judge: Judge, reachable: Reachable, size: int) -> None:
    java = reachable.connect(judge, "base")
    body = os.urandom(size)
    message_id = java.put(QUEUE, body)
    got = java.get(QUEUE)
    assert got["body"] == body
    assert got["messageId"] == message_id
    java("disconnect")


def test_browsing_leaves_the_messages_where_they_are(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "base")
    bodies = [b"first", b"second", b"x" * 9000]
    for body in bodies:
        java.put(QUEUE, body, format="MQSTR")
    assert [each["body"] for each in java.browse(QUEUE)] == bodies
    assert java("depth", queue=QUEUE)["depth"] == 3
    assert java.get(QUEUE)["body"] == b"first"


def test_a_put_is_seen_by_others_once_it_is_committed(judge: Judge, reachable: Reachable) -> None:
    sender, other = reachable.connect(judge, "base"), reachable.connect(judge, "base")
    sender.put(QUEUE, b"later", syncpoint=True)
    with pytest.raises(Refused) as refused:
        other.get(QUEUE)
    assert refused.value.reason == 2033
    sender("commit")
    assert other.get(QUEUE)["body"] == b"later"


def test_a_get_that_is_backed_out_comes_again_with_its_count_one_higher(
    judge: Judge, reachable: Reachable
) -> None:
    java = reachable.connect(judge, "base")
    java.put(QUEUE, b"again")
    assert java.get(QUEUE, syncpoint=True)["backoutCount"] == 0
    java("backout")
    assert java.get(QUEUE, syncpoint=True)["backoutCount"] == 1
    java("commit")
    assert java("depth", queue=QUEUE)["depth"] == 0


def test_properties_come_back_with_their_types(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "base")
    properties = {"colour": "green", "count": 7, "urgent": True}
    java.put(QUEUE, b"with properties", format="MQSTR", properties=properties)
    got = java.get(QUEUE)
    assert got["body"] == b"with properties"
    assert got["properties"] == properties


def test_a_wrong_password_gives_2035(judge: Judge, reachable: Reachable) -> None:
    with pytest.raises(Refused) as refused:
        reachable.connect(judge, "base", password="wrong")
    assert refused.value.reason == 2035


def test_an_unknown_channel_gives_2540(judge: Judge, reachable: Reachable) -> None:
    with pytest.raises(Refused) as refused:
        reachable.connect(judge, "base", channel="NO.SUCH.CHANNEL")
    assert refused.value.reason == 2540


def test_another_queue_managers_name_gives_2058(judge: Judge, reachable: Reachable) -> None:
    with pytest.raises(Refused) as refused:
        reachable.connect(judge, "base", queueManager="QM2")
    assert refused.value.reason == 2058


def test_an_unknown_queue_gives_2085(judge: Judge, reachable: Reachable) -> None:
    java = reachable.connect(judge, "base")
    with pytest.raises(Refused) as refused:
        java.put("NO.SUCH.QUEUE", b"")
    assert refused.value.reason == 2085
