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
        descriptor, _ = mq_descriptor.read(unpacked(binding, fields).pack())
        message = Message(b"body", descriptor)
        assert from_cloud(to_cloud(message), ccsid=1208, format="MQSTR") == message
        binding.mq.MD().unpack(mq_descriptor.write(descriptor))


NAMES = {
    "MsgId": "message_id",
    "CorrelId": "correlation_id",
    "GroupId": "group_id",
    "Format": "format",
    "CodedCharSetId": "ccsid",
    "Encoding": "encoding",
    "MsgType": "message_type",
    "Report": "report",
    "Feedback": "feedback",
    "Expiry": "expiry",
    "Priority": "priority",
    "Persistence": "persistence",
    "ReplyToQ": "reply_to_queue",
    "ReplyToQMgr": "reply_to_queue_manager",
    "UserIdentifier": "user",
    "PutApplName": "application_name",
    "PutApplType": "application_type",
    "ApplIdentityData": "application_identity",
    "ApplOriginData": "application_origin",
    "AccountingToken": "accounting_token",
    "PutDate": "put_date",
    "PutTime": "put_time",
    "MsgSeqNumber": "sequence_number",
    "Offset": "offset",
    "MsgFlags": "message_flags",
    "OriginalLength": "original_length",
}


@given(st.binary(min_size=LENGTH - 8, max_size=LENGTH - 8))
@settings(max_examples=50)
def test_each_field_is_the_one_that_the_bindings_know_by_its_name(fields: bytes) -> None:
    for binding in BINDINGS:
        md = unpacked(binding, fields)
        descriptor, backout_count = mq_descriptor.read(md.pack())
        assert backout_count == md.BackoutCount
        for name, own in NAMES.items():
            there, here = getattr(md, name), getattr(descriptor, own)
            if isinstance(here, str):
                there = there.split(b"\0")[0].decode("latin-1").rstrip(" ")
            assert here == there, name
        put = binding.mq.MD()
        put.unpack(mq_descriptor.write(descriptor))
        for name in ("Report", "MsgType", "Expiry", "Feedback", "Encoding", "CodedCharSetId", "Priority"):
            assert getattr(put, name) == getattr(md, name), name
        for name in ("Persistence", "MsgId", "CorrelId"):
            assert getattr(put, name) == getattr(md, name), name
        for name in ("Format", "ReplyToQ", "ReplyToQMgr"):
            told = getattr(descriptor, NAMES[name]).encode("latin-1")
            assert getattr(put, name).rstrip(b"\0") == told, name
