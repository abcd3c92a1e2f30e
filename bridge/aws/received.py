"""What ReceiveMessage tells of a message. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from bridge.mapping import Attribute, CloudMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


def receives(raw: MessageTypeDef) -> int:
    """How often the message was received, this time counted; approximate, as SQS says."""
    return int(raw.get("Attributes", {}).get("ApproximateReceiveCount", "1"))


def why_last(raw: MessageTypeDef, most_receives: int) -> str:
    """What to say of a message that SQS would move away at the next receive; "" of any other.

    `most_receives` is the `maxReceiveCount` of its queue's redrive policy; 0 for none.
    """
    if not 0 < most_receives <= receives(raw):
        return ""
    return (
        f"SQS's redrive policy moves it away after {most_receives} receives: raise its maxReceiveCount "
        "above dead_letters.backout_threshold"
    )


def receipts(received: Iterable[MessageTypeDef]) -> list[str]:
    """Their receipt handles."""
    return [raw["ReceiptHandle"] for raw in received]


def group_of(raw: MessageTypeDef) -> str:
    """The MessageGroupId; "" for none."""
    return raw.get("Attributes", {}).get("MessageGroupId", "")


def cloud_message(raw: MessageTypeDef) -> CloudMessage:
    """The message itself."""
    return CloudMessage(body=raw.get("Body", ""), attributes=_attributes(raw))


def _attributes(raw: MessageTypeDef) -> Mapping[str, Attribute]:
    attributes = {}
    for name, value in raw.get("MessageAttributes", {}).items():
        told = value.get("BinaryValue", b"") if "BinaryValue" in value else value.get("StringValue", "")
        attributes[name] = Attribute(value["DataType"], told)
    return MappingProxyType(attributes)
