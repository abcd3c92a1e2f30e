"""What the benchmark's messages carry: a serial number of twelve digits, then text as orders have it."""

from __future__ import annotations

DIGITS = 12
_TEXT = (
    b' {"order": "A-7731", "customer": "Mueller & Soehne", "currency": "EUR", "lines": ['
    b'{"article": "4006381333931", "quantity": 12, "price": 7.25, "note": "deliver to gate 3"}, '
    b'{"article": "9780201379624", "quantity": 1, "price": 129.00, "note": "by Friday, 12:00"}]}'
)


MIXED = 0
"""Instead of a size: `SIZES` in turns."""
SIZES = (500, 1_000, 2_000, 4_000, 8_000, 16_000, 64_000, 120_000)
"""Bytes. Ten messages are about what one request may hold, so that both of its limits count."""


class Bodies:
    """Bodies of `size` bytes, or of mixed sizes, each its own by its number."""

    def __init__(self, size: int) -> None:
        sizes = SIZES if size == MIXED else (size,)
        self._rests = [(_TEXT * (each // len(_TEXT) + 1))[: each - DIGITS] for each in sizes]

    def __getitem__(self, serial: int) -> bytes:
        return b"".join(self.halves(serial))

    def halves(self, serial: int) -> tuple[bytes, bytes]:
        """A body's number, and the rest of it, which others have too."""
        return b"%0*d" % (DIGITS, serial), self._rests[serial % len(self._rests)]


def mean(size: int) -> float:
    """Bytes of a body, on average."""
    return sum(SIZES) / len(SIZES) if size == MIXED else size


def serial_of(body: bytes | bytearray | memoryview) -> int:
    """The number that a body begins with."""
    return int(bytes(body[:DIGITS]))
