"""What IBM documents of queues and messages, asked for by IBM's classes for Java."""

from __future__ import annotations

from typing import Any

import pytest

from mock_mq.constants import DefinitionType, GetOption, MessageFlag, OpenOption, PutOption, QueueType, Report
from mock_mq.constants import Selector as Attribute
from mock_mq.core import QueueDefinition
from mock_mq.core.definition import Channel
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.interop.conftest import options_of
from tests.interop.judge import JavaConnection, Judge

QUEUE = "DEV.QUEUE.1"
EVERYTHING = int(
    OpenOption.INPUT_SHARED | OpenOption.OUTPUT | OpenOption.BROWSE | OpenOption.INQUIRE | OpenOption.SET
)
MODEL = "SYSTEM.DEFAULT.MODEL.QUEUE"


@pytest.fixture(params=[1, 0], ids=["shared", "alone"])
def queue_manager(
    request: pytest.FixtureRequest, start_queue_manager: StartQueueManager
) -> RunningQueueManager:
    """Over a channel whose conversations are shared, and over one from before there were such."""
    return start_queue_manager(
        channels=(Channel("DEV.APP.SVRCONN", sharing_conversations=request.param),),
        queues=(
            QueueDefinition(QUEUE),
            QueueDefinition("REPLIES"),
            QueueDefinition("OTHER.NAME", QueueType.ALIAS, target=QUEUE),
            QueueDefinition("NOWHERE", QueueType.ALIAS, target="NO.SUCH.QUEUE"),
            QueueDefinition("PERMANENT", QueueType.MODEL, definition_type=DefinitionType.PERMANENT_DYNAMIC),
            QueueDefinition("DEV.DEAD.LETTER.QUEUE"),
        ),
    )


@pytest.fixture
def java(judge: Judge, queue_manager: RunningQueueManager) -> JavaConnection:
    connected = judge.connect("mqi", **options_of(queue_manager))
    connected("open", queue=QUEUE, options=EVERYTHING)
    return connected


def body(text: str) -> str:
    return text.encode().hex()


def text(answer: dict[str, Any]) -> str:
    return bytes.fromhex(answer["body"]).decode()


class TestQueues:
    def test_a_dynamic_queue_has_a_name_of_its_own_and_ends_with_its_maker(
        self, java: JavaConnection, queue_manager: RunningQueueManager
    ) -> None:
        made = java("open", slot="1", queue=MODEL, dynamic="ANSWERS.*", options=EVERYTHING)
        assert made["name"].startswith("ANSWERS.")
        assert len(made["name"]) <= 48
        assert java("put", slot="1", body=body("here"))["reason"] == 0
        assert queue_manager.depth(made["name"]) == 1
        java("close", slot="1")
        assert java("open", slot="1", queue=made["name"], options=EVERYTHING)["reason"] == 2085

    def test_a_permanent_one_stays_until_it_is_deleted(
        self, java: JavaConnection, queue_manager: RunningQueueManager
    ) -> None:
        java("open", slot="1", queue="PERMANENT", dynamic="STAYS", options=EVERYTHING)
        java("put", slot="1", body=body("kept"), persistence=1)
        java("reconnect")
        java("open", slot="1", queue="STAYS", options=EVERYTHING)
        assert java("close", slot="1", options=1)["reason"] == 2055
        assert queue_manager.depth("STAYS") == 1

    def test_request_and_reply(self, java: JavaConnection) -> None:
        name = java("open", slot="1", queue=MODEL, dynamic="ANSWERS.*", options=EVERYTHING)["name"]
        asked = java("put", body=body("question"), type=1, replyTo=name)
        question = java("get")
        assert (question["replyTo"], question["type"]) == (name, 1)
        java("put1", queue=name, body=body("answer"), type=2, correlationId=question["messageId"])
        answer = java("get", slot="1", match=2, correlationId=asked["messageId"])
        assert (text(answer), answer["type"]) == ("answer", 2)

    def test_an_alias_stands_for_its_queue(self, java: JavaConnection) -> None:
        java("open", slot="1", queue="OTHER.NAME", options=EVERYTHING)
        java("put", slot="1", body=body("through"))
        assert text(java("get")) == "through"
        assert java("open", slot="2", queue="NOWHERE", options=EVERYTHING)["reason"] == 2082

    def test_inhibited_by_mqset(self, java: JavaConnection) -> None:
        for which, call, reason in (("put", "put", 2051), ("get", "get", 2016)):
            java("inhibit", which=which, value=1)
            assert java(call, body="")["reason"] == reason
            java("inhibit", which=which, value=0)
        assert java("inquire", selector=int(Attribute.INHIBIT_GET))["value"] == 0


class TestGroups:
    def test_a_group_put_in_logical_order_is_got_in_it(self, java: JavaConnection) -> None:
        order = int(PutOption.LOGICAL_ORDER | PutOption.NO_SYNCPOINT)
        flags = [int(MessageFlag.MSG_IN_GROUP)] * 2 + [int(MessageFlag.LAST_MSG_IN_GROUP)]
        java("put", body=body("alone"))
        put = [java("put", body=body(str(n)), options=order, flags=flag) for n, flag in enumerate(flags)]
        assert [each["sequence"] for each in put] == [1, 2, 3]
        options = int(GetOption.LOGICAL_ORDER | GetOption.ALL_MSGS_AVAILABLE)
        got = [java("get", options=options, match=0) for _ in range(4)]
        assert [text(each) for each in got] == ["alone", "0", "1", "2"]
        assert [each["groupStatus"] for each in got] == [" ", "G", "G", "L"]
        assert len({each["groupId"] for each in got[1:]}) == 1

    def test_a_message_is_got_by_its_group(self, java: JavaConnection) -> None:
        for group in ("aa", "bb"):
            java("put", body=body(group), groupId=group * 24, flags=int(MessageFlag.LAST_MSG_IN_GROUP))
        assert text(java("get", match=4, groupId="bb" * 24)) == "bb"


class TestReports:
    @pytest.mark.parametrize(
        ("report", "feedback"), [(Report.COA_WITH_FULL_DATA, 259), (Report.COD_WITH_FULL_DATA, 260)]
    )
    def test_arrival_and_delivery(self, java: JavaConnection, report: int, feedback: int) -> None:
        java("open", slot="1", queue="REPLIES", options=EVERYTHING)
        put = java("put", body=body("told of"), report=int(report), replyTo="REPLIES", format="MQSTR")
        java("get")
        told = java("get", slot="1")
        assert (told["feedback"], told["type"], text(told)) == (feedback, 4, "told of")
        assert told["correlationId"] == put["messageId"]

    def test_expiration(self, java: JavaConnection) -> None:
        java("open", slot="1", queue="REPLIES", options=EVERYTHING)
        java("put", body=body("late"), expiry=1, report=int(Report.EXPIRATION), replyTo="REPLIES")
        # A wait for another message is long enough for this one.
        other = java("get", options=int(GetOption.WAIT), wait=300, match=1, messageId="ff" * 24)
        assert other["reason"] == 2033
        assert java("get")["reason"] == 2033
        assert java("get", slot="1")["feedback"] == 258


class TestConversion:
    @pytest.mark.parametrize("ccsid", [37, 500, 1047, 819, 1208, 1200])
    def test_text_comes_in_the_ccsid_that_was_asked_for(
        self, java: JavaConnection, queue_manager: RunningQueueManager, ccsid: int
    ) -> None:
        queue_manager.put(QUEUE, "Käse für 5 £")
        options = int(GetOption.CONVERT)
        got = java("get", options=options, ccsid=ccsid)
        assert (got["reason"], got["ccsid"]) == (0, ccsid)
        java("put", **{name: got[name] for name in ("body", "ccsid", "encoding", "format")})
        assert text(java("get", options=options, ccsid=1208)) == "Käse für 5 £"

    def test_what_can_not_be_converted_comes_as_it_is_with_a_warning(self, java: JavaConnection) -> None:
        java("put", body="ff00", ccsid=819)
        got = java("get", options=int(GetOption.CONVERT), ccsid=500)
        assert (got["reason"], got["body"], got["ccsid"]) == (2110, "ff00", 819)


class TestPersistenceAndRestart:
    def test_only_persistent_messages_are_there_after_a_restart(
        self, judge: Judge, java: JavaConnection, queue_manager: RunningQueueManager
    ) -> None:
        for persistence in (0, 1):
            java("put", body=body(str(persistence)), persistence=persistence)
        queue_manager.restart()
        assert java("get")["reason"] == 2009
        again = judge.connect("mqi", **options_of(queue_manager))
        again("open", queue=QUEUE, options=EVERYTHING)
        assert text(again("get")) == "1"
        assert again("get")["reason"] == 2033


def test_puts_that_are_not_waited_for(java: JavaConnection, queue_manager: RunningQueueManager) -> None:
    later = int(PutOption.ASYNC_RESPONSE | PutOption.SYNCPOINT)
    for number in range(200):
        assert java("put", body=body(str(number)), options=later)["reason"] == 0
    assert java("commit")["reason"] == 0
    assert [each.data for each in queue_manager.browse(QUEUE)] == [b"%d" % n for n in range(200)]
