"""What the bridge is measured against: the loop that most people write, and bare calls in batches.

`python -m benchmarks.loops KIND ENDS` with JSON of `Ends`. The plain loops go on until they are
ended; the bare ones end after `count` messages and print the CPU and the time that each took, in seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3

from benchmarks.aws_stub import INLINE
from benchmarks.bodies import Bodies
from benchmarks.ends import CHANNEL, Ends
from bridge.credentials import from_directory
from bridge.key_repository import KeyRepository
from mock_mq.client import preload

preload()
import pymqi  # noqa: E402 - once there is a client library

BATCH = 10
_WAIT = 1000
_LONGEST = 104_857_600
_POINTER = "software.amazon.payloadoffloading.PayloadS3Pointer"


def connect(ends: Ends) -> Any:
    """A connection to the queue manager."""
    definition = pymqi.CD(
        ChannelName=CHANNEL.encode(),
        ConnectionName=ends.connection.encode(),
        ChannelType=pymqi.CMQC.MQCHT_CLNTCONN,
        TransportType=pymqi.CMQC.MQXPT_TCP,
        MaxMsgLength=_LONGEST,
    )
    queue_manager = pymqi.QueueManager(None)
    with ExitStack() as stack:
        options: dict[str, Any] = {}
        if ends.credentials:
            keys = stack.enter_context(KeyRepository(from_directory(Path(ends.credentials))))
            os.environ["MQKEYRPWD"] = keys.password
            definition.SSLCipherSpec = b"ANY_TLS12_OR_HIGHER"
            options["sco"] = pymqi.SCO(
                KeyRepository=str(keys.path).encode(), CertificateLabel=keys.label.encode()
            )
        queue_manager.connect_with_options("QM1", cd=definition, **options)
    return queue_manager


def mq_to_sns(ends: Ends) -> None:
    """One MQGET under syncpoint, one publish, one MQCMIT; a large body goes to S3."""
    sns = boto3.client("sns")
    _from_mq(ends, lambda body, **marked: sns.publish(TopicArn=ends.topic, Message=body, **marked))


def mq_to_sqs(ends: Ends) -> None:
    """The same with one send."""
    sqs = boto3.client("sqs")
    _from_mq(ends, lambda body, **marked: sqs.send_message(QueueUrl=ends.sqs, MessageBody=body, **marked))


def _from_mq(ends: Ends, send: Callable[..., object]) -> None:
    queue_manager = connect(ends)
    queue = pymqi.Queue(queue_manager, ends.mq, pymqi.CMQC.MQOO_INPUT_SHARED)
    s3 = boto3.client("s3")
    _ready()
    while True:
        body = _get(queue, _WAIT)
        if body is None:
            continue
        if len(body) <= INLINE:
            send(body.decode())
        else:
            key = os.urandom(16).hex()
            s3.put_object(Bucket=ends.bucket, Key=key, Body=body)
            send(
                json.dumps([_POINTER, {"s3BucketName": ends.bucket, "s3Key": key}]),
                MessageAttributes={
                    "ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(len(body))}
                },
            )
        queue_manager.commit()


def sqs_to_mq(ends: Ends) -> None:
    """One receive, one MQPUT, one delete; a pointer is followed to S3."""
    queue = pymqi.Queue(connect(ends), ends.mq, pymqi.CMQC.MQOO_OUTPUT)
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    _ready()
    while True:
        received = sqs.receive_message(QueueUrl=ends.sqs, WaitTimeSeconds=20, MessageAttributeNames=["All"])
        for message in received.get("Messages", ()):
            body = message["Body"].encode()
            if "ExtendedPayloadSize" in message.get("MessageAttributes", {}):
                where = json.loads(body)[1]
                body = s3.get_object(Bucket=where["s3BucketName"], Key=where["s3Key"])["Body"].read()
            md = pymqi.MD()
            md.Format, md.CodedCharSetId = b"MQSTR", 1208
            queue.put(body, md)
            sqs.delete_message(QueueUrl=ends.sqs, ReceiptHandle=message["ReceiptHandle"])


def bare_get(ends: Ends) -> None:
    """MQGET under syncpoint, and an MQCMIT for ten."""
    queue_manager = connect(ends)
    queue = pymqi.Queue(queue_manager, ends.mq, pymqi.CMQC.MQOO_INPUT_SHARED)

    def batch() -> None:
        for _ in range(BATCH):
            _get(queue, 0)
        queue_manager.commit()

    _measure(ends, batch)


def bare_put(ends: Ends) -> None:
    """MQPUT under syncpoint, and an MQCMIT for ten."""
    queue_manager = connect(ends)
    queue = pymqi.Queue(queue_manager, ends.mq, pymqi.CMQC.MQOO_OUTPUT)
    body = Bodies(ends.size)[0]

    def batch() -> None:
        for _ in range(BATCH):
            md, pmo = pymqi.MD(), pymqi.PMO(Options=pymqi.CMQC.MQPMO_SYNCPOINT)
            md.Format, md.CodedCharSetId = b"MQSTR", 1208
            queue.put(body, md, pmo)
        queue_manager.commit()

    _measure(ends, batch)


def bare_publish(ends: Ends) -> None:
    """PublishBatch of ten messages without attributes."""
    sns = boto3.client("sns")
    body = Bodies(ends.size)[0].decode()

    def batch() -> None:
        sns.publish_batch(
            TopicArn=ends.topic,
            PublishBatchRequestEntries=[{"Id": str(number), "Message": body} for number in range(BATCH)],
        )

    _measure(ends, batch)


def bare_receive(ends: Ends) -> None:
    """ReceiveMessage of ten and DeleteMessageBatch."""
    sqs = boto3.client("sqs")

    def batch() -> None:
        received = sqs.receive_message(
            QueueUrl=ends.sqs, MaxNumberOfMessages=BATCH, MessageAttributeNames=["All"]
        )["Messages"]
        sqs.delete_message_batch(
            QueueUrl=ends.sqs,
            Entries=[{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in received],
        )

    _measure(ends, batch)


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


def _measure(ends: Ends, batch: Callable[[], None]) -> None:
    batch()
    batches = ends.count // BATCH - 1
    cpu, began = time.process_time(), time.perf_counter()
    for _ in range(batches):
        batch()
    took = {"cpu": time.process_time() - cpu, "seconds": time.perf_counter() - began}
    told = {what: seconds / (batches * BATCH) for what, seconds in took.items()}
    sys.stdout.write(json.dumps(told) + "\n")


def _ready() -> None:
    sys.stdout.write("loop: ready\n")
    sys.stdout.flush()


_LOOPS = (mq_to_sns, mq_to_sqs, sqs_to_mq, bare_get, bare_put, bare_publish, bare_receive)

if __name__ == "__main__":
    {each.__name__: each for each in _LOOPS}[sys.argv[1]](Ends(**json.loads(sys.argv[2])))
