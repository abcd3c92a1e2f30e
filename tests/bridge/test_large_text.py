"""Texts made in pieces are what they would be if they were made at once."""

from __future__ import annotations

import base64
import io

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
    assert as_text(overlong, "utf-16", lambda _: True) is None


@given(
    body=st.binary(max_size=60).map(lambda part: part * 50_000),
    sizes=st.lists(st.integers(1, 2_000_000), min_size=1, max_size=5),
)
def test_it_reads_like_a_file(body: bytes, sizes: list[int]) -> None:
    text, file = in_base64(body), io.BytesIO(base64.b64encode(body))
    assert len(text) == len(file.getvalue())
    for size in sizes:
        assert text.read(size) == file.read(size)
        assert text.tell() == file.tell()
    assert text.seek(0, io.SEEK_END) == len(text)
    assert text.read() == b""
    assert text.seek(0) == 0
    assert text.encode().read() == file.getvalue()
    if len(text) > 1:
        with pytest.raises(io.UnsupportedOperation):
            text.seek(1)


def test_what_is_no_utf_8_or_has_no_character_there_is_said_so() -> None:
    with pytest.raises(UnicodeDecodeError):
        transcoded(b"x" * LARGE + b"\xff", "utf-8")
    with pytest.raises(UnicodeEncodeError):
        transcoded("x€".encode() * LARGE, "cp037")
