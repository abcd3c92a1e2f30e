"""IBM's Java client on one side, pymqi or ibmmq on the other, nothing but mock-mq between them.

Headers are written and read by the binding's own `RFH2`.
"""

from __future__ import annotations

import base64
import os
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.interop.conftest import Reachable, options_of, sizes
from tests.interop.judge import JavaConnection, Judge, with_bytes
from tests.mock_mq.client.program import QUEUE, Program

TEXT = "Zażółć gęślą"
PROPERTIES = {"colour": "grün", "count": 7, "urgent": True}
BIG_ENDIAN, LITTLE_ENDIAN = 273, 546


@pytest.fixture
def base(judge: Judge, queue_manager: RunningQueueManager) -> JavaConnection:
    return Reachable(queue_manager, options_of(queue_manager)).connect(judge, "base")


@pytest.fixture
def jms(judge: Judge, queue_manager: RunningQueueManager) -> JavaConnection:
    return Reachable(queue_manager, options_of(queue_manager)).connect(judge, "jms")


@pytest.fixture
def program(binding: Binding, queue_manager: RunningQueueManager) -> Program:
    return Program(binding, queue_manager)


def got(program: Program) -> tuple[bytes, Any]:
    """The next message whole, with its header if it has one."""
    return program.get(program.open(), program.constants.MQGMO_PROPERTIES_FORCE_MQRFH2, length=None)


def unpacked(program: Program, data: bytes, md: Any) -> tuple[dict[str, str | None], Any, bytes]:
    """The properties in the header's `usr` folder, the header itself, and the body after it."""
    assert md.Format.strip() == b"MQHRF2"
    header = program.mq.RFH2()
    header.unpack(data, md.Encoding)
    folder = ET.fromstring(header.get()["usr"].rstrip(b"\0 ").decode())
    return {each.tag: each.text for each in folder}, header, data[header["StrucLength"] :]


@sizes
def test_bytes_that_java_puts_python_gets(base: JavaConnection, program: Program, size: int) -> None:
    body = os.urandom(size)
    message_id = base.put(QUEUE, body)
    data, md = got(program)
    assert data == body
    assert (md.MsgId.hex(), md.Format.strip(), md.Encoding) == (message_id, b"", BIG_ENDIAN)


@sizes
def test_bytes_that_python_puts_java_gets(
    base: JavaConnection, jms: JavaConnection, program: Program, size: int
) -> None:
    body, queue = os.urandom(size), program.open()
    put = program.put(queue, body, CorrelId=b"c" * 24)
    message = base.get(QUEUE)
    assert message["body"] == body
    assert (message["messageId"], message["correlationId"]) == (put.MsgId.hex(), (b"c" * 24).hex())
    program.put(queue, body)
    # For JMS an empty message without a header of its own is one that has no body, not an empty one.
    assert with_bytes(jms("receive", queue=QUEUE)).get("body") == (body or None)


@pytest.mark.parametrize(
    ("ccsid", "body"),
    [(1208, TEXT.encode()), (912, TEXT.encode("iso8859-2")), (500, "Größe".encode("cp500"))],
)
def test_text_that_java_puts_python_gets_in_the_ccsid_it_was_written_in(
    base: JavaConnection, program: Program, ccsid: int, body: bytes
) -> None:
    base.put(QUEUE, body, format="MQSTR", ccsid=ccsid)
    data, md = got(program)
    assert data == body
    assert (md.Format.strip(), md.CodedCharSetId) == (b"MQSTR", ccsid)


def test_text_that_jms_sends_to_a_program_without_jms_is_a_plain_string(
    jms: JavaConnection, program: Program
) -> None:
    jms("send", queue=QUEUE, text=TEXT, plain=True)
    data, md = got(program)
    assert md.Format.strip() == b"MQSTR"
    assert (md.CodedCharSetId, data.decode()) == (1208, TEXT)


@pytest.mark.parametrize(("ccsid", "codec"), [(1208, "utf-8"), (912, "iso8859-2")])
def test_text_that_python_puts_java_reads_and_jms_reads_as_text(
    base: JavaConnection, jms: JavaConnection, program: Program, ccsid: int, codec: str
) -> None:
    queue = program.open()
    for _ in range(2):
        program.put(queue, TEXT.encode(codec), Format=b"MQSTR", CodedCharSetId=ccsid)
    message = base.get(QUEUE)
    assert (message["body"], message["format"], message["ccsid"]) == (TEXT.encode(codec), "MQSTR", ccsid)
    assert jms("receive", queue=QUEUE)["text"] == TEXT


def test_properties_that_java_sets_python_reads_in_the_header(base: JavaConnection, program: Program) -> None:
    base.put(QUEUE, TEXT.encode(), format="MQSTR", ccsid=1208, properties=PROPERTIES)
    properties, header, body = unpacked(program, *got(program))
    assert properties == {"colour": "grün", "count": "7", "urgent": "1"}
    assert (header["Format"].strip(), body.decode()) == (b"MQSTR", TEXT)


def test_properties_that_jms_sets_python_reads_in_the_header(jms: JavaConnection, program: Program) -> None:
    body = bytes(range(256))
    jms("send", queue=QUEUE, text=TEXT, properties=PROPERTIES)
    jms("send", queue=QUEUE, body=base64.b64encode(body).decode(), properties=PROPERTIES)
    properties, header, data = unpacked(program, *got(program))
    assert properties == {"colour": "grün", "count": "7", "urgent": "1"}
    assert (header["Format"].strip(), data.decode()) == (b"MQSTR", TEXT)
    properties, header, data = unpacked(program, *got(program))
    assert properties == {"colour": "grün", "count": "7", "urgent": "1"}
    assert (header["Format"].strip(), data) == (b"", body)


def test_properties_that_python_writes_in_a_header_java_and_jms_read(
    base: JavaConnection, jms: JavaConnection, program: Program
) -> None:
    header = program.mq.RFH2()
    header["Format"] = b"MQSTR   "
    header["CodedCharSetId"] = header["NameValueCCSID"] = 1208
    usr = '<usr><colour>grün</colour><count dt="i4">7</count><urgent dt="boolean">1</urgent></usr>'
    header.add_folder(usr.encode())
    data, queue = header.pack() + TEXT.encode(), program.open()
    for _ in range(2):
        program.put(queue, data, Format=b"MQHRF2", Encoding=LITTLE_ENDIAN)
    message = base.get(QUEUE)
    assert message["properties"] == PROPERTIES
    assert (message["body"].decode(), message["format"], message["ccsid"]) == (TEXT, "MQSTR", 1208)
    received = jms("receive", queue=QUEUE)
    assert received["text"] == TEXT
    assert received["properties"] == PROPERTIES


def test_what_python_puts_under_syncpoint_java_sees_once_it_is_committed(
    jms: JavaConnection, program: Program
) -> None:
    program.put(program.open(), b"later", syncpoint=True, Format=b"MQSTR", CodedCharSetId=1208)
    assert jms("receive", queue=QUEUE, wait=1)["nothing"]
    program.connection.commit()
    assert jms("receive", queue=QUEUE)["text"] == "later"


def test_what_python_backs_out_jms_is_given_as_redelivered(jms: JavaConnection, program: Program) -> None:
    jms("send", queue=QUEUE, text="again")
    program.get(program.open(), program.constants.MQGMO_SYNCPOINT)
    program.connection.backout()
    received = jms("receive", queue=QUEUE)
    assert (received["text"], received["deliveries"], received["redelivered"]) == ("again", 2, True)
