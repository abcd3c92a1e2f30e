"""Texts that are too large to be held more than once: they are made as they are read."""

from __future__ import annotations

import binascii
import codecs
import io
from collections.abc import Callable, Iterator

from bridge.characters import is_plain, refused

LARGE = 1024 * 1024
"""Bytes of a body. SNS and SQS carry no more than that: what is larger goes through S3, or nowhere."""

_PIECE = 768 * 1024  # of which base64 makes a whole number of groups


class LargeText:
    """A text in UTF-8 that is made when it is read, as often as that is. `len` is its length in bytes."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]], length: int) -> None:
        self.pieces = pieces
        self._length = length

    def __len__(self) -> int:
        return self._length

    def encode(self, _encoding: str = "utf-8") -> LargeText:
        """Itself: whoever wants a text's bytes gets them by reading."""
        return self

    def read(self) -> bytes:
        """All of it; not a copy where it is one piece."""
        return next(self.parts(self._length), b"")

    def parts(self, size: int) -> Iterator[bytes]:
        """All of it in parts of `size` bytes, the last one shorter; a piece that is a part is not copied."""
        held: list[memoryview] = []
        room = size
        for piece in self.pieces():
            if len(piece) == room == size:
                yield piece
                continue
            rest = memoryview(piece)
            while rest:
                held.append(rest[:room])
                rest = rest[room:]
                room -= len(held[-1])
                if not room:
                    yield _joined(held)
                    room = size
        if held:
            yield _joined(held)


def _joined(held: list[memoryview]) -> bytes:
    part = b"".join(held)
    held.clear()
    return part


def in_one_piece(text: bytes) -> LargeText:
    """A text that is there in UTF-8."""
    return LargeText(lambda: iter((text,)), len(text))


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


def as_text(body: bytes, codec: str) -> LargeText | None:
    """A body that is text in `codec`; None where it is not, would come back otherwise, or AWS refuses it."""
    try:
        return _utf_8(body) if is_utf_8(codec) else _decodable(body, codec)
    except UnicodeError:
        return None


def is_utf_8(codec: str) -> bool:
    """Whether what a codec decodes is UTF-8 already: then it comes back the same."""
    return codecs.lookup(codec).name == "utf-8"


def _utf_8(body: bytes) -> LargeText | None:
    if is_plain(body):
        return in_one_piece(body)
    return None if any(map(refused, _checked(body))) else in_one_piece(body)


def _checked(body: bytes) -> Iterator[memoryview]:
    """Pieces of what is UTF-8, cut between characters; raises `UnicodeError` where it is not."""
    if body.isascii():
        yield from _cut(body)
        return
    view, position = memoryview(body), 0
    while position < len(body):
        piece = view[position : position + _PIECE]
        final = position + len(piece) == len(body)
        read = codecs.utf_8_decode(piece, "strict", final)[1]
        yield piece[:read]
        position += read


def _decodable(body: bytes, codec: str) -> LargeText | None:
    encoder = codecs.getincrementalencoder(codec)()
    length = position = 0
    for text in _decoded(body, codec):
        again, piece = encoder.encode(text), text.encode()
        if refused(piece) or body[position : position + len(again)] != again:
            return None
        position += len(again)
        length += len(piece)
    if body[position:] != encoder.encode("", final=True):
        return None
    return LargeText(lambda: (text.encode() for text in _decoded(body, codec)), length)


def transcoded(text: bytes, codec: str) -> bytes:
    """A text in UTF-8 as the codec writes it. Raises `UnicodeError` where it can't or is no UTF-8."""
    if is_utf_8(codec):
        for _ in _checked(text):
            pass  # it raises
        return text
    encoder = codecs.getincrementalencoder(codec)()
    written = io.BytesIO()
    for piece in _decoded(text, "utf-8"):
        written.write(encoder.encode(piece))
    written.write(encoder.encode("", final=True))
    return written.getvalue()


def _decoded(body: bytes, codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)()
    for piece in _cut(body):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _cut(body: bytes) -> Iterator[memoryview]:
    return (memoryview(body)[start : start + _PIECE] for start in range(0, len(body), _PIECE))
