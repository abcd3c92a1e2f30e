"""The EBCDIC code pages of western Europe that Python has no codec for, or one that errs.

Each holds the 256 characters of CCSID 37 (with its euro sign, of 1140) in an order of its own, so that it is
told by what differs. Importing this module makes them known to Python under the names that `name` gives.
Source: compared, character by character, with the tables of two other systems that convert text. Of the two
characters for a new line 0x25 is LF and 0x15 is NEL, as everywhere in Python.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PREFIX = "mq_ebcdic_"

# CCSID: the code points that differ from CCSID 37, and their characters.
_DIFFERENCES = {
    273: ("434a4f595a5f636a7ca1b0b5babbc0ccd0dce0ecfc", "{Ä!~Ü^[ö§ß¢@¬|ä¦ü}Ö\\]"),
    277: ("474a4f5a5b5f676a707b7c809c9e9fa1b0babbc0d0dc", "}#!¤Å^$ø¦ÆØ@{[]ü¢¬|æå~"),
    278: ("43474a4f515a5b5f63676a71797b7c9fa1b0b5babbc0ccd0dce0ec", "{}§!`¤Å^#$ö\\éÄÖ]ü¢[¬|ä¦å~É@"),
    280: ("44484a4f5154585a5f6a797b7c90a1b0b1b5babbc0cdd0dde0", "{\\°!]}~é^òù£§[ì¢#@¬|à¦è`ç"),
    284: ("494a5a696a7ba1b0babbbd", "¦[]#ñÑ¨¢^!~"),
    285: ("4a5ba1b0b1babc", "$£¯¢[^~"),
    297: ("44484a4f51545a5f6a797b7c90a0a1b0b1b5babbbdc0d0dde0", "@\\°!{}§^ùµ£à[`¨¢#]¬|~éè¦ç"),
    500: ("4a4f5a5fb0babb", "[!]^¢¬|"),
    871: ("4a4f5a5f797c8c8e9c9ea1acaeb0babbbec0ccd0e0ec", "Þ!ÆÖðÐ`{}]ö@[¢¬|\\þ~æ\xb4^"),
    1047: ("5fadb0babbbd", "^[¬Ý¨]"),
}
# With a euro sign where the first has the currency sign.
_WITH_EURO = {
    1141: 273,
    1142: 277,
    1143: 278,
    1144: 280,
    1145: 284,
    1146: 285,
    1147: 297,
    1148: 500,
    1149: 871,
}
CCSIDS = tuple(ccsid for ccsid in (*_DIFFERENCES, *_WITH_EURO) if ccsid != 500)  # Python has 500


def name(ccsid: int) -> str:
    """Python's name for one of `CCSIDS`, as `bytes.decode` and `str.encode` take it."""
    return f"{_PREFIX}{ccsid}"


def _characters(ccsid: int) -> str:
    if ccsid in _WITH_EURO:
        return _characters(_WITH_EURO[ccsid]).replace("¤", "€")
    characters = list(bytes(range(256)).decode("cp037"))
    points, theirs = _DIFFERENCES[ccsid]
    for point, character in zip(bytes.fromhex(points), theirs, strict=True):
        characters[point] = character
    return "".join(characters)


def _find(wanted: str) -> codecs.CodecInfo | None:
    """What Python asks with a name it doesn't know; it keeps the answer."""
    number = wanted.removeprefix(_PREFIX)
    if number == wanted or not number.isdecimal() or int(number) not in CCSIDS:
        return None
    decoding = _characters(int(number))
    encoding = codecs.charmap_build(decoding)

    class Encoder(codecs.IncrementalEncoder):
        def encode(self, text: str, final: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002 - codecs' own
            return codecs.charmap_encode(text, self.errors, encoding)[0]

    class Decoder(codecs.IncrementalDecoder):
        def decode(self, data: ReadableBuffer, final: bool = False) -> str:  # noqa: ARG002, FBT001, FBT002
            return codecs.charmap_decode(data, self.errors, decoding)[0]

    return codecs.CodecInfo(
        lambda text, errors="strict": codecs.charmap_encode(text, errors, encoding),
        lambda data, errors="strict": codecs.charmap_decode(data, errors, decoding),
        incrementalencoder=Encoder,
        incrementaldecoder=Decoder,
        name=wanted,
    )


codecs.register(_find)
