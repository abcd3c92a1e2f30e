"""What SendMessageBatch is asked and answers, which is JSON.

Source: "SendMessageBatch", Amazon SQS API Reference, and the service's description in botocore.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.parsers import ResponseParserError

from bridge.aws import xray

if TYPE_CHECKING:
    from bridge.aws.delivery import Entry
    from bridge.mapping import Attribute

HEADERS: Final = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "AmazonSQS.SendMessageBatch",
    "x-amzn-query-mode": "true",
}
"""With the last, errors have the codes that SQS has had all along."""

_written = json.JSONEncoder(separators=(",", ":")).encode


def asked(queue: str, entries: Mapping[str, Entry], *, traced: bool) -> bytes:
    """The request for a queue (its URL) and entries by their ids.

    With `traced` a traceparent goes in X-Ray's header too.
    """
    told = [
        {
            "Id": name,
            "MessageBody": entry.cloud.inline,
            "MessageAttributes": {
                each: _value(attribute) for each, attribute in entry.cloud.attributes.items()
            },
            **(xray.beside(entry.cloud.attributes) if traced else {}),
            **entry.order,
        }
        for name, entry in entries.items()
    ]
    return _written({"QueueUrl": queue, "Entries": told}).encode("ascii")


def _value(attribute: Attribute) -> dict[str, str]:
    value = attribute.value
    if isinstance(value, str):
        return {"DataType": attribute.type, "StringValue": value}
    return {"DataType": attribute.type, "BinaryValue": base64.b64encode(value).decode("ascii")}


def answer(body: bytes) -> dict[str, list[dict[str, Any]]]:
    """`Successful` and `Failed` of its answer; raises `ResponseParserError` for anything else."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ResponseParserError("no JSON") from None
    if not isinstance(found, dict) or not found.keys() & {"Successful", "Failed"}:
        raise ResponseParserError("no answer of SendMessageBatch's")
    return {name: _entries(found.get(name)) for name in ("Successful", "Failed")}


def _entries(found: Any) -> list[dict[str, Any]]:
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ResponseParserError("no answer of SendMessageBatch's")
    return found
