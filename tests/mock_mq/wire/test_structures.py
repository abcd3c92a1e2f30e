from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_mq.wire.fields import ByteOrder, Structure, WireError
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
    VariableString,
)
from tests.mock_mq.wire.strategies import structures

ALL: list[type[Structure]] = [
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
    GetMessageOptions,
    VariableString,
]
ORDERS = list(ByteOrder)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("cls", ALL)
@given(data=st.data())
@settings(max_examples=25)
def test_every_structure_comes_back_as_it_was_sent(
    cls: type[Structure], order: ByteOrder, data: st.DataObject
) -> None:
    value = data.draw(structures(cls))
    packed = value.pack(order)
    assert len(packed) == value.length
    assert cls.unpack(packed + b"more", order) == value


@pytest.mark.parametrize("cls", ALL)
@given(garbage=st.binary(max_size=450), order=st.sampled_from(ORDERS))
@settings(max_examples=50)
def test_garbage_is_a_structure_or_a_wire_error(
    cls: type[Structure], garbage: bytes, order: ByteOrder
) -> None:
    try:
        value = cls.unpack(cls.EYECATCHER + garbage, order)
    except WireError:
        return
    assert value.length <= len(cls.EYECATCHER) + len(garbage)


@pytest.mark.parametrize(
    ("cls", "lengths"),
    [
        (MessageDescriptor, [324, 364]),
        (ObjectDescriptor, [168, 200, 336, 400]),
        (PutMessageOptions, [128, 152, 176]),
        (GetMessageOptions, [72, 80, 100, 112]),
    ],
)
def test_each_version_has_the_length_that_mq_gives_it(cls: type[Structure], lengths: list[int]) -> None:
    made = [len(cls(version).pack(ByteOrder.BIG)) for version in cls.LENGTHS]  # type: ignore[call-arg]
    assert made == lengths
