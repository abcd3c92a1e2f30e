"""MQRFH2: the header that carries a message's properties, in front of its data.

As in "MQRFH2" of the IBM MQ documentation: fixed fields, then folders of XML, each with its length in front.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Self

from mock_mq.wire.fields import Buffer, ByteOrder, Char, Int, Structure, WireError

FORMAT = "MQHRF2"
_FIXED = 36
_MAX_FOLDERS = 100


@dataclass(frozen=True)
class _Fixed(Structure, eyecatcher=b"RFH "):
    version: Int = 2
    own_length: Int = _FIXED
    encoding: Int = 273
    ccsid: Int = -2
    format: Annotated[str, Char(8)] = ""
    flags: Int = 0
    name_value_ccsid: Int = 1208


def order_of(encoding: int) -> ByteOrder:
    """The byte order of integers in an MQENC value."""
    return ByteOrder.LITTLE if encoding & 0xF == 2 else ByteOrder.BIG


@dataclass(frozen=True, slots=True)
class Rfh2:
    """The header. `encoding`, `ccsid` and `format` are those of what follows it; the folders' text is XML."""

    encoding: int = 273
    ccsid: int = -2
    format: str = ""
    flags: int = 0
    name_value_ccsid: int = 1208
    folders: tuple[str, ...] = ()

    @classmethod
    def unpack(cls, data: Buffer, encoding: int) -> tuple[Self, int]:
        """The header at the start of `data`, whose integers are written so, and its length in bytes.

        Raises `WireError`.
        """
        order = order_of(encoding)
        fixed = _Fixed.unpack(data, order)
        if fixed.version != 2 or not _FIXED <= fixed.own_length <= len(data):
            raise WireError(f"MQRFH2: version {fixed.version}, {fixed.own_length} bytes of {len(data)}")
        codec = "utf-8" if fixed.name_value_ccsid == 1208 else _WIDE.get((fixed.name_value_ccsid, order))
        if codec is None:
            raise WireError(f"MQRFH2: folders in CCSID {fixed.name_value_ccsid}")
        try:
            folders = tuple(
                part.decode(codec).rstrip(" \0")
                for part in _folders(bytes(data[_FIXED : fixed.own_length]), order)
            )
        except UnicodeDecodeError:
            raise WireError("MQRFH2: a folder that is not in its CCSID") from None
        header = cls(fixed.encoding, fixed.ccsid, fixed.format, fixed.flags, fixed.name_value_ccsid, folders)
        return header, fixed.own_length

    def pack(self, encoding: int) -> bytes:
        """The header with its integers written so; the folders are UTF-8, filled to four bytes."""
        order = order_of(encoding)
        written = b""
        for folder in self.folders:
            text = folder.encode()
            text = text.ljust((len(text) + 3) // 4 * 4)
            written += len(text).to_bytes(4, "little" if order is ByteOrder.LITTLE else "big") + text
        fixed = _Fixed(2, _FIXED + len(written), self.encoding, self.ccsid, self.format, self.flags, 1208)
        return fixed.pack(order) + written


_WIDE = {
    (ccsid, order): "utf-16-le" if order is ByteOrder.LITTLE else "utf-16-be"
    for ccsid in (1200, 13488, 17584)
    for order in ByteOrder
}


def _folders(data: bytes, order: ByteOrder) -> Iterator[bytes]:
    count = 0
    while data:
        length = int.from_bytes(data[:4], "little" if order is ByteOrder.LITTLE else "big", signed=True)
        if len(data) < 4 or not 0 <= length <= len(data) - 4 or (count := count + 1) > _MAX_FOLDERS:
            raise WireError(f"MQRFH2: a folder of {length} bytes where {len(data)} are left")
        yield data[4 : 4 + length]
        data = data[4 + length :]
