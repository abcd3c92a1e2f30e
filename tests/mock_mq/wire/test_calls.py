"""Calls, the handshake's blocks and SPI: one captured frame of each, both byte orders, and garbage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_mq.wire.calls import (
    ApiHeader,
    Close,
    Get,
    Got,
    Inquire,
    Inquired,
    Open,
    Plain,
    Put,
    Put1,
    string_of,
)
from mock_mq.wire.fields import ByteOrder, WireError
from mock_mq.wire.handshake import Connect, Credentials, InitialData, Status, UserData
from mock_mq.wire.spi import SpiOpen, SpiQueried, SpiQuery, VerbVersions
from mock_mq.wire.structures import ObjectDescriptor, VariableString
from tests.mock_mq.wire.captured import RAW, segment


class Wired(Protocol):
    def pack(self, order: ByteOrder) -> bytes: ...
    @classmethod
    def unpack(cls, data: Any, order: ByteOrder) -> Self: ...


CAPTURED: dict[str, type[Wired]] = {
    "initial-data-17": InitialData,
    "initial-data-12": InitialData,
    "user-data": UserData,
    "credentials": Credentials,
    "status": Status,
    "connect": Connect,
    "open": Open,
    "open-reply": Open,
    "inquire": Inquire,
    "close": Close,
    "spi-query": SpiQuery,
    "spi-open": SpiOpen,
    "spi-open-reply": SpiOpen,
    "put": Put,
    "put-reply": Put,
    "put-rfh2": Put,
    "put1-multiplexed": Put1,
    "commit": Plain,
    "get": Get,
    "get-md1-gmo3": Get,
    "get-reply": Got,
}
ORDERS = list(ByteOrder)


def test_every_captured_frame_is_read_here() -> None:
    assert set(CAPTURED) == set(RAW)


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_body_is_read_and_written_again_alike(name: str) -> None:
    captured = segment(name)
    value = CAPTURED[name].unpack(captured.body, captured.order)
    written = value.pack(captured.order)
    assert _without_padding(written) == _without_padding(captured.body)
    assert len(written) == len(captured.body)


def _without_padding(body: bytes | bytearray | memoryview) -> bytes:
    # The first four bytes are the room to make, IBM's own reckoning; names may end in NULs or in blanks.
    return bytes(body)[4:].replace(b"\0", b" ")


@pytest.mark.parametrize("name", CAPTURED)
@pytest.mark.parametrize("order", ORDERS)
def test_what_was_captured_goes_both_ways_in_both_byte_orders(name: str, order: ByteOrder) -> None:
    captured = segment(name)
    value = CAPTURED[name].unpack(captured.body, captured.order)
    assert type(value).unpack(value.pack(order), order) == value


@pytest.mark.parametrize("name", CAPTURED)
@given(data=st.data())
@settings(max_examples=40)
def test_a_frame_cut_off_or_with_a_byte_changed_gives_only_wire_errors(
    name: str, data: st.DataObject
) -> None:
    captured = segment(name)
    body = bytearray(captured.body)
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = body[: data.draw(st.integers(0, len(body)))]
    for damaged in (body, cut):
        try:
            CAPTURED[name].unpack(damaged, captured.order)
        except WireError:
            continue


def test_the_captured_values_are_where_they_belong() -> None:
    get = Get.unpack(segment("get").body, ByteOrder.BIG)
    assert (get.header.handle, get.options.wait_interval, get.buffer_length) == (6, 2000, 4096)
    put = Put.unpack(segment("put").body, ByteOrder.BIG)
    assert (put.descriptor.format, put.options.options, bytes(put.data)) == ("MQSTR", 2, b"hello fap")
    opened = SpiOpen.unpack(segment("spi-open").body, ByteOrder.BIG)
    assert (opened.descriptor.object_name, opened.options.options) == ("Q1", 0x31)
    connect = Connect.unpack(segment("connect").body, ByteOrder.BIG)
    assert (connect.fields.queue_manager, connect.fields.application) == ("QM1", "T")
    assert connect.options is not None
    first = InitialData.unpack(segment("initial-data-17").body, ByteOrder.BIG)
    assert (first.fap_level, first.channel, first.max_transmission) == (17, "DEV.APP.SVRCONN", 32_748)
    assert Credentials.unpack(segment("credentials").body, ByteOrder.BIG).user == "app"


@pytest.mark.parametrize("order", ORDERS)
def test_replies_that_ibm_s_client_never_sends_go_both_ways_too(order: ByteOrder) -> None:
    inquired = Inquired((31, 2015), (940,), b"QM1".ljust(48), header=ApiHeader(handle=2))
    assert Inquired.unpack(inquired.pack(order), order) == inquired
    queried = SpiQueried(verbs=(VerbVersions(), VerbVersions(verb=1)))
    assert SpiQueried.unpack(queried.pack(order), order) == queried


def test_the_header_tells_the_room_that_the_reply_needs_in_big_endian_always() -> None:
    raw = Inquire((31, 2015), 1, 48).pack(ByteOrder.LITTLE)
    assert int.from_bytes(raw[:4], "big") == 28 + len(raw) + 4 + 48


def test_strings_behind_an_object_descriptor_are_found_and_options_after_them() -> None:
    text = b"colour = 'blue'"
    selection = VariableString(offset=400, string_length=len(text))
    descriptor = ObjectDescriptor(4, object_name="Q1", selection_string=selection)
    call = Open(descriptor, 0x2001, strings=text + b"\0")
    again = Open.unpack(call.pack(ByteOrder.LITTLE), ByteOrder.LITTLE)
    assert again == call
    assert string_of(again.descriptor, again.strings, again.descriptor.selection_string) == text


def test_a_string_said_to_lie_beyond_the_segment_is_refused() -> None:
    far = VariableString(offset=2**31 - 1, string_length=2**31 - 1)
    call = Open(ObjectDescriptor(4, selection_string=far), 1)
    with pytest.raises(WireError):
        Open.unpack(call.pack(ByteOrder.BIG), ByteOrder.BIG)


def test_passwords_are_not_printed() -> None:
    assert "secret" not in repr(Credentials("app", "secret"))
    assert "secret" not in repr(replace(UserData("APP"), password="secret"))


def test_a_message_body_is_not_printed() -> None:
    assert "hello" not in repr(Put.unpack(segment("put").body, ByteOrder.BIG))
    assert "hello" not in repr(segment("put"))


@pytest.mark.parametrize("order", ORDERS)
def test_credentials_that_reach_beyond_their_block_are_refused(order: ByteOrder) -> None:
    raw = bytearray(Credentials("app", "x").pack(order))
    raw[16:20] = (2**31 - 1).to_bytes(4, "big" if order is ByteOrder.BIG else "little")
    with pytest.raises(WireError, match="user of"):
        Credentials.unpack(raw, order)
