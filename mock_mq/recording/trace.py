"""A line a segment, for people: who, which way, what, and how it was answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from mock_mq.constants import Reason
from mock_mq.recording.recorder import Address
from mock_mq.wire.calls import ApiHeader
from mock_mq.wire.fields import WireError
from mock_mq.wire.segment import LARGEST_SEGMENT, Control, Segment, SegmentReader, SegmentType

_FIRST_CALL = 0x80


class Trace:
    """Writes a line a segment to `stream`. `clock` gives seconds since the epoch.

    `masked` leaves out whatever differs from run to run, times and addresses, so that two runs of the same
    conversation give the same lines.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float], *, masked: bool = False) -> None:
        self._stream = stream
        self._clock = clock
        self._masked = masked

    def opened(self, number: int, peer: Address, local: Address) -> None:
        """A client has come."""
        where = "" if self._masked else f" {peer[0]}:{peer[1]} -> {local[0]}:{local[1]}"
        self._write(number, f"opened{where}")

    def segment(self, number: int, raw: bytes, *, sent: bool) -> None:
        """A segment came, or was sent."""
        arrow = "<-" if sent else "->"
        try:
            (segment,) = SegmentReader(max(LARGEST_SEGMENT, len(raw))).feed(raw)
        except (WireError, ValueError):
            self._write(number, f"{arrow} {len(raw)} bytes that are no segment")
            return
        self._write(number, f"{arrow} {describe(segment)}")

    def closed(self, number: int) -> None:
        """The socket is closed."""
        self._write(number, "closed")

    def _write(self, number: int, what: str) -> None:
        when = "" if self._masked else f"{datetime.fromtimestamp(self._clock(), UTC):%H:%M:%S.%f} "
        self._stream.write(f"{when}[{number}] {what}\n")
        self._stream.flush()


def describe(segment: Segment) -> str:
    """A segment in words: its name, conversation, length, and, of calls, handle and outcome."""
    words = [segment.name]
    if segment.conversation is not None:
        words.append(f"C.R={segment.conversation}.{segment.request}")
    place = segment.control & Control.WHOLE
    if place != Control.WHOLE:
        words.append({Control.FIRST: "first part", Control.LAST: "last part"}.get(place, "next part"))
    if segment.type >= _FIRST_CALL and place & Control.FIRST:
        words += _outcome(segment)
    if segment.type == SegmentType.NOTIFICATION and len(segment.body) >= 16:
        prefix = "big" if segment.order == 1 else "little"
        handle, code, value = (int.from_bytes(segment.body[at : at + 4], prefix) for at in (4, 8, 12))  # type: ignore[arg-type]
        words.append(f"handle={handle} code={code} value={value}")
    words.append(f"{len(segment.body)} bytes")
    return " ".join(words)


def _outcome(segment: Segment) -> list[str]:
    try:
        header = ApiHeader.unpack(segment.body, segment.order)
    except WireError:
        return []
    words = [f"handle={header.handle}"] if header.handle > 0 else []
    if header.reason:
        known = header.reason in Reason._value2member_map_
        name = f" MQRC_{Reason(header.reason).name}" if known else ""
        words.append(f"cc={header.completion} rc={header.reason}{name}")
    return words
