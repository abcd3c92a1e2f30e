"""MQ's own structures as the client protocol carries them: descriptors and options.

Field by field as in the MQI reference of the IBM MQ documentation (MQMD, MQOD, MQPMO, MQGMO), with the
pointers and offsets of the C structures kept as the four-byte words that travel. The defaults are MQ's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mock_mq.wire.fields import Byte, Char, Int, Long, Raw, Structure


@dataclass(frozen=True)
class MessageDescriptor(Structure, eyecatcher=b"MD  ", lengths={1: 324, 2: 364}):
    """MQMD: what a message is. Ids are 24 bytes, `expiry` is in tenths of a second."""

    version: Int = 2
    report: Int = 0
    message_type: Int = 8
    expiry: Int = -1
    feedback: Int = 0
    encoding: Int = 273
    ccsid: Int = 0
    format: Annotated[str, Char(8)] = ""
    priority: Int = -1
    persistence: Int = 2
    message_id: Annotated[bytes, Raw(24)] = bytes(24)
    correlation_id: Annotated[bytes, Raw(24)] = bytes(24)
    backout_count: Int = 0
    reply_to_queue: Annotated[str, Char(48)] = ""
    reply_to_queue_manager: Annotated[str, Char(48)] = ""
    user: Annotated[str, Char(12)] = ""
    accounting_token: Annotated[bytes, Raw(32)] = bytes(32)
    application_identity: Annotated[str, Char(32)] = ""
    application_type: Int = 0
    application_name: Annotated[str, Char(28)] = ""
    put_date: Annotated[str, Char(8)] = ""
    put_time: Annotated[str, Char(8)] = ""
    application_origin: Annotated[str, Char(4)] = ""
    group_id: Annotated[bytes, Raw(24)] = bytes(24)
    sequence_number: Int = 1
    offset: Int = 0
    message_flags: Int = 0
    original_length: Int = -1


@dataclass(frozen=True)
class VariableString(Structure):
    """MQCHARV: where a string of its own length lies, from the start of the structure that holds it."""

    pointer: Int = 0
    offset: Int = 0
    buffer_size: Int = 0
    string_length: Int = 0
    ccsid: Int = 1208


@dataclass(frozen=True)
class ObjectDescriptor(Structure, eyecatcher=b"OD  ", lengths={1: 168, 2: 200, 3: 336, 4: 400}):
    """MQOD: the object to open. `object_type` 1 is a queue, 5 the queue manager."""

    version: Int = 1
    object_type: Int = 1
    object_name: Annotated[str, Char(48)] = ""
    object_queue_manager: Annotated[str, Char(48)] = ""
    dynamic_queue_name: Annotated[str, Char(48)] = "AMQ.*"
    alternate_user: Annotated[str, Char(12)] = ""
    records_present: Int = 0
    known_destinations: Int = 0
    unknown_destinations: Int = 0
    invalid_destinations: Int = 0
    object_record_offset: Int = 0
    response_record_offset: Int = 0
    object_record_pointer: Int = 0
    response_record_pointer: Int = 0
    alternate_security_id: Annotated[bytes, Raw(40)] = bytes(40)
    resolved_queue: Annotated[str, Char(48)] = ""
    resolved_queue_manager: Annotated[str, Char(48)] = ""
    object_string: VariableString = VariableString()
    selection_string: VariableString = VariableString()
    resolved_object_string: VariableString = VariableString()
    resolved_type: Int = 0


@dataclass(frozen=True)
class PutMessageOptions(Structure, eyecatcher=b"PMO ", lengths={1: 128, 2: 152, 3: 176}):
    """MQPMO: how a message is put."""

    version: Int = 1
    options: Int = 0
    timeout: Int = -1
    context: Int = 0
    known_destinations: Int = 0
    unknown_destinations: Int = 0
    invalid_destinations: Int = 0
    resolved_queue: Annotated[str, Char(48)] = ""
    resolved_queue_manager: Annotated[str, Char(48)] = ""
    records_present: Int = 0
    put_record_fields: Int = 0
    put_record_offset: Int = 0
    response_record_offset: Int = 0
    put_record_pointer: Int = 0
    response_record_pointer: Int = 0
    original_message_handle: Long = 0
    new_message_handle: Long = 0
    action: Int = 0
    publication_level: Int = 9


@dataclass(frozen=True)
class GetMessageOptions(Structure, eyecatcher=b"GMO ", lengths={1: 72, 2: 80, 3: 100, 4: 112}):
    """MQGMO: how a message is got. `wait_interval` is in milliseconds, -1 for ever."""

    version: Int = 1
    options: Int = 0
    wait_interval: Int = 0
    signal1: Int = 0
    signal2: Int = 0
    resolved_queue: Annotated[str, Char(48)] = ""
    match_options: Int = 3
    group_status: Annotated[str, Char(1)] = ""
    segment_status: Annotated[str, Char(1)] = ""
    segmentation: Annotated[str, Char(1)] = ""
    reserved1: Byte = 0
    message_token: Annotated[bytes, Raw(16)] = bytes(16)
    returned_length: Int = -1
    reserved2: Int = 0
    message_handle: Long = 0


@dataclass(frozen=True)
class StatusReport(Structure, eyecatcher=b"STAT", lengths={1: 224, 2: 272}):
    """MQSTS: how asynchronous puts went since the last MQSTAT; the reason is the first failure's."""

    version: Int = 1
    completion: Int = 0
    reason: Int = 0
    succeeded: Int = 0
    warned: Int = 0
    failed: Int = 0
    object_type: Int = 1
    object_name: Annotated[str, Char(48)] = ""
    object_queue_manager: Annotated[str, Char(48)] = ""
    resolved_object: Annotated[str, Char(48)] = ""
    resolved_queue_manager: Annotated[str, Char(48)] = ""
    object_string: VariableString = VariableString()
    subscription: VariableString = VariableString()
    open_options: Int = 0
    subscription_options: Int = 0
