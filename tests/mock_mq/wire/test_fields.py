from __future__ import annotations

import tracemalloc
import weakref
from dataclasses import dataclass
from typing import Annotated

import pytest

from mock_mq.wire.fields import Byte, ByteOrder, Char, Int, Raw, Structure, WireError
from mock_mq.wire.handshake import UserData
from mock_mq.wire.structures import MessageDescriptor


@dataclass(frozen=True)
class Sample(Structure, eyecatcher=b"SMPL", lengths={1: 14, 2: 20}):
    version: Int = 1
    name: Annotated[str, Char(5)] = ""
    flag: Byte = 0
    token: Annotated[bytes, Raw(6)] = bytes(6)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (ByteOrder.BIG, b"SMPL\0\0\0\2AB   \7\1\2\0\0\0\0"),
        (ByteOrder.LITTLE, b"SMPL\2\0\0\0AB   \7\1\2\0\0\0\0"),
    ],
)
def test_a_structure_is_laid_out_field_by_field_in_the_byte_order_asked_for(
    order: ByteOrder, expected: bytes
) -> None:
    assert Sample(2, "AB", 7, b"\1\2").pack(order) == expected
    assert Sample.unpack(expected, order) == Sample(2, "AB", 7, b"\1\2\0\0\0\0")


def test_a_lower_version_is_shorter_and_leaves_what_follows_it_alone() -> None:
    data = Sample(1, "AB", 7).pack(ByteOrder.BIG)
    assert len(data) == 14
    assert Sample.unpack(data + b"trailing", ByteOrder.BIG) == Sample(1, "AB", 7)


def test_characters_end_at_a_nul_as_they_do_in_c() -> None:
    assert Sample.unpack(b"SMPL\0\0\0\1A\0BC \0", ByteOrder.BIG).name == "A"


@pytest.mark.parametrize(
    "data",
    [b"", b"SMPL", b"SMPL\0\0\0\1AB", b"SMPL\0\0\0\3" + bytes(12), b"LPMS\0\0\0\1" + bytes(12)],
    ids=["nothing", "no version", "cut off", "unknown version", "another structure"],
)
def test_what_is_not_the_structure_is_refused(data: bytes) -> None:
    with pytest.raises(WireError, match="Sample"):
        Sample.unpack(data, ByteOrder.BIG)


@pytest.mark.parametrize(
    "value",
    [Sample(1, "ABCDEF"), Sample(1, "\u20ac"), Sample(2, token=bytes(7)), Sample(1, flag=256), Sample(3)],
    ids=["too many characters", "not ISO 8859-1", "too many bytes", "too large a number", "unknown version"],
)
def test_what_does_not_fit_its_field_is_refused(value: Sample) -> None:
    with pytest.raises(WireError):
        value.pack(ByteOrder.LITTLE)


def test_a_structure_with_other_values_in_some_fields_leaves_the_first_as_it_was() -> None:
    short = Sample.unpack(Sample(1, "AB", 7).pack(ByteOrder.BIG), ByteOrder.BIG)
    assert short.but(version=2, token=b"\1") == Sample(2, "AB", 7, b"\1")
    assert short == Sample(1, "AB", 7)


def test_a_field_that_a_structure_does_not_have_can_not_be_given_a_value() -> None:
    with pytest.raises(TypeError, match="colour"):
        Sample().but(name="AB", colour=1)


def test_a_password_is_forgotten_with_the_structure_it_came_in() -> None:
    raw = UserData("app", "Passw0rd").pack(ByteOrder.BIG)
    first = UserData.unpack(raw, ByteOrder.BIG)
    assert first.password == "Passw0rd"
    assert UserData.unpack(raw, ByteOrder.BIG).password is not first.password
    gone = weakref.ref(first)
    del first
    assert gone() is None


def test_descriptors_that_are_all_different_do_not_pile_up() -> None:
    tracemalloc.start()
    try:
        for number in range(2_000):
            sent = MessageDescriptor(user=f"user{number}", message_id=number.to_bytes(24, "big"))
            assert MessageDescriptor.unpack(sent.pack(ByteOrder.BIG), ByteOrder.BIG) == sent
        grown, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 1_000_000
