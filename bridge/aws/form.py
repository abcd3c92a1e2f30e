"""What SNS is sent, written once: botocore makes a dictionary of it, then a form twice, to sign and to send.

Half of the time that a PublishBatch takes of a processor would go into that.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_PERCENT, _SPACE = 0x25, 0x20
_NAMES_KEPT = 4_096  # of attributes and their types: all messages have the same few
_MOST = 30
"""Kinds of unsafe bytes up to which it is quicker to replace one kind after the other."""
_ENTRIES = "PublishBatchRequestEntries"


def keep_entries(params: dict[str, Any], context: dict[str, Any], **_given: Any) -> None:
    """Botocore's `before-parameter-build.sns.PublishBatch`: `write_once` writes the entries."""
    context[_ENTRIES] = params.pop(_ENTRIES)


def write_once(params: dict[str, Any], context: dict[str, Any], **_given: Any) -> None:
    """Botocore's `before-call.sns`: gives a request its body as the bytes that are sent."""
    body = params["body"]
    if isinstance(body, dict):
        params["body"] = b"&".join([*_fields(body), *_entries(context.pop(_ENTRIES, ()))])


def _fields(form: Mapping[str, Any]) -> Iterator[bytes]:
    return (_name(name) + b"=" + _quoted(str(value)) for name, value in form.items())


def _entries(entries: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """As botocore's QuerySerializer has it: lists are numbered, and maps are lists of names and values."""
    for number, entry in enumerate(entries, 1):
        start = b"%s.member.%d." % (_ENTRIES.encode(), number)
        for key, value in entry.items():
            if isinstance(value, str):
                yield start + _name(key) + b"=" + _quoted(value)
            else:
                yield from _attributes(start + _name(key), value)


def _attributes(start: bytes, attributes: Mapping[str, Mapping[str, str | bytes]]) -> Iterator[bytes]:
    for number, (name, parts) in enumerate(attributes.items(), 1):
        entry = b"%s.entry.%d." % (start, number)
        yield entry + b"Name=" + _name(name)
        for key, value in parts.items():
            text = value if isinstance(value, str) else base64.b64encode(value).decode()
            yield b"%sValue.%s=%s" % (entry, _name(key), _name(text) if key == "DataType" else _quoted(text))


def _quoted(text: str) -> bytes:
    """As `urllib.parse.quote_plus` does."""
    raw = text.encode()
    unsafe = set(raw.translate(None, _SAFE))
    if len(unsafe) > _MOST:
        return quote_plus(raw).encode()
    # First what stands for the others, last what is written as one of them.
    if _PERCENT in unsafe:
        raw = raw.replace(b"%", b"%25")
    for each in unsafe - {_PERCENT, _SPACE}:
        raw = raw.replace(bytes((each,)), b"%%%02X" % each)
    return raw.replace(b" ", b"+") if _SPACE in unsafe else raw


_name = lru_cache(_NAMES_KEPT)(_quoted)
