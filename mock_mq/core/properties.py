"""Message properties: where a message keeps them (an MQRFH2 in front of its data), and what they are."""

from __future__ import annotations

from collections.abc import Mapping

from mock_mq.wire.fields import Buffer, WireError
from mock_mq.wire.properties import Value, read
from mock_mq.wire.rfh2 import FORMAT, Rfh2
from mock_mq.wire.structures import MessageDescriptor

_INHERITED = -2  # MQCCSI_INHERIT


def without(descriptor: MessageDescriptor, data: Buffer) -> tuple[MessageDescriptor, Buffer]:
    """A message without its properties, as MQGMO_NO_PROPERTIES gives it."""
    split = _split(descriptor, data)
    if split is None:
        return descriptor, data
    header, rest = split
    inner = descriptor.but(
        format=header.format,
        encoding=header.encoding,
        ccsid=descriptor.ccsid if header.ccsid == _INHERITED else header.ccsid,
    )
    return inner, rest


def of(descriptor: MessageDescriptor, data: Buffer) -> Mapping[str, Value]:
    """A message's properties by name: those of `usr` by their own names, the others as `folder.name`.

    Empty where there is no header, or one that can't be read.
    """
    split = _split(descriptor, data)
    return {each.name: each.value for each in read(split[0].folders)} if split is not None else {}


def _split(descriptor: MessageDescriptor, data: Buffer) -> tuple[Rfh2, Buffer] | None:
    if descriptor.format != FORMAT:
        return None
    try:
        header, length = Rfh2.unpack(data, descriptor.encoding)
    except WireError:
        return None
    return header, data[length:]
