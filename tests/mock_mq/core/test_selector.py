"""Message selectors: SQL's conditions, over header fields and properties, with what is unknown."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_mq.constants import OpenOption
from mock_mq.core import selector
from mock_mq.errors import MQError
from mock_mq.wire.rfh2 import Rfh2
from mock_mq.wire.structures import MessageDescriptor, ObjectDescriptor
from tests.mock_mq.core.house import EVERYTHING, QUEUE, Client, House, refused

PROPERTIES = (
    "<usr><colour>blue</colour><size dt='i4'>12</size><price dt='r8'>2.5</price>"
    "<urgent dt='boolean'>1</urgent><code>50%_off</code><quoted>O'Hara &amp; Sons</quoted></usr>"
)
DATA = Rfh2(273, 1208, "MQSTR", folders=(PROPERTIES,)).pack(273) + b"body"
DESCRIPTOR = MessageDescriptor(
    format="MQHRF2", encoding=273, ccsid=1208, priority=7, persistence=1, correlation_id=b"\x01" * 24
)
WORDS = [
    *"()=<>+-*/,'",
    *("size", "colour", "TRUE", "12", "1.5", "'b%'", "'!'", "\x00", "ü"),
    *("AND", "OR", "NOT", "BETWEEN", "IN", "LIKE", "ESCAPE", "IS", "NULL"),
]


def selects(text: str) -> bool:
    return selector.parse(text)(DESCRIPTOR, DATA)


class TestConditions:
    @pytest.mark.parametrize(
        "text",
        [
            "colour = 'blue'",
            "colour <> 'red' AND size > 10",
            "size = 12.0",
            "size BETWEEN 10 AND 12",
            "size NOT BETWEEN 13 AND 20",
            "colour IN ('red', 'blue')",
            "colour NOT IN ('red', 'green')",
            "colour LIKE 'b%e'",
            "colour LIKE '_lu_'",
            "colour NOT LIKE 'r%'",
            r"code LIKE '50\%\_%' ESCAPE '\'",
            "missing IS NULL",
            "colour IS NOT NULL",
            "urgent = TRUE",
            "urgent",
            "NOT (urgent = FALSE)",
            "price * 2 + 1 = 6",
            "size / 5 = 2",
            "-size < -11",
            "quoted = 'O''Hara & Sons'",
            "JMSPriority > 5 AND JMSDeliveryMode = 'PERSISTENT'",
            f"JMSCorrelationID = 'ID:{'01' * 24}'",
            "Root.MQMD.Priority = 7",
            "missing = 1 OR size = 12",
            "\"colour\" = 'blue'",
            "1.2E1 = size",
        ],
    )
    def test_given_what_is_true_of_it_then_selected(self, text: str) -> None:
        assert selects(text)

    @pytest.mark.parametrize(
        "text",
        [
            "colour = 'Blue'",
            "colour = 12",
            "size = '12'",
            "colour > 'a'",
            "missing = 1",
            "NOT missing = 1",
            "missing <> 1",
            "missing LIKE '%'",
            "missing NOT IN ('a')",
            "missing = 1 AND size = 12",
            "size / 0 = 1",
            "size",
            "1",
            "'true'",
            "colour LIKE 'blu'",
            "colour LIKE 'blue_'",
            "code LIKE '50!%!_x' ESCAPE '!'",
            "urgent = 1",
        ],
    )
    def test_given_what_is_false_or_unknown_then_not(self, text: str) -> None:
        assert not selects(text)

    @pytest.mark.parametrize(
        "text",
        [
            "colour =",
            "= 'blue'",
            "colour 'blue'",
            "(size = 1",
            "size = 1)",
            "colour IN ()",
            "colour IN (1)",
            "colour LIKE blue",
            "size BETWEEN 1",
            "colour IS 'blue'",
            "colour = 'blue",
            "size = 12x",
            "AND",
            "a ; b",
            "colour LIKE 'a' ESCAPE 'ab'",
            "size = 1" + "0" * 5000,
            "(" * 60 + "size" + ")" * 60,
            "x" * 20_000,
        ],
    )
    def test_given_what_is_no_selector_then_2459(self, text: str) -> None:
        with refused(2459):
            selector.parse(text)

    @given(st.lists(st.sampled_from(WORDS), max_size=25))
    @settings(max_examples=500)
    def test_given_any_words_then_a_selector_or_2459(self, words: list[str]) -> None:
        with contextlib.suppress(MQError):
            assert selector.parse(" ".join(words))(DESCRIPTOR, DATA) in (True, False)

    @given(data=st.binary(max_size=120))
    def test_given_any_bytes_for_a_header_then_its_properties_are_unknown_at_worst(self, data: bytes) -> None:
        assert selector.parse("size IS NULL OR size = size")(DESCRIPTOR, b"RFH \0\0\0\2" + data) in (
            True,
            False,
        )


class TestQueue:
    def test_given_a_selector_when_opened_then_only_those_and_the_others_stay(self) -> None:
        house = House()
        house.client().put(DATA, format="MQHRF2", encoding=273)
        house.client().put(b"plain")
        connection = house.connect()
        handle = connection.open(ObjectDescriptor(object_name=QUEUE), EVERYTHING, "colour = 'blue'")
        client = Client.__new__(Client)
        client.connection, client.handle = connection, handle
        assert client.bodies() == [DATA]
        assert house.client().bodies() == [b"plain"]

    def test_given_what_is_no_selector_when_opened_then_2459(self) -> None:
        with refused(2459):
            House().connect().open(ObjectDescriptor(object_name=QUEUE), OpenOption.BROWSE, "colour ==")
