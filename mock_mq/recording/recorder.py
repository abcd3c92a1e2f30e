"""What a record is made from: sockets that open and close, and segments both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from mock_mq.wire.fields import Buffer
from mock_mq.wire.segment import SegmentType

_HEADER, _MULTIPLEXED_HEADER = 28, 36
_TYPE_FROM_END = 19  # where a header's type byte stands, before its end
_CREDENTIALS = 24  # bytes of CONAUTH_INFO's own fields: eye-catcher, type, limits and lengths
_PASSWORD_OF_USER = slice(16, 28)  # USERID_DATA's old place for one
Address = tuple[str, int]


class Recorder(Protocol):
    """Takes what happened on a socket, which has a number of its own."""

    def opened(self, number: int, peer: Address, local: Address) -> None:
        """A client has come."""

    def segment(self, number: int, raw: bytes, *, sent: bool) -> None:
        """A segment came from the client, or was sent to it."""

    def closed(self, number: int) -> None:
        """The socket is closed."""


@dataclass(frozen=True, slots=True)
class Recorders:
    """Several records of the same."""

    each: tuple[Recorder, ...]

    def opened(self, number: int, peer: Address, local: Address) -> None:
        """A client has come."""
        for recorder in self.each:
            recorder.opened(number, peer, local)

    def segment(self, number: int, raw: bytes, *, sent: bool) -> None:
        """A segment came, or was sent."""
        for recorder in self.each:
            recorder.segment(number, raw, sent=sent)

    def closed(self, number: int) -> None:
        """The socket is closed."""
        for recorder in self.each:
            recorder.closed(number)


class Cutter:
    """Cuts what a socket brings into segments as they are, and takes passwords out of them."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """The segments that `data` completes. What is no segment ends the cutting."""
        self._buffer += data
        while len(self._buffer) >= 8 and self._buffer.startswith(b"TSH"):
            length = int.from_bytes(self._buffer[4:8], "big")
            if length < _HEADER or len(self._buffer) < length:
                return
            raw = bytes(self._buffer[:length])
            del self._buffer[:length]
            yield without_password(raw)


def without_password(raw: bytes) -> bytes:
    """A segment with asterisks for its password, if it has one."""
    header = _MULTIPLEXED_HEADER if raw.startswith(b"TSHM") else _HEADER
    kind = raw[header - _TYPE_FROM_END] if len(raw) >= header else 0
    if kind == SegmentType.CONAUTH_INFO:
        little = raw[header - _TYPE_FROM_END - 1] == 2
        at = header + 16
        user = int.from_bytes(raw[at : at + 4], "little" if little else "big")
        start = min(len(raw), header + _CREDENTIALS + max(0, user))
        return raw[:start] + b"*" * (len(raw) - start)
    if kind == SegmentType.USERID_DATA:
        start, end = header + _PASSWORD_OF_USER.start, header + _PASSWORD_OF_USER.stop
        return raw[:start] + b" " * (min(len(raw), end) - min(len(raw), start)) + raw[end:]
    return raw


def several(recorders: Iterable[Recorder]) -> Recorder | None:
    """One recorder for all of them; None for none."""
    each = tuple(recorders)
    return Recorders(each) if each else None
