"""Whatever a body, its header and its properties are: AWS takes it, and it comes back the same."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from bridge import rfh2
from bridge.binding import Binding
from bridge.message import Property
from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import StoredMessage
from tests.fixtures.aws import Aws
from tests.fixtures.aws_rules import entries, refusals
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import IN, OUT, TOPIC

TEXT = "Überweisung {10} [EUR] naïve"
NAMES = ("größe", "Ελληνικά", "цена", "名前", "이름", "العربية", "$dollar", "_x")
ELEVEN = {f"p{n}": Property(f"value {n}") for n in range(11)}
SCRIPTS = {name: Property(f"{name}: <&> \t 😀 ") for name in NAMES}


@dataclass(frozen=True)
class Body:
    """A message to send: its data as MQ has it, and fields of its descriptor."""

    data: bytes
    fields: Mapping[str, Any] = field(default_factory=dict)


def text(ccsid: int, codec: str, encoding: int = 273, words: str = TEXT) -> Body:
    return Body(words.encode(codec), {"format": "MQSTR", "ccsid": ccsid, "encoding": encoding})


def with_properties(body: Body, properties: Mapping[str, Property]) -> Body:
    fields = {"format": "", "ccsid": 1208, "encoding": 273, **body.fields}
    content = rfh2.Content(body.data, fields["format"], fields["ccsid"], fields["encoding"])
    headed = {"format": rfh2.FORMAT, "ccsid": 1208, "encoding": 273}
    return Body(rfh2.join(properties, content), {**fields, **headed})


def header(*, length: int = 36, ccsid: int = 1208, folders: bytes = b"", version: int = 2) -> Body:
    """An MQRFH2 header, as good or bad as asked for, and a text behind it."""
    fixed = struct.pack(">4siiii8sii", b"RFH ", version, length, 273, 1208, b"MQSTR   ", 0, ccsid)
    return Body(fixed + folders + b"behind it", {"format": "MQHRF2", "ccsid": 1208, "encoding": 273})


ASCII = "plain words"
BODIES: dict[str, Body] = {
    "nothing": Body(b""),
    "nothing, as text": Body(b"", {"format": "MQSTR", "ccsid": 1208}),
    "all byte values": Body(bytes(range(256))),
    "all byte values, as text": Body(bytes(range(256)), {"format": "MQSTR", "ccsid": 819}),
    "all byte values in EBCDIC": Body(bytes(range(256)), {"format": "MQSTR", "ccsid": 500}),
    "NUL": Body(b"\0", {"format": "MQSTR", "ccsid": 1208}),
    "NUL at its end": Body(b"C string\0", {"format": "MQSTR", "ccsid": 1208}),
    "ESC": text(1208, "utf-8", words="\x1b[31mred"),
    "U+FFFE": text(1208, "utf-8", words="\ufffe"),
    "UTF-8": text(1208, "utf-8", words=TEXT + "😀"),
    "UTF-8 that is none": Body(b"\xc3\x28", {"format": "MQSTR", "ccsid": 1208}),
    "37": text(37, "cp037", 785, ASCII),
    "500": text(500, "cp500", 785, "Überweisung"),
    "500, lines": Body(b"\xc1\x25\xc2\x15\xc3\x0d\x25", {"format": "MQSTR", "ccsid": 500}),
    "1200, big-endian": text(1200, "utf-16-be", 273, TEXT + "😀"),
    "1200, little-endian": text(1200, "utf-16-le", 546, TEXT + "😀"),
    "1200, half a character": Body("ab".encode("utf-16-be")[:-1], {"format": "MQSTR", "ccsid": 1200}),
    "a CCSID that nobody knows": Body(b"\x81\x82", {"format": "MQSTR", "ccsid": 930}),
    "a dash": text(1208, "utf-8", words="-"),
    "blanks": text(1208, "utf-8", words="  \r\n\t "),
    "what looks like base64": text(1208, "utf-8", words="aGVsbG8="),
    "what looks like a pointer": text(
        1208,
        "utf-8",
        words='["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3BucketName":"b","s3Key":"k"}]',
    ),
    "eleven properties": with_properties(text(1208, "utf-8"), ELEVEN),
    "properties in any script": with_properties(text(500, "cp500", words=ASCII), SCRIPTS),
    "properties that SNS refuses": with_properties(
        Body(b"\0"), {"AWS.x": Property("bell \x07"), "empty": Property(""), "x..y": Property("x" * 300)}
    ),
    "a header without folders": header(),
    "a header that is cut off": Body(b"RFH \0\0\0\2", {"format": "MQHRF2"}),
    "a header of version 1": header(version=1),
    "a header longer than its message": header(length=4096),
    "a header of a negative length": header(length=-4),
    "a header in a CCSID that nobody knows": header(ccsid=77),
    "a header whose folder is longer than it": header(length=44, folders=struct.pack(">i", 4096) + b"<u/>"),
    "a header whose folder is no XML": header(length=48, folders=struct.pack(">i", 8) + b"<usr><a>"),
    "a report": replace(
        text(1208, "utf-8", words="of arrival"),
        fields={
            "format": "MQSTR",
            "ccsid": 1208,
            "message_type": 4,
            "feedback": 259,
            "correlation_id": b"r" * 24,
        },
    ),
    "a request": Body(
        b"?",
        {
            "message_type": 1,
            "reply_to_queue": "REPLIES",
            "reply_to_queue_manager": "QM9",
            "report": 0xC0,
            "priority": 9,
            "persistence": 1,
        },
    ),
    "one that expires in an hour": Body(b"soon", {"expiry": 36_000}),
    "a megabyte of binary with eleven": with_properties(Body(bytes(range(256)) * 4096), ELEVEN),
}
KEPT = (
    *("correlation_id", "format", "ccsid", "encoding", "message_type", "report", "feedback"),
    *("priority", "persistence", "reply_to_queue", "reply_to_queue_manager"),
)
"""Fields of the descriptor that are the sender's; but for the expiry, of which some is over."""
COPY = "COPY"


def message_id(number: int) -> bytes:
    return b"body" + number.to_bytes(20)


def told(stored: StoredMessage) -> tuple[Any, ...]:
    """What a receiver makes of a message: body and properties, or all of it where its header is none."""
    descriptor, properties, body = stored.descriptor, dict[str, Property](), stored.data
    if descriptor.format == rfh2.FORMAT:
        with suppress(rfh2.RFH2Error):
            properties, content = rfh2.split(stored.data, descriptor.encoding, descriptor.ccsid)
            body = content.body
            descriptor = replace(
                descriptor, format=content.format, ccsid=content.ccsid, encoding=content.encoding
            )
    kept = {name: getattr(descriptor, name) for name in KEPT}
    return body, properties, kept, descriptor.expiry > 0


def test_every_body_is_taken_by_aws_and_comes_back_the_same(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    queue_manager = start_queue_manager(queues=tuple(map(QueueDefinition, (OUT, IN, TOPIC, COPY))))
    between, (topic, subscribed), bucket = aws.make_queue(), aws.make_topic(), aws.make_bucket()
    for queue in (OUT, TOPIC):
        queue_manager.put(queue, b"too late: it expires in a tenth of a second", expiry=1)
    for number, body in enumerate(BODIES.values()):
        for queue in (COPY, OUT, TOPIC):
            queue_manager.put(queue, body.data, message_id=message_id(number), **body.fields)
    started = start_bridge(
        queue_manager,
        {"name": "there", "from": {"mq": OUT}, "to": {"sqs": between}},
        {"name": "back", "from": {"sqs": between, "wait": 1}, "to": {"mq": IN}},
        {"name": "topic", "from": {"mq": TOPIC}, "to": {"sns": topic}},
        dead_letters=bucket,
        binding=binding.name,
        offload={"bucket": aws.make_bucket()},
    )
    eventually(lambda: queue_manager.depth(IN) == len(BODIES), what="all of them back")
    eventually(lambda: queue_manager.depth(TOPIC) == 0 and aws.counts(between) == (0, 0), what="nothing left")
    assert started.stop() == 0
    assert aws.keys(bucket) == []
    assert len(aws.read_all(subscribed)) == len(BODIES)
    given, back = (
        {each.descriptor.message_id: each for each in queue_manager.browse(queue)} for queue in (COPY, IN)
    )
    for number, name in enumerate(BODIES):
        assert told(back[message_id(number)]) == told(given[message_id(number)]), name
    batches = [each for each in fault_proxy.requests if each.action in {"PublishBatch", "SendMessageBatch"}]
    assert [why for each in batches for why in refusals(each)] == []
    assert sum(len(entries(each)) for each in batches) == 2 * len(BODIES)
