"""Message handles and properties, as the documentation of pymqi and ibmmq uses them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.binding import Binding, load_binding
from mock_mq.client.message_handles import MessageHandle
from mock_mq.errors import MQError
from mock_mq.running import RunningQueueManager
from mock_mq.wire.properties import Property, PropertyType, read, write
from mock_mq.wire.rfh2 import Rfh2
from tests.mock_mq.client.program import QUEUE, Program, refused


class Handling:
    """A program that puts and gets with message handles."""

    def __init__(self, binding: Binding, queue_manager: RunningQueueManager) -> None:
        self.program = Program(binding, queue_manager)
        self.constants: Any = self.program.constants
        self.queue = self.program.open()

    def handle(self) -> Any:
        return self.program.mq.MessageHandle(self.program.connection)

    def put(self, body: bytes, handle: Any, **fields: Any) -> Any:
        md = self.program.mq.MD(**fields)
        pmo = self.program.mq.PMO(Version=3, OriginalMsgHandle=handle.msg_handle)
        self.queue.put(body, md, pmo)
        return md

    def get(self, length: int | None = None, options: int = 0) -> tuple[bytes, Any, Any]:
        handle = self.handle()
        in_handle = self.constants.MQGMO_PROPERTIES_IN_HANDLE | options
        body, md = self.program.get(
            self.queue, in_handle, length=length, Version=4, MsgHandle=handle.msg_handle
        )
        return body, md, handle


@pytest.fixture
def handling(binding: Binding, queue_manager: RunningQueueManager) -> Handling:
    return Handling(binding, queue_manager)


def test_properties_go_with_a_message_and_come_with_it(
    handling: Handling, queue_manager: RunningQueueManager
) -> None:
    handle = handling.handle()
    handle.properties.set(b"colour", "blåu", handling.constants.MQTYPE_STRING)
    handle.properties.set(b"count", 7, handling.constants.MQTYPE_INT32)
    handle.properties.set(b"shop.area.name", "north", handling.constants.MQTYPE_STRING)
    put = handling.put(b"body", handle, Format=b"MQSTR   ", CodedCharSetId=1208)
    assert (put.Format.strip(), put.CodedCharSetId) == (b"MQSTR", 1208)

    (stored,) = queue_manager.browse(QUEUE)
    assert stored.descriptor.format == "MQHRF2"
    header, start = Rfh2.unpack(stored.data, stored.descriptor.encoding)
    assert header.folders == (
        '<usr><colour>blåu</colour><count dt="i4">7</count></usr>',
        "<shop><area><name>north</name></area></shop>",
    )
    assert stored.data[start:] == b"body"

    body, md, got = handling.get()
    assert (body, md.Format.strip(), md.CodedCharSetId) == (b"body", b"MQSTR", 1208)
    assert got.properties.get(b"count") == 7
    colour = got.properties.get(b"usr.colour")
    assert (colour if isinstance(colour, str) else colour.decode()) == "blåu"
    assert got.properties.get(b"shop.area.name") in (b"north", "north")


def test_without_a_handle_properties_stay_in_front_of_the_data(handling: Handling) -> None:
    handle = handling.handle()
    handle.properties.set(b"colour", "blue")
    handling.put(b"body", handle)
    body, md = handling.program.get(handling.queue)
    assert md.Format.strip() == b"MQHRF2"
    assert body.startswith(b"RFH ")
    assert body.endswith(b"body")


def test_a_message_without_properties_leaves_none_in_the_handle(handling: Handling) -> None:
    handling.program.put(handling.queue, b"plain")
    body, _, handle = handling.get()
    assert body == b"plain"
    with refused(handling.program.binding, 2471):
        handle.properties.get(b"colour")


@pytest.mark.parametrize("name", [b"", b"1st", b"has space", b"NOT", b"JMSReserved", b"a..b"])
def test_a_name_that_can_not_be_is_refused_with_2442(handling: Handling, name: bytes) -> None:
    with refused(handling.program.binding, 2442):
        handling.handle().properties.set(name, "value")


def test_a_value_too_long_for_its_room_is_refused_with_2469(handling: Handling) -> None:
    handle = handling.handle()
    handle.properties.set(b"long", "x" * 200)
    with refused(handling.program.binding, 2469):
        handle.properties.get(b"long", max_value_length=100)
    assert handle.properties.get(b"long", max_value_length=200) in (b"x" * 200, "x" * 200)


class TestRoom:
    """The program's buffer is for the data alone, and no message is lost for its properties."""

    def filled(self, handling: Handling, size: int) -> None:
        handle = handling.handle()
        handle.properties.set(b"colour", "b" * 300)
        handling.put(b"0123456789" * (size // 10), handle)

    def test_a_buffer_that_the_data_fits_in_is_enough(
        self, handling: Handling, queue_manager: RunningQueueManager
    ) -> None:
        self.filled(handling, 100)
        body, _, handle = handling.get(length=100)
        assert len(body) == 100
        assert handle.properties.get(b"colour", max_value_length=400) in (b"b" * 300, "b" * 300)
        assert queue_manager.depth(QUEUE) == 0

    @pytest.mark.parametrize("room", [0, 20, 99])
    def test_one_too_small_leaves_the_message(
        self, handling: Handling, queue_manager: RunningQueueManager, room: int
    ) -> None:
        self.filled(handling, 100)
        with refused(handling.program.binding, 2080):
            handling.get(length=room, options=handling.constants.MQGMO_NO_SYNCPOINT)
        assert queue_manager.depth(QUEUE) == 1
        assert len(handling.get(length=1000)[0]) == 100

    def test_a_message_may_be_cut_and_its_properties_are_whole(
        self, handling: Handling, queue_manager: RunningQueueManager
    ) -> None:
        self.filled(handling, 1000)
        with refused(handling.program.binding, 2079) as cut:
            handling.get(length=10, options=handling.constants.MQGMO_ACCEPT_TRUNCATED_MSG)
        assert cut.value.message == b"0123456789"
        assert queue_manager.depth(QUEUE) == 0

    def test_browsing_goes_on_behind_it(self, handling: Handling) -> None:
        for size in (100, 200):
            self.filled(handling, size)
        sizes = [
            len(handling.get(length=length, options=options)[0])
            for length, options in (
                (100, handling.constants.MQGMO_BROWSE_FIRST),
                (200, handling.constants.MQGMO_BROWSE_NEXT),
            )
        ]
        assert sizes == [100, 200]
        with refused(handling.program.binding, 2033):
            handling.get(length=10, options=handling.constants.MQGMO_BROWSE_NEXT)


def test_ibmmq_deletes_properties_and_handles(queue_manager: RunningQueueManager) -> None:
    handling = Handling(load_binding("ibmmq"), queue_manager)
    handle = handling.handle()
    for name in ("a", "b"):
        handle.properties.set(name, "value")
    handle.properties.dlt("a")
    with refused(handling.program.binding, 2471):
        handle.properties.dlt("a")
    number = handle.msg_handle
    handle.dlt()
    with refused(handling.program.binding, 2460):
        handling.queue.put(
            b"", handling.program.mq.MD(), handling.program.mq.PMO(Version=3, OriginalMsgHandle=number)
        )


class TestMessageHandle:
    def test_given_a_pattern_when_inquired_one_after_the_other_then_each_once(self) -> None:
        handle = MessageHandle()
        for name in ("a", "shop.one", "b", "shop.two"):
            handle.set(name, PropertyType.STRING, name)

        def walk(pattern: str) -> list[str]:
            found = [handle.inquire(pattern).name]
            with contextlib.suppress(MQError):
                while True:
                    found.append(handle.inquire(pattern, 8).name)
            return found

        assert walk("%") == ["a", "shop.one", "b", "shop.two"]
        assert walk("usr.%") == ["a", "b"]
        assert walk("shop.%") == ["shop.one", "shop.two"]

    def test_given_a_folder_s_name_when_set_as_a_value_then_2442(self) -> None:
        handle = MessageHandle()
        handle.set("shop.one", PropertyType.STRING, "")
        with pytest.raises(MQError, match="2442"):
            handle.set("shop.one.more", PropertyType.STRING, "")


LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20)
VALUES = st.one_of(
    st.tuples(st.just(PropertyType.STRING), LETTERS),
    st.tuples(st.just(PropertyType.BOOLEAN), st.booleans()),
    st.tuples(st.just(PropertyType.BYTE_STRING), st.binary(max_size=20)),
    st.tuples(st.just(PropertyType.INT64), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(PropertyType.FLOAT64), st.floats(allow_nan=False)),
    st.tuples(st.just(PropertyType.NULL), st.none()),
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,5}(\.[a-z][a-z0-9]{0,3})?", fullmatch=True), VALUES))
def test_given_any_properties_when_written_and_read_then_the_same(
    given: dict[str, tuple[PropertyType, Any]],
) -> None:
    properties = {
        name.removeprefix("usr."): Property(name.removeprefix("usr."), *each) for name, each in given.items()
    }
    assert {each.name: each for each in read(write(properties.values()))} == properties


@pytest.mark.parametrize(
    ("written", "meant"),
    [("&amp;#65;", "&#65;"), ("&#38;lt;", "&lt;"), ("&quot;&apos;", "\"'"), ("&copy;", "&copy;")],
)
def test_a_reference_is_followed_once(written: str, meant: str) -> None:
    (found,) = read((f"<usr><colour>{written}</colour></usr>",))
    assert found.value == meant
