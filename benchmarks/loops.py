"""What the bridge is measured against: the loop that most people write, and bare calls in batches.

`python -m benchmarks.loops KIND SETTINGS` with JSON of `Settings`. The plain loops go on until they are
ended; the bare ones end after `count` messages and print the CPU that they took, in seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from benchmarks.aws_stub import INLINE
from benchmarks.bodies import Bodies
from bridge.credentials import from_directory
from bridge.key_repository import KeyRepository
from mock_mq.client import preload

preload()
import pymqi  # noqa: E402 - once there is a client library

BATCH = 10
_WAIT = 1000
_LONGEST = 104_857_600
CHANNEL = "DEV.APP.SVRCONN"
_POINTER = "software.amazon.payloadoffloading.PayloadS3Pointer"


@dataclass(frozen=True)
class Settings:
    """Where a loop takes from and sends to; `credentials` is a directory, for TLS."""

    connection: str = ""
    mq: str = ""
    topic: str = ""
    sqs: str = ""
    bucket: str = ""
    credentials: str = ""
    count: int = 0
    size: int = 0


def connect(settings: Settings) -> Any:
    """A connection to the queue manager."""
    definition = pymqi.CD(
        ChannelName=CHANNEL.encode(),
        ConnectionName=settings.connection.encode(),
        ChannelType=pymqi.CMQC.MQCHT_CLNTCONN,
        TransportType=pymqi.CMQC.MQXPT_TCP,
        MaxMsgLength=_LONGEST,
    )
    queue_manager = pymqi.QueueManager(None)
    with ExitStack() as stack:
        options: dict[str, Any] = {}
        if settings.credentials:
            keys = stack.enter_context(KeyRepository(from_directory(Path(settings.credentials))))
            os.environ["MQKEYRPWD"] = keys.password
            definition.SSLCipherSpec = b"ANY_TLS12_OR_HIGHER"
            options["sco"] = pymqi.SCO(
                KeyRepository=str(keys.path).encode(), CertificateLabel=keys.label.encode()
            )
        queue_manager.connect_with_options("QM1", cd=definition, **options)
    return queue_manager


def mq_to_sns(settings: Settings) -> None:
    """One MQGET under syncpoint, one publish, one MQCMIT; a large body goes to S3."""
    queue_manager = connect(settings)
    queue = pymqi.Queue(queue_manager, settings.mq, pymqi.CMQC.MQOO_INPUT_SHARED)
    sns, s3 = boto3.client("sns"), boto3.client("s3")
    _ready()
    while True:
        body = _get(queue, _WAIT)
        if body is None:
            continue
        if len(body) <= INLINE:
            sns.publish(TopicArn=settings.topic, Message=body.decode())
        else:
            key = os.urandom(16).hex()
            s3.put_object(Bucket=settings.bucket, Key=key, Body=body)
            sns.publish(
                TopicArn=settings.topic,
                Message=json.dumps([_POINTER, {"s3BucketName": settings.bucket, "s3Key": key}]),
                MessageAttributes={
                    "ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(len(body))}
                },
            )
        queue_manager.commit()


def sqs_to_mq(settings: Settings) -> None:
    """One receive, one MQPUT, one delete; a pointer is followed to S3."""
    queue = pymqi.Queue(connect(settings), settings.mq, pymqi.CMQC.MQOO_OUTPUT)
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    _ready()
    while True:
        received = sqs.receive_message(
            QueueUrl=settings.sqs, WaitTimeSeconds=20, MessageAttributeNames=["All"]
        )
        for message in received.get("Messages", ()):
            body = message["Body"].encode()
            if "ExtendedPayloadSize" in message.get("MessageAttributes", {}):
                where = json.loads(body)[1]
                body = s3.get_object(Bucket=where["s3BucketName"], Key=where["s3Key"])["Body"].read()
            md = pymqi.MD()
            md.Format, md.CodedCharSetId = b"MQSTR", 1208
            queue.put(body, md)
            sqs.delete_message(QueueUrl=settings.sqs, ReceiptHandle=message["ReceiptHandle"])


def bare_get(settings: Settings) -> None:
    """MQGET under syncpoint, and an MQCMIT for ten."""
    queue_manager = connect(settings)
    queue = pymqi.Queue(queue_manager, settings.mq, pymqi.CMQC.MQOO_INPUT_SHARED)

    def batch() -> None:
        for _ in range(BATCH):
            _get(queue, 0)
        queue_manager.commit()

    _measure(settings, batch)


def bare_put(settings: Settings) -> None:
    """MQPUT under syncpoint, and an MQCMIT for ten."""
    queue_manager = connect(settings)
    queue = pymqi.Queue(queue_manager, settings.mq, pymqi.CMQC.MQOO_OUTPUT)
    body = Bodies(settings.size)[0]

    def batch() -> None:
        for _ in range(BATCH):
            md, pmo = pymqi.MD(), pymqi.PMO(Options=pymqi.CMQC.MQPMO_SYNCPOINT)
            md.Format, md.CodedCharSetId = b"MQSTR", 1208
            queue.put(body, md, pmo)
        queue_manager.commit()

    _measure(settings, batch)


def bare_publish(settings: Settings) -> None:
    """PublishBatch of ten messages without attributes."""
    sns = boto3.client("sns")
    body = Bodies(settings.size)[0].decode()

    def batch() -> None:
        sns.publish_batch(
            TopicArn=settings.topic,
            PublishBatchRequestEntries=[{"Id": str(number), "Message": body} for number in range(BATCH)],
        )

    _measure(settings, batch)


def bare_receive(settings: Settings) -> None:
    """ReceiveMessage of ten and DeleteMessageBatch."""
    sqs = boto3.client("sqs")

    def batch() -> None:
        received = sqs.receive_message(
            QueueUrl=settings.sqs, MaxNumberOfMessages=BATCH, MessageAttributeNames=["All"]
        )["Messages"]
        sqs.delete_message_batch(
            QueueUrl=settings.sqs,
            Entries=[{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in received],
        )

    _measure(settings, batch)


def _get(queue: Any, wait: int) -> bytes | None:
    md, gmo = pymqi.MD(), pymqi.GMO()
    constants = pymqi.CMQC
    gmo.Options = constants.MQGMO_SYNCPOINT | constants.MQGMO_FAIL_IF_QUIESCING
    if wait:
        gmo.Options |= constants.MQGMO_WAIT
        gmo.WaitInterval = wait
    try:
        body: bytes = queue.get(None, md, gmo)
    except pymqi.MQMIError as e:
        if e.reason != constants.MQRC_NO_MSG_AVAILABLE:
            raise
        return None
    return body


def _measure(settings: Settings, batch: Callable[[], None]) -> None:
    batch()
    before, messages = time.process_time(), settings.count - BATCH
    for _ in range(messages // BATCH):
        batch()
    sys.stdout.write(json.dumps({"cpu": (time.process_time() - before) / messages}) + "\n")


def _ready() -> None:
    sys.stdout.write("loop: ready\n")
    sys.stdout.flush()


_LOOPS = (mq_to_sns, sqs_to_mq, bare_get, bare_put, bare_publish, bare_receive)

if __name__ == "__main__":
    {each.__name__: each for each in _LOOPS}[sys.argv[1]](Settings(**json.loads(sys.argv[2])))
