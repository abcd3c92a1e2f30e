"""Texts that are too large to be held more than once: they are made in pieces, and never whole."""

from __future__ import annotations

import binascii
import codecs
import io
from collections.abc import Callable, Iterator

LARGE = 1024 * 1024
"""Bytes of a body. SNS and SQS carry no more than that: what is larger goes through S3, or nowhere."""

_PIECE = 768 * 1024  # of which base64 makes a whole number of groups


class LargeText:
    """A text in UTF-8 that is made as it is read, as often as that is. `len` is its length in bytes.

    It reads like a file opened in binary mode, which is how boto3 sends it.
    """

    def __init__(self, pieces: Callable[[], Iterator[bytes]], length: int) -> None:
        self.pieces = pieces
        self._length = length
        self._made = pieces()
        self._left = b""
        self._position = 0

    def __len__(self) -> int:
        return self._length

    def encode(self, _encoding: str = "utf-8") -> LargeText:
        """Itself: whoever wants a text's bytes gets them by reading."""
        return self

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end; all that are left where it is negative."""
        if size < 0:
            size = self._length - self._position
        found = io.BytesIO()
        while size > found.tell():
            if not self._left:
                self._left = next(self._made, b"")
                if not self._left:
                    break
            wanted = size - found.tell()
            found.write(self._left[:wanted])
            self._left = self._left[wanted:]
        self._position += found.tell()
        return found.getvalue()

    def tell(self) -> int:
        """How many bytes were read since the start."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to the start, to the end or to where it is; raises `io.UnsupportedOperation` for elsewhere."""
        wanted = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        if wanted == self._position:
            return wanted
        if wanted not in (0, self._length):
            raise io.UnsupportedOperation(f"seek to {wanted}")
        self._made, self._left, self._position = self.pieces() if wanted == 0 else iter(()), b"", wanted
        return wanted


def in_base64(body: bytes) -> LargeText:
    """A body in base64."""

    def pieces() -> Iterator[bytes]:
        for piece in _cut(body):
            yield binascii.b2a_base64(piece, newline=False)

    return LargeText(pieces, (len(body) + 2) // 3 * 4)


def between(before: bytes, text: LargeText, after: bytes) -> LargeText:
    """A text with something before and behind it."""

    def pieces() -> Iterator[bytes]:
        yield before
        yield from text.pieces()
        yield after

    return LargeText(pieces, len(before) + len(text) + len(after))


def as_text(body: bytes, codec: str, taken: Callable[[str], bool]) -> LargeText | None:
    """A body that is text in `codec`; None where it isn't, would not come back the same, or is not `taken`.

    `taken` says so of each piece.
    """
    encoder = codecs.getincrementalencoder(codec)()
    length = position = 0
    try:
        for text in _decoded(body, codec):
            again = encoder.encode(text)
            if not taken(text) or body[position : position + len(again)] != again:
                return None
            position += len(again)
            length += len(text.encode())
        last = encoder.encode("", final=True)
    except UnicodeError:
        return None
    if body[position:] != last:
        return None
    return LargeText(lambda: (text.encode() for text in _decoded(body, codec)), length)


def transcoded(text: bytes, codec: str) -> bytes:
    """A text in UTF-8 as the codec writes it. Raises `UnicodeError` where it can't or is no UTF-8."""
    encoder = codecs.getincrementalencoder(codec)()
    as_it_is = codecs.lookup(codec).name == "utf-8"
    written = io.BytesIO()
    for piece in _decoded(text, "utf-8"):
        if not as_it_is:
            written.write(encoder.encode(piece))
    if as_it_is:
        return text
    written.write(encoder.encode("", final=True))
    return written.getvalue()


def _decoded(body: bytes, codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)()
    for piece in _cut(body):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _cut(body: bytes) -> Iterator[bytes]:
    return (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))
