"""The example messages, each with what its descriptor says; `examples/messages/README.md` tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

_MESSAGES = Path(__file__).parent / "messages"
_TEXT, _BYTES = "MQSTR", ""
_UTF_8, _LATIN_1, _EBCDIC = 1208, 819, 500
MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Example:
    """A message: its name, what it is, MQMD's Format and CodedCharSetId, and the body as it is put."""

    name: str
    description: str
    format: str
    ccsid: int
    body: bytes = field(repr=False)


def catalogue() -> tuple[Example, ...]:
    """All of them."""
    mt103 = _read("mt103.txt")
    return (
        Example("pain.001", "ISO 20022 credit transfer, XML", _TEXT, _UTF_8, _read("pain.001.xml")),
        Example("MT103", "SWIFT customer transfer", _TEXT, _LATIN_1, mt103),
        Example("ORDERS", "EDIFACT purchase order", _TEXT, _LATIN_1, _read("orders.edi")),
        Example("ADT^A01", "HL7 v2 admission", _TEXT, _LATIN_1, _read("adt.hl7")),
        Example("order", "JSON", _TEXT, _UTF_8, _read("order.json")),
        Example(
            "MT103 in EBCDIC", "SWIFT, text in CCSID 500", _TEXT, _EBCDIC, mt103.decode().encode("cp500")
        ),
        Example("policy", "COBOL record, packed decimals", _BYTES, _EBCDIC, policy_record()),
        Example("binary", "1 MB, all byte values", _BYTES, _UTF_8, bytes(range(256)) * (MEGABYTE // 256)),
    )


def policy_record() -> bytes:
    """The record of `policy.cpy`: 64 bytes."""
    return b"".join(
        (
            "DE-0431-88".encode("cp500"),
            "MÜLLER, JOHANNA".ljust(30).encode("cp500"),
            packed_decimal(20261120, digits=8, signed=False),
            packed_decimal(-123_45, digits=11, signed=True),
            (12).to_bytes(2, "big", signed=True),
            "HH01".encode("cp500"),
            bytes(7),
        )
    )


def packed_decimal(value: int, *, digits: int, signed: bool) -> bytes:
    """COBOL's COMP-3: two digits a byte, the last half byte the sign (C plus, D minus, F none)."""
    sign = ("D" if value < 0 else "C") if signed else "F"
    text = f"{abs(value):0{digits}d}{sign}"
    return bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)


def _read(name: str) -> bytes:
    return (_MESSAGES / name).read_bytes()
