"""What the benchmark's messages carry: a serial number of twelve digits, then text as orders have it."""

from __future__ import annotations

DIGITS = 12
_TEXT = (
    b' {"order": "A-7731", "customer": "Mueller & Soehne", "currency": "EUR", "lines": ['
    b'{"article": "4006381333931", "quantity": 12, "price": 7.25, "note": "deliver to gate 3"}, '
    b'{"article": "9780201379624", "quantity": 1, "price": 129.00, "note": "by Friday, 12:00"}]}'
)


class Bodies:
    """Bodies of `size` bytes, each its own by its number."""

    def __init__(self, size: int) -> None:
        self._rest = (_TEXT * (size // len(_TEXT) + 1))[: size - DIGITS]

    def __getitem__(self, serial: int) -> bytes:
        return b"%0*d%s" % (DIGITS, serial, self._rest)


def serial_of(body: bytes | bytearray | memoryview) -> int:
    """The number that a body begins with."""
    return int(bytes(body[:DIGITS]))
