"""Whatever bytes a message descriptor is made of, the message can go on; on both bindings."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import mq_descriptor
from bridge.binding import Binding, load_binding
from bridge.mapping import from_cloud, to_cloud
from bridge.message import Message

BINDINGS = [load_binding("pymqi"), load_binding("ibmmq")]
LENGTH = 364
"""Bytes of an MQMD of version 2; the first eight are its name and version."""


def unpacked(binding: Binding, fields: bytes) -> Any:
    md = binding.mq.MD()
    md.Version = binding.constants.MQMD_VERSION_2
    md.unpack(md.pack()[:8] + fields)
    return md


@given(st.binary(min_size=LENGTH - 8, max_size=LENGTH - 8))
@settings(max_examples=100)
def test_whatever_a_descriptor_is_made_of_it_goes_to_aws_and_back(fields: bytes) -> None:
    for binding in BINDINGS:
        descriptor = mq_descriptor.from_mq(unpacked(binding, fields))
        message = Message(b"body", descriptor)
        assert from_cloud(to_cloud(message), ccsid=1208, format="MQSTR") == message
        mq_descriptor.to_mq(descriptor, binding.mq.MD())
