"""The characters that SNS and SQS take: those of XML 1.0 (API references: Publish, SendMessage).

They are looked for in UTF-8, where one pass over the bytes says almost all. A regular expression takes ten
times as long.
"""

from __future__ import annotations

_WHITE = b"\t\n\r"
_EF = 0xEF
"""What U+F000 to U+FFFF begin with."""
_TAKEN = bytes(each for each in range(256) if (each >= 0x20 or each in _WHITE) and each != _EF)
_NO_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")  # U+FFFE and U+FFFF


def refused(text: str | bytes) -> bool:
    """Whether AWS refuses a text, which may be given in UTF-8, for a character in it."""
    try:
        raw = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:  # half a surrogate pair
        return True
    doubtful = raw.translate(None, _TAKEN)
    if not doubtful:
        return False
    return bool(doubtful.strip(b"\xef")) or any(each in raw for each in _NO_CHARACTERS)
