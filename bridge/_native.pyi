"""What is in C (native/), for Python would take long for it, byte by byte.

Texts are looked at in UTF-8. Long ones keep no other thread waiting.
"""

def refused(text: str | bytes | memoryview, /) -> bool:
    """Whether AWS refuses a text, which may be given in UTF-8, for a character in it."""

def is_plain(text: bytes | memoryview, /) -> bool:
    """Whether bytes are ASCII of which AWS refuses nothing: so most large bodies are, and one look tells."""

def quoted(text: str, /) -> bytes:
    """A text as `urllib.parse.quote_plus` writes it; raises `UnicodeEncodeError` where it has no UTF-8."""
