"""PCF commands by IBM's own agent for Java."""

from __future__ import annotations

from typing import Any

import pytest

from mock_mq.constants import Selector
from mock_mq.pcf.numbers import Attribute, ChannelAttribute, Command
from mock_mq.running import RunningQueueManager
from tests.interop.conftest import options_of
from tests.interop.judge import JavaConnection, Judge

NAME = "MADE.BY.JAVA"
Parameter = tuple[int, Any]


@pytest.fixture
def java(judge: Judge, queue_manager: RunningQueueManager) -> JavaConnection:
    return judge.connect("base", **options_of(queue_manager))


def ask(java: JavaConnection, command: int, *parameters: Parameter) -> Any:
    """The answers by parameter, or the reason of a refusal."""
    given = [[int(number), value] for number, value in parameters]
    answer = java("pcf", command=int(command), parameters=given)
    return answer.get("refused", answer.get("answers"))


def test_the_queue_manager_answers_a_ping_and_tells_of_itself(java: JavaConnection) -> None:
    assert ask(java, Command.PING_QUEUE_MANAGER) == [{}]
    (found,) = ask(java, Command.INQUIRE_QUEUE_MANAGER)
    assert found[str(int(Selector.Q_MGR_NAME))] == "QM1"


def test_a_queue_s_life(java: JavaConnection, queue_manager: RunningQueueManager) -> None:
    name = (Selector.Q_NAME, NAME)
    assert ask(java, Command.CREATE_QUEUE, name, (Selector.Q_TYPE, 1), (Selector.MAX_Q_DEPTH, 2)) == [{}]
    queue_manager.put(NAME, "one")
    queue_manager.put(NAME, "two")
    (status,) = ask(java, Command.INQUIRE_QUEUE_STATUS, name)
    assert status[str(int(Selector.CURRENT_Q_DEPTH))] == 2
    assert ask(java, Command.CHANGE_QUEUE, name, (Selector.Q_TYPE, 1), (Selector.INHIBIT_PUT, 1)) == [{}]
    with pytest.raises(Exception, match="2051"):
        queue_manager.put(NAME, "no more")
    wanted = (Attribute.QUEUE_ATTRIBUTES, [int(Selector.INHIBIT_PUT)])
    (found,) = ask(java, Command.INQUIRE_QUEUE, name, wanted)
    assert found[str(int(Selector.INHIBIT_PUT))] == 1
    assert str(int(Selector.MAX_Q_DEPTH)) not in found
    assert ask(java, Command.DELETE_QUEUE, name) == 2055
    assert ask(java, Command.CLEAR_QUEUE, name) == [{}]
    assert ask(java, Command.DELETE_QUEUE, name) == [{}]
    assert ask(java, Command.INQUIRE_QUEUE, name) == 2085


def test_who_is_on_a_channel(java: JavaConnection) -> None:
    (found,) = ask(java, Command.INQUIRE_CHANNEL_STATUS, (ChannelAttribute.NAME, "DEV.*"))
    assert found[str(int(ChannelAttribute.NAME))] == "DEV.APP.SVRCONN"


def test_names_of_queues_are_listed(java: JavaConnection) -> None:
    (found,) = ask(java, Command.INQUIRE_QUEUE_NAMES, (Selector.Q_NAME, "DEV.QUEUE.*"))
    assert [name.strip() for name in found[str(int(Attribute.QUEUE_NAMES))]] == [
        "DEV.QUEUE.1",
        "DEV.QUEUE.2",
        "DEV.QUEUE.3",
    ]
