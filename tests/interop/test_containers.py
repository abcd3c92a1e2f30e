"""Spring's listener container and Camel's JMS component, transacted, over IBM's client, against mock-mq."""

from __future__ import annotations

import pytest

from mock_mq.running import RunningQueueManager
from tests.interop.conftest import Reachable, options_of
from tests.interop.judge import JavaConnection, Judge

FROM, TO = "DEV.QUEUE.1", "DEV.QUEUE.2"


@pytest.fixture
def reach(queue_manager: RunningQueueManager) -> Reachable:
    return Reachable(queue_manager, options_of(queue_manager))


@pytest.fixture
def spring(jakarta: Judge, reach: Reachable) -> JavaConnection:
    return reach.connect(jakarta, "spring")


def test_spring_hears_what_its_template_sends(spring: JavaConnection) -> None:
    spring("listen", queue=FROM)
    for number in range(10):
        spring("send", queue=FROM, text=str(number))
    assert [spring("heard")["text"] for _ in range(10)] == [str(number) for number in range(10)]
    spring("disconnect")


def test_spring_is_given_a_message_again_when_its_listener_fails(
    spring: JavaConnection, queue_manager: RunningQueueManager
) -> None:
    spring("listen", queue=FROM, fail=2)
    spring("send", queue=FROM, text="hard")
    assert [spring("heard")["deliveries"] for _ in range(3)] == [1, 2, 3]
    spring("disconnect")
    assert queue_manager.depth(FROM) == 0


def test_several_consumers_of_spring_share_a_queue(
    spring: JavaConnection, queue_manager: RunningQueueManager
) -> None:
    spring("listen", queue=FROM, consumers=3)
    for number in range(30):
        spring("send", queue=FROM, text=str(number))
    assert {spring("heard")["text"] for _ in range(30)} == {str(number) for number in range(30)}
    spring("disconnect")
    assert queue_manager.depth(FROM) == 0


def test_camel_moves_a_message_once_although_its_route_fails_at_first(
    jakarta: Judge, reach: Reachable, queue_manager: RunningQueueManager
) -> None:
    sender = reach.connect(jakarta, "context")
    camel = reach.connect(jakarta, "camel")
    camel("route", **{"from": FROM, "to": TO, "fail": 1})
    sender("send", queue=FROM, text="moved")
    assert [camel("heard", wait=20_000)["deliveries"] for _ in range(2)] == [1, 2]
    assert sender("receive", queue=TO, wait=10_000)["text"] == "moved"
    camel("disconnect")
    assert (queue_manager.depth(FROM), queue_manager.depth(TO)) == (0, 0)
