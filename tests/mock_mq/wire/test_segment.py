from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_mq.wire.fields import ByteOrder, WireError
from mock_mq.wire.segment import Control, Joiner, Segment, SegmentReader, SegmentType, split
from tests.mock_mq.wire.captured import RAW

ORDERS = list(ByteOrder)
segments = st.builds(
    Segment,
    type=st.integers(0, 255),
    body=st.binary(max_size=200),
    order=st.sampled_from(ORDERS),
    control=st.integers(0, 255),
    encoding=st.integers(0, 2**32 - 1),
    ccsid=st.integers(0, 2**16 - 1),
    conversation=st.none() | st.integers(0, 2**32 - 1),
).map(lambda s: s if s.conversation is None else Segment(s.type, s.body, s.order, conversation=1, request=3))


@given(st.lists(segments, max_size=4), st.data())
def test_segments_come_back_however_the_stream_is_cut(sent: list[Segment], data: st.DataObject) -> None:
    stream = b"".join(each.pack() for each in sent)
    at = data.draw(st.integers(0, len(stream)))
    reader = SegmentReader()
    assert reader.feed(stream[:at]) + reader.feed(stream[at:]) == sent
    assert reader.pending == 0


def test_captured_segments_come_out_whole_and_byte_by_byte() -> None:
    stream = b"".join(RAW.values())
    whole = SegmentReader().feed(stream)
    reader = SegmentReader()
    assert [each for byte in stream for each in reader.feed(bytes([byte]))] == whole
    assert [each.pack() for each in whole] == list(RAW.values())


def test_a_segment_followed_by_half_of_the_next_is_given_out_and_the_half_kept() -> None:
    reader = SegmentReader()
    assert [each.name for each in reader.feed(RAW["commit"] + RAW["put"][:99])] == ["MQCMIT"]
    assert reader.pending == 99
    assert [each.name for each in reader.feed(RAW["put"][99:])] == ["MQPUT"]


def test_a_segment_stays_as_it_came_when_the_memory_it_was_read_into_is_used_again() -> None:
    memory = bytearray(RAW["commit"] + RAW["put"])
    cut = len(RAW["commit"]) + 99
    reader = SegmentReader()
    segments = reader.feed(memoryview(memory)[:cut])
    memory[: len(RAW["put"]) - 99] = RAW["put"][99:]
    segments += reader.feed(memoryview(memory)[: len(RAW["put"]) - 99])
    assert [each.pack() for each in segments] == [RAW["commit"], RAW["put"]]


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"TSHX" + bytes(24), b"\0"])
def test_what_is_not_mq_is_refused_at_once(start: bytes) -> None:
    with pytest.raises(WireError, match="not a segment"):
        SegmentReader().feed(start)


@pytest.mark.parametrize("length", [0, 27, 32_769, 2**31, 2**32 - 1])
def test_an_impossible_length_is_refused_from_its_header_and_costs_no_memory(length: int) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match=str(length)):
            SegmentReader().feed(b"TSH " + length.to_bytes(4, "big"))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_byte_order_that_does_not_exist_is_refused() -> None:
    raw = bytearray(RAW["commit"])
    raw[8] = 3
    with pytest.raises(WireError, match="byte order"):
        SegmentReader().feed(raw)


@given(st.binary(max_size=300))
def test_garbage_behind_a_good_start_gives_only_wire_errors(garbage: bytes) -> None:
    reader = SegmentReader()
    try:
        reader.feed(b"TSH " + garbage)
    except WireError:
        return
    assert reader.pending <= 304


@given(body=st.binary(max_size=500), size=st.integers(60, 200), order=st.sampled_from(ORDERS))
def test_a_body_split_into_segments_is_joined_again(body: bytes, size: int, order: ByteOrder) -> None:
    sent = Segment(SegmentType.MQPUT, b"", order)
    frames = list(split(sent, (body[:7], body[7:]), size))
    assert all(len(frame) <= size for frame in frames)
    joiner = Joiner()
    joined = [joiner.add(each) for each in SegmentReader(size).feed(b"".join(frames))]
    assert joined[:-1] == [None] * (len(frames) - 1)
    assert joined[-1] is not None
    assert (bytes(joined[-1].body), joined[-1].control) == (body, Control.WHOLE)


def test_a_heartbeat_between_the_parts_of_a_body_passes() -> None:
    first, last = split(Segment(SegmentType.MQPUT, b"", ByteOrder.BIG), (bytes(100),), 100)
    heartbeat = Segment(SegmentType.HEARTBEAT, b"", ByteOrder.BIG)
    joiner = Joiner()
    received = SegmentReader().feed(first + heartbeat.pack() + last)
    assert [each and each.name for each in map(joiner.add, received)] == [None, "HEARTBEAT", "MQPUT"]


@pytest.mark.parametrize("control", [0, Control.LAST])
def test_a_part_without_a_first_one_is_refused(control: int) -> None:
    with pytest.raises(WireError, match="out of its place"):
        Joiner().add(Segment(SegmentType.MQPUT, b"x", ByteOrder.BIG, control))


def test_a_second_first_part_is_refused() -> None:
    joiner = Joiner()
    first = Segment(SegmentType.MQPUT, b"x", ByteOrder.BIG, Control.FIRST)
    joiner.add(first)
    with pytest.raises(WireError, match="out of its place"):
        joiner.add(first)


def test_a_part_of_another_type_is_refused() -> None:
    joiner = Joiner()
    joiner.add(Segment(SegmentType.MQPUT, b"x", ByteOrder.BIG, Control.FIRST))
    with pytest.raises(WireError, match="in the middle of MQPUT"):
        joiner.add(Segment(SegmentType.MQGET, b"x", ByteOrder.BIG, Control.LAST))


def test_parts_that_never_end_are_refused_at_the_longest_message() -> None:
    joiner = Joiner(longest_message=1000)
    part = bytes(30_000)
    joiner.add(Segment(SegmentType.MQPUT, part, ByteOrder.BIG, Control.FIRST))
    joiner.add(Segment(SegmentType.MQPUT, part, ByteOrder.BIG, 0))
    with pytest.raises(WireError, match="more than 66536"):
        joiner.add(Segment(SegmentType.MQPUT, part, ByteOrder.BIG, 0))


@pytest.mark.parametrize(
    ("number", "name"), [(0x86, "MQPUT"), (0x96, "MQPUT_REPLY"), (0x09, "HEARTBEAT"), (0x42, "0x42")]
)
def test_a_segment_is_called_by_its_name(number: int, name: str) -> None:
    assert Segment(number, b"", ByteOrder.BIG).name == name
