"""What SNS is sent, written once: botocore writes a form anew to sign it, a character at a time.

Half of the time that a PublishBatch takes of a processor goes into that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_PERCENT, _SPACE = 0x25, 0x20
_NAMES_KEPT = 4_096  # ten entries with ten attributes have six hundred, and all requests the same
_MOST = 30
"""Kinds of unsafe bytes up to which it is quicker to replace one kind after the other."""


def write_once(params: dict[str, Any], **_given: Any) -> None:
    """Botocore's `before-call`: gives a request its body as the bytes that are sent."""
    body = params["body"]
    if isinstance(body, dict):
        params["body"] = encoded(body)


def encoded(form: Mapping[str, str]) -> bytes:
    """A form as `urllib.parse.urlencode` writes it."""
    return b"&".join([_name(str(name)) + b"=" + _quoted(str(value)) for name, value in form.items()])


def _quoted(text: str) -> bytes:
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
