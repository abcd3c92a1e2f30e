"""Segments that IBM's own Java client sent (and a few answers it accepted), one of each kind."""

from __future__ import annotations

from pathlib import Path

from mock_mq.wire.segment import Segment, SegmentReader

RAW = {
    name: bytes.fromhex(digits)
    for name, digits in (
        line.split() for line in Path(__file__).with_name("frames.txt").read_text("ascii").splitlines()
    )
}


def segment(name: str) -> Segment:
    (only,) = SegmentReader().feed(RAW[name])
    return only
