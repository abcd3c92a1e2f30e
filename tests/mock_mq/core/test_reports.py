"""Reports: that a message arrived, was got or expired; and the dead-letter queue."""

from __future__ import annotations

import struct

import pytest

from mock_mq.constants import GetOption, PutOption, Report
from mock_mq.core import Definition, QueueDefinition
from tests.mock_mq.core.house import QUEUE, Client, House

REPLIES, DEAD = "REPLIES", "DEV.DEAD.LETTER.QUEUE"
ID, CORRELATION = b"i" * 24, b"c" * 24
QUEUES = (QueueDefinition(QUEUE), QueueDefinition(REPLIES), QueueDefinition(DEAD))


def asks(client: Client, report: int, body: bytes = b"body", **more: object) -> None:
    descriptor = {
        "report": report,
        "reply_to_queue": REPLIES,
        "message_id": ID,
        "correlation_id": CORRELATION,
        "format": "MQSTR",
    }
    client.put(body, **(descriptor | more))  # type: ignore[arg-type]


def house() -> House:
    return House(Definition(queues=QUEUES))


class TestWhen:
    def test_given_coa_when_put_then_at_once_and_cod_once_got(self) -> None:
        at = house()
        client, replies = at.client(), at.client(REPLIES)
        asks(client, Report.COA | Report.COD)
        arrived = replies.get()
        assert (arrived.descriptor.feedback, arrived.descriptor.message_type) == (259, 4)
        assert replies.bodies() == []
        client.get()
        assert replies.get().descriptor.feedback == 260

    def test_given_units_of_work_when_they_end_then_the_reports_go_with_them(self) -> None:
        at = house()
        client, replies = at.client(), at.client(REPLIES)
        for end in (client.connection.back_out, client.connection.commit):
            asks(client, Report.COA, options=PutOption.SYNCPOINT)
            assert replies.bodies() == []
            end()
        assert len(replies.bodies()) == 1
        asked = client.get(GetOption.SYNCPOINT)
        assert asked.data == b"body"
        client.connection.back_out()
        assert replies.bodies() == []

    def test_given_a_message_browsed_then_no_cod(self) -> None:
        at = house()
        client = at.client()
        asks(client, Report.COD)
        client.get(GetOption.BROWSE_FIRST)
        assert at.client(REPLIES).bodies() == []

    def test_given_nobody_got_it_in_time_then_an_expiration_report_of_what_it_was(self) -> None:
        at = house()
        client, replies = at.client(), at.client(REPLIES)
        asks(client, Report.EXPIRATION_WITH_FULL_DATA, expiry=10)
        at.now += 2
        assert client.bodies() == []
        report = replies.get()
        assert (report.descriptor.feedback, report.data, report.descriptor.expiry) == (258, b"body", -1)

    def test_given_no_queue_to_reply_to_then_no_report(self) -> None:
        at = house()
        client = at.client()
        asks(client, Report.COA, reply_to_queue="")
        assert at.client(REPLIES).bodies() == at.client(DEAD).bodies() == []


class TestWhat:
    @pytest.mark.parametrize(
        ("report", "data", "name"),
        [
            (Report.COA, b"", ""),
            (Report.COA_WITH_DATA, b"x" * 100, "MQSTR"),
            (Report.COA_WITH_FULL_DATA, b"x" * 150, "MQSTR"),
        ],
    )
    def test_given_how_much_data_it_asks_for_then_that_much(
        self, report: int, data: bytes, name: str
    ) -> None:
        at = house()
        asks(at.client(), report, b"x" * 150)
        got = at.client(REPLIES).get()
        assert (got.data, got.descriptor.format) == (data, name)

    @pytest.mark.parametrize(
        ("report", "correlation", "same_id"),
        [
            (Report.COA, ID, False),
            (Report.COA | Report.PASS_CORREL_ID, CORRELATION, False),
            (Report.COA | Report.PASS_MSG_ID, ID, True),
        ],
    )
    def test_given_which_ids_it_asks_for_then_those(
        self, report: int, correlation: bytes, same_id: bool
    ) -> None:
        at = house()
        asks(at.client(), report)
        descriptor = at.client(REPLIES).get().descriptor
        assert descriptor.correlation_id == correlation
        assert (descriptor.message_id == ID) is same_id
        assert (descriptor.application_type, descriptor.application_name) == (7, "QM1")
        assert descriptor.report == 0


class TestDeadLetters:
    @pytest.mark.parametrize(("queue", "reason"), [("NO.SUCH.QUEUE", 2085), ("FULL", 2053)])
    def test_given_a_report_that_cannot_be_put_then_a_dead_letter_that_says_why(
        self, queue: str, reason: int
    ) -> None:
        at = House(Definition(queues=(*QUEUES, QueueDefinition("FULL", max_depth=0))))
        asks(at.client(), Report.COA_WITH_FULL_DATA, reply_to_queue=queue, encoding=546, ccsid=819)
        dead = at.client(DEAD).get()
        assert dead.descriptor.format == "MQDEAD"
        eyecatcher, version, why = struct.unpack("<4sii", dead.data[:12])
        assert (eyecatcher, version, why) == (b"DLH ", 1, reason)
        assert bytes(dead.data[12:60]).decode().rstrip() == queue
        assert bytes(dead.data[60:108]).decode().rstrip() == "QM1"
        encoding, ccsid, name = struct.unpack("<ii8s", dead.data[108:124])
        assert (encoding, ccsid, name) == (546, 819, b"MQSTR   ")
        assert dead.data[172:] == b"body"

    def test_given_no_dead_letter_queue_either_then_the_put_goes_on(self) -> None:
        at = House(Definition(queues=QUEUES[:2], dead_letter_queue=""))
        client = at.client()
        asks(client, Report.COA, reply_to_queue="NO.SUCH.QUEUE")
        assert client.bodies() == [b"body"]
