"""X-Ray's trace header, which SQS carries as `AWSTraceHeader`, from a W3C traceparent and back.

The two have the same ids: X-Ray's trace id is W3C's with a version and two hyphens in it. Source: "Tracing
header" and "Sending trace IDs", AWS X-Ray documentation; OpenTelemetry's propagator for X-Ray does the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from bridge.mapping import Attribute

HEADER: Final = "AWSTraceHeader"

_TRACEPARENT = re.compile(r"00-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-([0-9a-f]{2})")
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_PARENT = re.compile(r"[0-9a-f]{16}")


def beside(attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """What a request to SQS says beside a message's attributes; nothing where they have no traceparent."""
    found = attributes.get("traceparent")
    match = _TRACEPARENT.fullmatch(found.value) if found and isinstance(found.value, str) else None
    if match is None:
        return {}
    time, unique, parent, flags = match.groups()
    header = f"Root=1-{time}-{unique};Parent={parent};Sampled={int(flags, 16) & 1}"
    return {"MessageSystemAttributes": {HEADER: {"DataType": "String", "StringValue": header}}}


def to_traceparent(header: str) -> str:
    """The traceparent that a header says; "" where it names no trace or no parent."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    root, parent = _ROOT.fullmatch(parts.get("Root", "")), parts.get("Parent", "")
    if root is None or not _PARENT.fullmatch(parent):
        return ""
    return f"00-{root[1]}{root[2]}-{parent}-0{int(parts.get('Sampled') == '1')}"
