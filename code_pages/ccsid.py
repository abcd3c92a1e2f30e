"""MQ's coded character set ids (CCSID) and Python's names for them.

Only those that Python has a codec for, or code_pages.ebcdic adds one.
Source of the numbers: "Code page conversion", IBM MQ documentation.
"""

from __future__ import annotations

from code_pages import ebcdic

UTF_8 = 1208
_UTF_16 = frozenset({1200, 13488, 17584})  # the last two are its forerunners, two bytes a character
_INTEGER_REVERSED = 0x2  # MQENC_INTEGER_REVERSED

_CODECS = {
    # EBCDIC
    37: "cp037",
    424: "cp424",
    500: "cp500",
    875: "cp875",
    1026: "cp1026",
    1140: "cp1140",
    **{each: ebcdic.name(each) for each in ebcdic.CCSIDS},
    # ASCII and its neighbours
    367: "ascii",
    437: "cp437",
    737: "cp737",
    775: "cp775",
    813: "iso8859_7",
    819: "latin_1",
    850: "cp850",
    852: "cp852",
    855: "cp855",
    857: "cp857",
    858: "cp858",
    860: "cp860",
    861: "cp861",
    862: "cp862",
    863: "cp863",
    864: "cp864",
    865: "cp865",
    866: "cp866",
    869: "cp869",
    874: "cp874",
    878: "koi8_r",
    912: "iso8859_2",
    913: "iso8859_3",
    914: "iso8859_4",
    915: "iso8859_5",
    916: "iso8859_8",
    920: "iso8859_9",
    921: "iso8859_13",
    923: "iso8859_15",
    1089: "iso8859_6",
    1168: "koi8_u",
    1250: "cp1250",
    1251: "cp1251",
    1252: "cp1252",
    1253: "cp1253",
    1254: "cp1254",
    1255: "cp1255",
    1256: "cp1256",
    1257: "cp1257",
    1258: "cp1258",
    5346: "cp1250",
    5347: "cp1251",
    5348: "cp1252",
    5349: "cp1253",
    5350: "cp1254",
    # Far East
    932: "cp932",
    936: "gbk",
    943: "cp932",
    949: "cp949",
    950: "cp950",
    954: "euc_jp",
    970: "euc_kr",
    1383: "gb2312",
    1386: "gbk",
    5488: "gb18030",
    # Unicode
    1201: "utf_16_be",
    1202: "utf_16_le",
    UTF_8: "utf_8",
}


CCSIDS = (*sorted(_UTF_16), *_CODECS)
"""Those that have one."""


def codec(ccsid: int, encoding: int) -> str | None:
    """Python's name for a CCSID, or None; `encoding` (MQMD.Encoding) gives UTF-16 its byte order."""
    if ccsid in _UTF_16:
        return "utf_16_le" if encoding & 0xF == _INTEGER_REVERSED else "utf_16_be"
    return _CODECS.get(ccsid)
