"""Which characters AWS takes: those that XML 1.0 calls Char."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.characters import is_plain, refused

BLOCK = 4096
"""Bytes that are looked through at once."""
TAKEN = (
    "\t",
    "\n",
    "\r",
    " ",
    "\x7f",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\U00010000",
    "\U0010ffff",
    "\uff01",
    "\ufeff",
)
REFUSED = ("\0", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\ufffe", "\uffff")


def is_taken(character: str) -> bool:
    return (
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )


def test_of_each_character_there_is_aws_takes_those_of_xml() -> None:
    wrong = [each for each in map(chr, range(sys.maxunicode + 1)) if refused(each) is is_taken(each)]
    assert wrong == []


@given(st.text(st.characters(codec="utf-8")))
def test_a_text_is_refused_for_any_character_in_it_however_it_is_given(text: str) -> None:
    expected = not all(map(is_taken, text))
    raw = text.encode()
    assert refused(text) is refused(raw) is refused(memoryview(raw)) is expected
    assert is_plain(raw) is (text.isascii() and not expected)


@pytest.mark.parametrize("before", range(BLOCK - 4, BLOCK + 2))
@pytest.mark.parametrize("behind", [0, 1, BLOCK])
def test_a_character_is_found_wherever_it_lies(before: int, behind: int) -> None:
    for character in REFUSED:
        assert refused("." * before + character + "." * behind)
    for character in TAKEN:
        assert not refused("." * before + character + "." * behind)


def test_no_character_is_seen_beyond_the_end() -> None:
    data = memoryview(b"\xef\xbf\xbe")
    assert [refused(data[:length]) for length in range(4)] == [False, False, False, True]
