"""The example messages are what they claim to be, and the mapping carries each as its reader would expect."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from bridge.mapping import from_cloud, to_cloud
from bridge.message import Descriptor, Message
from examples.catalogue import MEGABYTE, Example, catalogue, packed_decimal

EXAMPLES = {each.name: each for each in catalogue()}
NAMESPACE = {"": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
TEXTS = {name for name, each in EXAMPLES.items() if each.format == "MQSTR"}


def message(example: Example) -> Message:
    return Message(example.body, Descriptor(format=example.format, ccsid=example.ccsid))


def is_iban(text: str) -> bool:
    """ISO 13616: rearranged, letters as numbers from 10, the remainder by 97 is 1."""
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1


def is_gs1_number(text: str) -> bool:
    """GTIN-13 and GLN: digits weighted 1 and 3 in turn, up to the check digit, make a multiple of 10."""
    return len(text) == 13 and sum(int(each) * (3 if i % 2 else 1) for i, each in enumerate(text)) % 10 == 0


def test_every_kind_is_there_once() -> None:
    assert len(EXAMPLES) == len(catalogue()) == 8
    assert sorted(TEXTS) == sorted(["pain.001", "MT103", "ORDERS", "ADT^A01", "order", "MT103 in EBCDIC"])
    assert all(each.description for each in catalogue())


@pytest.mark.parametrize("name", EXAMPLES)
def test_given_an_example_when_it_goes_out_and_back_then_it_is_the_same_and_text_is_text(name: str) -> None:
    cloud = to_cloud(message(EXAMPLES[name]))
    assert ("MQBodyEncoding" not in cloud.attributes) == (name in TEXTS)
    assert from_cloud(cloud, ccsid=1208, format="MQSTR") == message(EXAMPLES[name])


def test_the_ebcdic_text_reads_in_the_cloud_as_the_other_one_does() -> None:
    assert EXAMPLES["MT103 in EBCDIC"].body != EXAMPLES["MT103"].body
    assert to_cloud(message(EXAMPLES["MT103 in EBCDIC"])).body == to_cloud(message(EXAMPLES["MT103"])).body


def test_the_credit_transfer_adds_up_and_its_accounts_have_right_check_digits() -> None:
    root = ET.fromstring(EXAMPLES["pain.001"].body)
    amounts = [Decimal(each.text or "") for each in root.iterfind(".//InstdAmt", NAMESPACE)]
    ibans = [each.text or "" for each in root.iterfind(".//IBAN", NAMESPACE)]
    assert {each.text for each in root.iterfind(".//NbOfTxs", NAMESPACE)} == {str(len(amounts))} == {"2"}
    assert {Decimal(each.text or "") for each in root.iterfind(".//CtrlSum", NAMESPACE)} == {sum(amounts)}
    assert len(ibans) == 3
    assert all(is_iban(each) for each in ibans)


def test_the_mt103_has_its_blocks_and_mandatory_fields_in_lines_that_end_with_cr_lf() -> None:
    text = EXAMPLES["MT103"].body.decode("ascii")
    lines = text.split("\r\n")
    assert "\n" not in "".join(lines)
    assert re.fullmatch(
        r"\{1:F01[A-Z0-9]{12}\d{10}\}\{2:I103[A-Z0-9]{12}N\}\{3:\{121:[-0-9a-f]{36}\}\}\{4:", lines[0]
    )
    assert lines[-1] == "-}"
    tags = [each.split(":")[1] for each in lines if each.startswith(":")]
    assert tags == ["20", "23B", "32A", "33B", "50K", "59", "70", "71A"]
    assert all(is_iban(each) for each in re.findall(r"/([A-Z]{2}\d{2}\w{11,})", text))


def test_the_purchase_order_counts_its_own_segments_and_lines() -> None:
    text = EXAMPLES["ORDERS"].body.decode("latin-1")
    segments = [
        each.strip().split("+") for each in text.removeprefix("UNA:+.? '").strip().split("'") if each.strip()
    ]
    tags = [each[0] for each in segments]
    inside = tags[tags.index("UNH") : tags.index("UNT") + 1]
    assert segments[tags.index("UNT")][1] == str(len(inside))
    assert segments[tags.index("CNT")][1] == f"2:{tags.count('LIN')}"
    assert segments[0][5] == segments[-1][2]  # the interchange's control reference
    numbers = re.findall(r"\b\d{13}\b", text)
    assert len(numbers) == 6
    assert [each for each in numbers if not is_gs1_number(each)] == []


def test_the_admission_s_segments_end_with_cr_alone() -> None:
    body = EXAMPLES["ADT^A01"].body
    assert b"\n" not in body
    assert body.endswith(b"\r")
    assert [each[:3] for each in body.split(b"\r")[:-1]] == [b"MSH", b"EVN", b"PID", b"PV1"]


def test_the_json_order_adds_up() -> None:
    order = json.loads(EXAMPLES["order"].body, parse_float=Decimal)
    assert order["total"] == sum(each["quantity"] * each["price"] for each in order["lines"])
    assert all(is_gs1_number(each["ean"]) for each in order["lines"])
    assert not EXAMPLES["order"].body.isascii()


def test_the_cobol_record_has_the_fields_of_its_copybook() -> None:
    body = EXAMPLES["policy"].body
    assert len(body) == 64
    assert body[:10].decode("cp500") == "DE-0431-88"
    assert body[10:40].decode("cp500").rstrip() == "MÜLLER, JOHANNA"
    assert body[40:45].hex() == "020261120f"
    assert body[45:51].hex() == "00000012345d"
    assert body[51:53] == b"\x00\x0c"
    assert body[53:57].decode("cp500") == "HH01"


@pytest.mark.parametrize(
    ("value", "digits", "signed", "packed"),
    [
        (0, 1, True, "0c"),
        (5, 1, True, "5c"),
        (-5, 2, True, "005d"),
        (12345, 5, False, "12345f"),
        (-1, 11, True, "00000000001d"),
    ],
)
def test_a_packed_decimal_has_two_digits_a_byte_and_its_sign_last(
    value: int, digits: int, signed: bool, packed: str
) -> None:
    assert packed_decimal(value, digits=digits, signed=signed).hex() == packed


def test_the_binary_has_every_byte_value() -> None:
    body = EXAMPLES["binary"].body
    assert len(body) == MEGABYTE
    assert set(body) == set(range(256))


def test_no_body_is_printed() -> None:
    assert "MUELLER" not in repr(EXAMPLES["MT103"])
