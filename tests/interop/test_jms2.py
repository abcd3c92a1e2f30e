"""IBM MQ classes for Jakarta Messaging (JMS 2.0 and later) against mock-mq: JMSContext and its listeners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mock_mq.running import RunningQueueManager
from tests.interop.conftest import Reachable, options_of
from tests.interop.judge import JavaConnection, Judge, Refused

QUEUE = "DEV.QUEUE.1"
TRANSACTED, CLIENT_ACKNOWLEDGE = 0, 2
Connect = Callable[..., JavaConnection]


@pytest.fixture
def connect(jakarta: Judge, queue_manager: RunningQueueManager) -> Connect:
    def connected(**options: Any) -> JavaConnection:
        return Reachable(queue_manager, options_of(queue_manager)).connect(jakarta, "context", **options)

    return connected


def test_what_is_sent_is_received_once(connect: Connect) -> None:
    java = connect()
    java("send", queue=QUEUE, text="Zażółć")
    assert java("receive", queue=QUEUE)["text"] == "Zażółć"
    assert java("receiveNoWait", queue=QUEUE)["nothing"]


def test_a_long_text_comes_whole(connect: Connect) -> None:
    java = connect()
    text = "grün " * 200_000
    java("send", queue=QUEUE, text=text)
    assert java("receive", queue=QUEUE, wait=10_000)["text"] == text


def test_messages_come_by_priority_and_then_in_order(connect: Connect) -> None:
    java = connect()
    for text, priority in (("low", 1), ("first", 7), ("second", 7)):
        java("send", queue=QUEUE, text=text, priority=priority)
    assert [java("receive", queue=QUEUE)["text"] for _ in range(3)] == ["first", "second", "low"]


def test_a_listener_hears_what_was_there_and_what_comes(connect: Connect) -> None:
    sender, java = connect(), connect()
    sender("send", queue=QUEUE, text="there")
    java("listen", queue=QUEUE)
    assert java("heard")["text"] == "there"
    for number in range(20):
        sender("send", queue=QUEUE, text=f"comes {number}")
    assert [java("heard")["text"] for _ in range(20)] == [f"comes {number}" for number in range(20)]
    java("disconnect")


def test_a_listener_goes_on_once_gets_are_allowed_again(
    connect: Connect, queue_manager: RunningQueueManager
) -> None:
    sender, java = connect(), connect()
    java("listen", queue=QUEUE)
    queue_manager.ask(lambda core: core.alter(QUEUE, get_inhibited=True))
    sender("send", queue=QUEUE, text="later")
    queue_manager.ask(lambda core: core.alter(QUEUE, get_inhibited=False))
    assert java("heard")["text"] == "later"
    java("disconnect")


def test_gets_that_are_inhibited_are_refused_with_2016(
    connect: Connect, queue_manager: RunningQueueManager
) -> None:
    java = connect()
    queue_manager.ask(lambda core: core.alter(QUEUE, get_inhibited=True))
    with pytest.raises(Refused) as refused:
        java("receive", queue=QUEUE)
    assert refused.value.reason == 2016


def test_a_listener_that_fails_hears_the_message_again(connect: Connect) -> None:
    sender, java = connect(), connect()
    java("listen", queue=QUEUE, fail=1)
    sender("send", queue=QUEUE, text="again")
    first, second = java("heard"), java("heard")
    assert (first["redelivered"], second["redelivered"]) == (False, True)
    assert first["messageId"] == second["messageId"]
    java("disconnect")


def test_what_is_rolled_back_comes_again_and_what_is_committed_does_not(connect: Connect) -> None:
    java = connect(mode=TRANSACTED)
    java("send", queue=QUEUE, text="never")
    java("rollback")
    java("send", queue=QUEUE, text="one")
    java("commit")
    assert java("receive", queue=QUEUE)["text"] == "one"
    java("rollback")
    again = java("receive", queue=QUEUE)
    assert (again["text"], again["redelivered"], again["deliveries"]) == ("one", True, 2)
    java("commit")
    assert java("receiveNoWait", queue=QUEUE)["nothing"]


def test_what_is_not_acknowledged_is_recovered(connect: Connect) -> None:
    java = connect(mode=CLIENT_ACKNOWLEDGE)
    connect()("send", queue=QUEUE, text="kept")
    assert java("receive", queue=QUEUE)["text"] == "kept"
    java("recover")
    assert java("receive", queue=QUEUE)["redelivered"]
    java("acknowledge")
    java("recover")
    assert java("receiveNoWait", queue=QUEUE)["nothing"]


def test_a_selector_chooses_and_leaves_the_others(connect: Connect) -> None:
    java = connect()
    for colour, size in (("red", 1), ("blue", 2), ("blue", 30)):
        java("send", queue=QUEUE, text=f"{colour} {size}", properties={"colour": colour, "size": size})
    chosen = java("receive", queue=QUEUE, selector="colour = 'blue' AND size > 10")
    assert chosen["text"] == "blue 30"
    java("close", queue=QUEUE, selector="colour = 'blue' AND size > 10")
    assert [each["text"] for each in java("browse", queue=QUEUE)["messages"]] == ["red 1", "blue 2"]


def test_a_wrong_selector_is_refused(connect: Connect) -> None:
    java = connect()
    with pytest.raises(Refused) as refused:
        java("receive", queue=QUEUE, selector="colour = = 'blue'")
    assert refused.value.reason == 2459


def test_a_request_is_answered_on_a_temporary_queue_which_goes_with_its_maker(
    connect: Connect, queue_manager: RunningQueueManager
) -> None:
    asking, answering = connect(), connect()
    asked = asking("request", queue=QUEUE, text="how much?")
    answering("answer", queue=QUEUE, text="42")
    reply = asking("replied")
    assert (reply["text"], reply["correlationId"]) == ("42", asked["messageId"])
    before = queue_manager.ask(lambda core: len(core.queue_definitions()))
    asking("disconnect")
    assert queue_manager.ask(lambda core: len(core.queue_definitions())) == before - 1


def test_a_message_that_has_expired_is_not_received(connect: Connect) -> None:
    java = connect()
    java("send", queue=QUEUE, text="short", lives=1)
    java("send", queue=QUEUE, text="long")
    assert java("receive", queue=QUEUE, wait=5000)["text"] in ("short", "long")
    java("receive", queue=QUEUE, wait=500)
    assert java("receiveNoWait", queue=QUEUE)["nothing"]


def test_many_contexts_stand_side_by_side(connect: Connect) -> None:
    contexts = [connect() for _ in range(8)]
    for number, java in enumerate(contexts):
        java("send", queue=QUEUE, text=str(number))
    assert {java("receive", queue=QUEUE)["text"] for java in contexts} == {str(n) for n in range(8)}
    for java in contexts:
        java("disconnect")
