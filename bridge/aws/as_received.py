"""An SQS message that can't be made one of MQ's, kept and put back exactly as SQS had it. Pure."""

from __future__ import annotations

from types import MappingProxyType

from bridge.mapping import Attribute, CloudMessage
from bridge.message import Message, Property


def to_message(cloud: CloudMessage) -> Message:
    """For the dead letters: the body in UTF-8; attributes as properties, each with its type of SQS's."""
    properties = {name: Property(each.value, each.type) for name, each in cloud.attributes.items()}
    body = cloud.body if isinstance(cloud.body, bytes) else cloud.inline.encode("utf-8", "surrogatepass")
    return Message(body, properties=MappingProxyType(properties))


def to_cloud(message: Message) -> CloudMessage:
    """The message that SQS had."""
    attributes = {
        name: Attribute(each.type, each.value if isinstance(each.value, bytes) else str(each.value))
        for name, each in message.properties.items()
    }
    return CloudMessage(message.body.decode("utf-8", "surrogatepass"), MappingProxyType(attributes))
