"""What a route sets in a message, and what a field of the descriptor can be."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.errors import MappingError
from bridge.message import Descriptor, Message, Property
from bridge.shaping.change import SETTABLE, Change, Value, field_value

MESSAGE = Message(
    b"body",
    Descriptor(message_id=b"m" * 24, priority=4, reply_to_queue="REPLIES"),
    {"a": Property("x"), "n": Property(7, "i8"), "b": Property(b"\1", "bin.hex")},
    source_id="source",
)


def test_values_are_those_before_any_change_and_types_are_kept() -> None:
    change = Change(
        {
            "b": Value("property", "a"),
            "a": Value("property", "b"),
            "n": Value("nothing"),
            "count": Value("property", "n"),
            "origin": Value("constant", "mainframe"),
            "id": Value("field", "MsgId"),
            "priority": Value("field", "Priority"),
            "missing": Value("property", "not there"),
            "none": Value("field", "CorrelId"),
        }
    )
    assert change.made_in(MESSAGE).properties == {
        "a": Property(b"\1", "bin.hex"),
        "b": Property("x"),
        "count": Property(7, "i8"),
        "origin": Property("mainframe"),
        "id": Property("6d" * 24),
        "priority": Property(4, "i4"),
    }


def test_all_else_of_a_message_stays() -> None:
    changed = Change(descriptor={"Priority": Value("constant", "9"), "ReplyToQ": Value("property", "no")})
    found = changed.made_in(MESSAGE)
    assert found.descriptor == Descriptor(message_id=b"m" * 24, priority=9, reply_to_queue="REPLIES")
    assert (found.body, found.properties, found.source_id) == (MESSAGE.body, MESSAGE.properties, "source")


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("CorrelId", "AB" * 24, b"\xab" * 24),
        ("CorrelId", b"\xab" * 24, b"\xab" * 24),
        (
            "MsgId",
            "0e984725-c51c-4bf4-9960-e1c80e27aba0",
            bytes.fromhex("0e984725c51c4bf49960e1c80e27aba0") + bytes(8),
        ),
        ("CorrelId", "ORDER 42", b"ORDER 42" + bytes(16)),
        ("Priority", 9, 9),
        ("Priority", "-1", -1),
        ("Format", "MQHRF2", "MQHRF2"),
    ],
)
def test_a_field_takes_what_programs_write(name: str, given: Any, field: Any) -> None:
    assert field_value(name, given) == field


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("CorrelId", "x" * 25),
        ("CorrelId", "größe"),
        ("CorrelId", ""),
        ("CorrelId", 5),
        ("CorrelId", b"\1"),
        ("Priority", "high"),
        ("Priority", True),
        ("Priority", 1.5),
        ("Priority", 2**31),
        ("Priority", "1" * 5000),
        ("Format", "MQSTRINGS"),
        ("Format", 5),
    ],
)
def test_a_value_that_a_field_has_no_room_for_is_refused_and_not_quoted(name: str, given: Any) -> None:
    with pytest.raises(MappingError) as caught:
        field_value(name, given)
    assert str(caught.value).startswith(f"descriptor {name}: n")
    assert not given or str(given) not in str(caught.value).partition("nor up to")[0]


def test_what_says_how_a_body_is_written_can_not_be_set() -> None:
    assert {"CodedCharSetId", "Encoding"}.isdisjoint(SETTABLE)
