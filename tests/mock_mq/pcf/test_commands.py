"""PCF commands as Python programs give them: pymqi's and ibmmq's PCFExecute, as their examples do."""

from __future__ import annotations

import getpass
from typing import Any

import pytest

from bridge.binding import Binding
from mock_mq.core.access import Authority, Right
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.mock_mq.client.program import QUEUE, Program, refused

NAME = b"PCF.QUEUE"


class Administrator:
    """A program that administers: commands by name, as the bindings have them."""

    def __init__(self, binding: Binding, queue_manager: RunningQueueManager) -> None:
        self.program = Program(binding, queue_manager)
        self.constants: Any = self.program.constants
        self.pcf: Any = self.program.mq.PCFExecute(self.program.connection, response_wait_interval=5000)

    def ask(self, command: str, **arguments: Any) -> list[dict[int, Any]]:
        named = {
            self.number(name): self.number(value) if isinstance(value, str) else value
            for name, value in arguments.items()
        }
        answers: list[dict[int, Any]] = getattr(self.pcf, command)(named)
        return answers

    def number(self, name: str) -> int:
        for binding_constants in (self.constants, self.program.mq.CMQCFC):
            if hasattr(binding_constants, name):
                return int(getattr(binding_constants, name))
        raise AssertionError(name)


@pytest.fixture
def administrator(binding: Binding, queue_manager: RunningQueueManager) -> Administrator:
    return Administrator(binding, queue_manager)


def test_ping_and_the_queue_manager_s_own_attributes(administrator: Administrator) -> None:
    administrator.ask("MQCMD_PING_Q_MGR")
    (found,) = administrator.ask("MQCMD_INQUIRE_Q_MGR")
    assert found[administrator.number("MQCA_Q_MGR_NAME")].strip() == b"QM1"
    assert found[administrator.number("MQIA_PLATFORM")] == 3


def test_a_queue_s_life_from_creation_to_deletion(
    administrator: Administrator, queue_manager: RunningQueueManager
) -> None:
    ask, number = administrator.ask, administrator.number
    ask("MQCMD_CREATE_Q", MQCA_Q_NAME=NAME, MQIA_Q_TYPE="MQQT_LOCAL", MQIA_MAX_Q_DEPTH=3, MQCA_Q_DESC=b"mine")
    with refused(administrator.program.binding, 4001):
        ask("MQCMD_CREATE_Q", MQCA_Q_NAME=NAME, MQIA_Q_TYPE="MQQT_LOCAL")
    (found,) = ask("MQCMD_INQUIRE_Q", MQCA_Q_NAME=NAME)
    assert found[number("MQIA_MAX_Q_DEPTH")] == 3
    assert found[number("MQCA_Q_DESC")].strip() == b"mine"

    for _ in range(3):
        queue_manager.put(NAME.decode(), "one")
    with pytest.raises(Exception, match="2053"):
        queue_manager.put(NAME.decode(), "one too many")
    ask("MQCMD_CHANGE_Q", MQCA_Q_NAME=NAME, MQIA_Q_TYPE="MQQT_LOCAL", MQIA_MAX_Q_DEPTH=4, MQIA_INHIBIT_GET=1)
    queue_manager.put(NAME.decode(), "no more too many")
    queue = administrator.program.open(NAME.decode())
    with refused(administrator.program.binding, 2016):
        administrator.program.get(queue)
    queue.close()

    (status,) = ask("MQCMD_INQUIRE_Q_STATUS", MQCA_Q_NAME=NAME)
    assert status[number("MQIA_CURRENT_Q_DEPTH")] == 4
    with refused(administrator.program.binding, 2055):
        ask("MQCMD_DELETE_Q", MQCA_Q_NAME=NAME)
    ask("MQCMD_CLEAR_Q", MQCA_Q_NAME=NAME)
    assert queue_manager.depth(NAME.decode()) == 0
    ask("MQCMD_DELETE_Q", MQCA_Q_NAME=NAME)
    with refused(administrator.program.binding, 2085):
        ask("MQCMD_INQUIRE_Q", MQCA_Q_NAME=NAME)


def test_generic_names_give_an_answer_a_queue(administrator: Administrator) -> None:
    found = administrator.ask("MQCMD_INQUIRE_Q", MQCA_Q_NAME=b"DEV.QUEUE.*")
    name = administrator.number("MQCA_Q_NAME")
    assert [each[name].strip() for each in found] == [b"DEV.QUEUE.1", b"DEV.QUEUE.2", b"DEV.QUEUE.3"]


def test_attributes_that_are_asked_for_and_no_others(administrator: Administrator) -> None:
    depth = administrator.number("MQIA_CURRENT_Q_DEPTH")
    (found,) = administrator.ask("MQCMD_INQUIRE_Q", MQCA_Q_NAME=QUEUE.encode(), MQIACF_Q_ATTRS=[depth])
    assert set(found) >= {depth}
    assert len(found) <= 3


def test_a_queue_that_is_open_can_not_be_cleared(administrator: Administrator) -> None:
    queue = administrator.program.open()
    with refused(administrator.program.binding, 4004):
        administrator.ask("MQCMD_CLEAR_Q", MQCA_Q_NAME=QUEUE.encode())
    queue.close()
    administrator.ask("MQCMD_CLEAR_Q", MQCA_Q_NAME=QUEUE.encode())


def test_channels_and_who_is_on_them(administrator: Administrator) -> None:
    number = administrator.number
    found = administrator.ask("MQCMD_INQUIRE_CHANNEL_STATUS", MQCACH_CHANNEL_NAME=b"DEV.*")
    assert [each[number("MQIACH_CHANNEL_STATUS")] for each in found] == [3]
    assert found[0][number("MQCACH_CONNECTION_NAME")].strip().startswith(b"127.0.0.1")
    (channel,) = administrator.ask("MQCMD_INQUIRE_CHANNEL", MQCACH_CHANNEL_NAME=b"DEV.APP.SVRCONN")
    assert channel[number("MQCACH_CHANNEL_NAME")].strip() == b"DEV.APP.SVRCONN"


@pytest.mark.parametrize(
    ("command", "arguments", "reason"),
    [
        ("MQCMD_INQUIRE_Q", {}, 3228),
        ("MQCMD_INQUIRE_Q", {"MQCA_Q_NAME": b"NO.SUCH.QUEUE"}, 2085),
        ("MQCMD_INQUIRE_CHANNEL_STATUS", {"MQCACH_CHANNEL_NAME": b"NONE"}, 3065),
        ("MQCMD_START_CHANNEL", {"MQCACH_CHANNEL_NAME": b"NONE"}, 3007),
        ("MQCMD_DELETE_Q", {"MQCA_Q_NAME": QUEUE.encode(), "MQIA_Q_TYPE": "MQQT_ALIAS"}, 4007),
    ],
)
def test_what_is_wrong_comes_with_its_reason(
    administrator: Administrator, command: str, arguments: dict[str, Any], reason: int
) -> None:
    with refused(administrator.program.binding, reason):
        administrator.ask(command, **arguments)


def test_who_may_not_administer_gets_2035(binding: Binding, start_queue_manager: StartQueueManager) -> None:
    rights = frozenset(set(Right) - {Right.ADMINISTER})
    running = start_queue_manager(authorities=(Authority(getpass.getuser(), "*", rights),))
    with refused(binding, 2035):
        Administrator(binding, running).ask("MQCMD_CLEAR_Q", MQCA_Q_NAME=QUEUE.encode())
