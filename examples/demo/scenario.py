"""What the demonstration sends, where it reads it back, and whether it is what it ought to be."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqs_extended_client.client import SQSExtendedClientSession

from bridge.mapping import BASE64, BODY_ENCODING
from examples.catalogue import Example
from examples.demo.mq_application import MqApplication
from examples.demo.setting import (
    IN_QUEUE,
    KEYS,
    OUT_QUEUE,
    Setting,
)
from examples.resources import DEAD_LETTERS, PAYLOADS, REGION

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_TEXT = "MQSTR"
_POINTER = "ExtendedPayloadSize"
_OVER_THE_LIMIT = 300_000
_TRIES = 60
_BATCH = 10


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a message; `problem` says what is wrong with that, and is empty for nothing."""

    message: str
    route: str
    size: int
    offloaded: bool
    read_at: str
    found: str
    problem: str = ""
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was read back from SQS: the text, the attributes, and whether a pointer stood for the text."""

    text: str
    attributes: dict[str, str]
    offloaded: bool


def large_messages(examples: Sequence[Example]) -> tuple[Example, ...]:
    """The examples, and a text too large for SNS and SQS: a payment file of some 300 KB."""
    payment = next(each for each in examples if each.name == "pain.001")
    copies = _OVER_THE_LIMIT // len(payment.body) + 1
    return (
        *examples,
        Example("pain.001 x 170", "a payment file over 256 KiB", _TEXT, payment.ccsid, payment.body * copies),
    )


def from_mq(
    setting: Setting,
    application: MqApplication,
    examples: Sequence[Example],
    *,
    queue: str,
    tell: Callable[[], None],
) -> list[Result]:
    """Puts every example on an MQ queue, and reads it from the SQS queue that the route leads to."""
    route = "orders-out" if queue == OUT_QUEUE else "stock-out"
    url = setting.subscribed if queue == OUT_QUEUE else setting.stock
    read_at = "SQS orders-test" if queue == OUT_QUEUE else "SQS stock"
    sent = {
        application.put(queue, each.body, format_=each.format, ccsid=each.ccsid).hex(): each
        for each in examples
    }
    results = []
    for arrived in _receive(setting, url, len(sent)):
        example = sent.pop(arrived.attributes.get("MQMsgId", ""), None)
        if example is None:
            results.append(
                Result("?", route, len(arrived.text), arrived.offloaded, read_at, "", "nobody sent it")
            )
            continue
        found, problem = _compare_text(example, arrived)
        results.append(
            Result(example.name, route, len(example.body), arrived.offloaded, read_at, found, problem)
        )
        tell()
    results += [
        Result(each.name, route, len(each.body), offloaded=False, read_at="nowhere", found="", problem="lost")
        for each in sent.values()
    ]
    return results


def to_mq(
    setting: Setting, application: MqApplication, examples: Sequence[Example], tell: Callable[[], None]
) -> list[Result]:
    """Sends every example to an SQS queue, as any AWS program would, and gets it from the MQ queue."""
    sqs = _extended(setting)
    results = []
    for each in examples:
        text, attributes = _as_aws_program(each)
        offloaded = len(text) > 256 * 1024
        sqs.send_message(QueueUrl=setting.incoming, MessageBody=text, MessageAttributes=attributes)
        got = application.get(IN_QUEUE)
        wanted = each.body.decode(_codec(each)).encode() if each.format == _TEXT else each.body
        found = "as UTF-8, as configured" if wanted != each.body else "byte for byte"
        problem = "" if got.body == wanted else f"{len(got.body)} bytes that differ"
        results.append(
            Result(each.name, "orders-in", len(each.body), offloaded, f"MQ {IN_QUEUE}", found, problem)
        )
        tell()
    return results


def undeliverable(setting: Setting) -> Result:
    """Sends SQS a pointer that leads nowhere, beside a good message; finds it among the dead letters."""
    pointer = json.dumps(
        [
            "software.amazon.payloadoffloading.PayloadS3Pointer",
            {"s3BucketName": PAYLOADS, "s3Key": "not-there"},
        ]
    )
    setting.sqs().send_message(
        QueueUrl=setting.incoming,
        MessageBody=pointer,
        MessageAttributes={_POINTER: {"DataType": "Number", "StringValue": "300000"}},
    )
    result = Result(
        "pointer to nothing", "orders-in", len(pointer), offloaded=True, read_at="nowhere", found=""
    )
    key = _wait_for_letter(setting)
    if not key:
        return replace(result, problem="not among the dead letters")
    prefix = key.removesuffix("/letter.json")
    body = setting.s3().get_object(Bucket=DEAD_LETTERS, Key=f"{prefix}/body")["Body"].read()
    return replace(
        result,
        read_at=f"s3://{DEAD_LETTERS}/{prefix}",
        found="set aside, byte for byte",
        problem="" if body == pointer.encode() else "the dead letter's body is another",
        set_aside=True,
    )


def _compare_text(example: Example, arrived: Arrived) -> tuple[str, str]:
    """What was found, and what is wrong with it."""
    if example.format == _TEXT:
        text = example.body.decode(_codec(example))
        found = f"text, from CCSID {example.ccsid}" if example.ccsid != 1208 else "text, byte for byte"
        return found, "" if arrived.text == text else "the text differs"
    if arrived.attributes.get(BODY_ENCODING) != BASE64:
        return "", "not marked as base64"
    same = base64.b64decode(arrived.text) == example.body
    return "base64, byte for byte", "" if same else "the bytes differ"


def _as_aws_program(example: Example) -> tuple[str, dict[str, Any]]:
    if example.format == _TEXT:
        return example.body.decode(_codec(example)), {}
    attributes = {BODY_ENCODING: {"DataType": "String", "StringValue": BASE64}}
    return base64.b64encode(example.body).decode("ascii"), attributes


def _codec(example: Example) -> str:
    return {500: "cp500", 819: "latin-1", 1208: "utf-8"}[example.ccsid]


def _receive(setting: Setting, url: str, count: int) -> Iterator[Arrived]:
    """Up to `count` messages, with their payloads: read by the extended client, as a user's program would."""
    plain, extended = setting.sqs(), _extended(setting)
    got = 0
    for _ in range(_TRIES):
        # By the plain client first, to see which of them are pointers; the payload by the extended one.
        received = plain.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for message in received:
            attributes = {
                name: each.get("StringValue", "")
                for name, each in message.get("MessageAttributes", {}).items()
            }
            text, offloaded = message["Body"], _POINTER in attributes
            if offloaded:
                text = extended.retrieve_message_from_s3(text)
            plain.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            got += 1
            yield Arrived(text, attributes, offloaded)
        if got >= count:
            return


def _extended(setting: Setting) -> Any:
    session = SQSExtendedClientSession(**KEYS, region_name=REGION)  # type: ignore[no-untyped-call]
    client: SQSClient = session.client("sqs", endpoint_url=setting.aws_url)
    client.large_payload_support = PAYLOADS  # type: ignore[attr-defined]
    client.s3_client = setting.s3()  # type: ignore[attr-defined]
    return client


def _wait_for_letter(setting: Setting) -> str:
    """The key of the one dead letter; empty where there is none in time."""
    s3, sqs = setting.s3(), setting.sqs()
    for _ in range(_TRIES):
        listed = s3.list_objects_v2(Bucket=DEAD_LETTERS).get("Contents", [])
        for each in listed:
            if each["Key"].endswith("/letter.json"):
                return each["Key"]
        # Nothing else is in that queue: receiving from it is a way to wait a second.
        sqs.receive_message(QueueUrl=setting.subscribed, WaitTimeSeconds=1)
    return ""
