"""Texts made in pieces are what they would be if they were made at once."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.large_text import LARGE, LargeText, as_text, in_base64, transcoded
from bridge.mapping import BODY_ENCODING, CloudMessage, from_cloud, to_cloud
from bridge.message import Descriptor, Message
from code_pages.ccsid import CCSIDS, codec

NATIVE = 546  # little-endian integers, as Encoding has it
PARTS = ("a", "ä", "€", "日", "\U0001f600")


def longer_than(size: int, part: str) -> str:
    """A text of more than `size` characters."""
    return f".{part}" * (size // (len(part) + 1) + 1)


def encodable(name: str) -> str:
    """A text of the code page's characters, so long that many a character lies across two pieces."""
    parts = []
    for part in PARTS:
        try:
            if part.encode(name).decode(name) == part:
                parts.append(part)
        except UnicodeError:
            continue
    return longer_than(LARGE, "".join(parts))


@pytest.mark.parametrize("ccsid", CCSIDS)
def test_a_large_text_in_any_code_page_goes_out_as_text_and_comes_back_as_it_was(ccsid: int) -> None:
    name = codec(ccsid, NATIVE)
    assert name
    text = encodable(name)
    message = Message(text.encode(name), Descriptor(format="MQSTR", ccsid=ccsid, encoding=NATIVE))
    cloud = to_cloud(message)
    assert isinstance(cloud.body, LargeText)
    assert BODY_ENCODING not in cloud.attributes
    assert len(cloud.body) == len(text.encode())
    stored = cloud.body.read()
    assert stored == text.encode()
    assert from_cloud(CloudMessage(stored, cloud.attributes), ccsid=1208, format="MQSTR") == message


@pytest.mark.parametrize(
    "spoilt",
    [b"\xff", b"\0", "\ud800".encode("utf-8", "surrogatepass"), b"\xe2\x82"],
    ids=["no UTF-8", "refused by SNS", "half a character", "cut off"],
)
def test_a_large_body_that_is_no_text_goes_out_in_base64_wherever_that_shows(spoilt: bytes) -> None:
    body = longer_than(LARGE, "ä").encode() + spoilt
    cloud = to_cloud(Message(body, Descriptor(format="MQSTR", ccsid=1208)))
    assert cloud.attributes[BODY_ENCODING].value == "base64"
    assert isinstance(cloud.body, LargeText)
    assert cloud.body.read() == base64.b64encode(body)


def test_a_large_body_that_would_not_come_back_the_same_goes_out_in_base64() -> None:
    overlong = b"\xfe\xff" + "x".encode("utf-16-be") * LARGE
    assert as_text(overlong, "utf-16") is None


@given(body=st.binary(max_size=60).map(lambda part: part * 50_000), size=st.integers(100, 2_000_000))
def test_it_is_made_whole_or_in_parts_as_often_as_it_is_read(body: bytes, size: int) -> None:
    text, expected = in_base64(body), base64.b64encode(body)
    assert len(text) == len(expected)
    for _ in range(2):
        parts = list(text.parts(size))
        assert b"".join(parts) == expected
        assert {len(each) for each in parts[:-1]} <= {size}
    assert text.encode().read() == expected


def test_a_text_that_is_there_in_utf_8_is_not_copied() -> None:
    body = longer_than(LARGE, "ä").encode()
    text = as_text(body, "utf-8")
    assert text
    assert text.read() is body


@pytest.mark.parametrize("character", ["\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
@pytest.mark.parametrize("where", ["small", "large", "across two pieces"])
def test_a_character_that_aws_refuses_is_found_in_any_text_and_its_neighbours_are_not(
    character: str, where: str
) -> None:
    before = "" if where == "small" else "x" * (LARGE if where == "large" else 768 * 1024 - 1)
    after = "" if where == "small" else "x" * LARGE
    neighbours = {
        "\x08": "\t",
        "\x0b": "\n",
        "\x1f": "\x20\x7f",
        "\ufffe": "\ufffd\uff00",
        "\uffff": "\uefff",
    }

    def encoding(within: str) -> object:
        message = Message(f"{before}{within}{after}".encode(), Descriptor(format="MQSTR", ccsid=1208))
        return to_cloud(message).attributes.get(BODY_ENCODING)

    assert encoding(character)
    assert not encoding(neighbours[character])


def test_what_is_no_utf_8_or_has_no_character_there_is_said_so() -> None:
    with pytest.raises(UnicodeDecodeError):
        transcoded(b"x" * LARGE + b"\xff", "utf-8")
    with pytest.raises(UnicodeEncodeError):
        transcoded("x€".encode() * LARGE, "cp037")
