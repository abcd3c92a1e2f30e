"""Large bodies on their way to S3 and from there: in parts, several at a time, and nothing left behind."""

from __future__ import annotations

import base64
import json
import ssl
import tracemalloc
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from structlog.testing import capture_logs

from bridge.aws import upload
from bridge.aws.letter_box import AGENT
from bridge.aws.session import Clients, TimeOuts
from bridge.aws.sqs_destination import SqsDestination
from bridge.aws.sqs_source import SqsSource
from bridge.configuration import Offload
from bridge.message import Descriptor, Fault, Message
from tests.fixtures.aws import ACCOUNT, REGION, Aws
from tests.fixtures.certificates import Certificates
from tests.fixtures.fault_proxy import FaultProxy

MIB = 1024 * 1024
LONG = Message(b"0123456789abcdef" * (17 * MIB // 16), Descriptor(format="MQSTR"))


@pytest.fixture
def bucket(aws: Aws, fault_proxy: FaultProxy) -> str:
    return aws.make_bucket()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def text(size: int, number: int = 0) -> Message:
    return Message(b"%0*d" % (size, number), Descriptor(format="MQSTR"))


def sink(aws: Aws, bucket: str, agent: str = "ibmmq-aws-bridge") -> tuple[SqsDestination, str]:
    """A destination that has sent one message through S3, and its queue, which is empty."""
    queue = aws.make_queue()
    made = SqsDestination(Clients(time_outs=TimeOuts(read=5), agent=agent), queue, Offload(bucket=bucket))
    assert made.deliver([text(300_000)]) == [None]
    aws.read_all(queue)
    return made, queue


def stored(aws: Aws, queue: str) -> list[bytes]:
    """What the pointers in a queue lead to."""
    pointers = [json.loads(message["Body"])[1] for message in aws.read_all(queue)]
    return sorted(aws.object(each["s3BucketName"], each["s3Key"]) for each in pointers)


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (LONG, LONG.body),
        (Message(bytes(13 * MIB)), base64.b64encode(bytes(13 * MIB))),
        (Message(LONG.body.decode().encode("cp500"), Descriptor(format="MQSTR", ccsid=500)), LONG.body),
    ],
    ids=["text", "base64", "text from EBCDIC"],
)
def test_a_long_body_arrives_whole_in_parts(
    aws: Aws, bucket: str, fault_proxy: FaultProxy, message: Message, expected: bytes
) -> None:
    out, queue = sink(aws, bucket)
    assert out.deliver([message]) == [None]
    [arrived] = stored(aws, queue)
    assert arrived == expected
    parts = [request for request in fault_proxy.requests if request.action == "UploadPart"]
    assert len(parts) == len(expected) // upload.PART + 1
    for request in parts:
        assert request.headers["x-amz-checksum-crc32"] == crc32(request.body)
    requests = [request for request in fault_proxy.requests if "uploadId" in request.path]
    assert {request.headers["x-amz-expected-bucket-owner"] for request in requests} == {ACCOUNT}


def test_over_tls_a_body_is_sent_at_once_with_its_checksum_before_it(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without TLS the body is signed besides, which S3 asks for."""
    came: list[tuple[Mapping[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            came.append((headers, self.rfile.read(int(headers.get("content-length", 0)))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_certificate, certificates.server_key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    for name, value in {
        "AWS_ENDPOINT_URL_S3": f"https://127.0.0.1:{server.server_port}",
        "AWS_CA_BUNDLE": str(certificates.ca),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    serving = Thread(target=server.handle_request)
    serving.start()
    Clients().s3().put_object(Bucket="bucket", Key="key", Body=LONG.body)
    serving.join()
    server.server_close()
    [(headers, body)] = came
    assert body == LONG.body
    assert headers["x-amz-checksum-crc32"] == crc32(body)
    assert headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert "transfer-encoding" not in headers


def test_parts_are_under_way_together(
    aws: Aws, bucket: str, fault_proxy: FaultProxy, threads: ThreadPoolExecutor
) -> None:
    out, queue = sink(aws, bucket)
    held = [fault_proxy.hold("UploadPart") for _ in range(4)]
    delivering = threads.submit(out.deliver, [LONG])
    fault_proxy.wait_for("UploadPart", 4)
    for each in held:
        each.set()
    assert delivering.result(20) == [None]
    assert stored(aws, queue) == [LONG.body]


@pytest.mark.parametrize(
    ("action", "agent"),
    [
        ("CreateMultipartUpload", "ibmmq-aws-bridge"),
        ("UploadPart", "ibmmq-aws-bridge"),
        ("UploadPart", AGENT),
        ("CompleteMultipartUpload", "ibmmq-aws-bridge"),
    ],
)
def test_an_upload_that_fails_leaves_nothing_and_is_s3s_fault_and_the_message_can_be_sent_again(
    aws: Aws, bucket: str, fault_proxy: FaultProxy, action: str, agent: str
) -> None:
    out, queue = sink(aws, bucket, agent)
    before = aws.keys(bucket)
    fault_proxy.answer(action, status=503, code="SlowDown")
    [refused] = out.deliver([LONG])
    assert refused
    assert refused.fault is Fault.DESTINATION
    assert refused.reason.startswith(f"s3://{bucket}: refused with SlowDown")
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)
    assert aws.keys(bucket) == before
    assert aws.counts(queue) == (0, 0)
    assert out.deliver([LONG]) == [None]
    assert stored(aws, queue) == [LONG.body]


def test_an_upload_that_cannot_be_aborted_is_said_and_the_reason_is_that_of_its_failure(
    aws: Aws, bucket: str, fault_proxy: FaultProxy
) -> None:
    out, _ = sink(aws, bucket)
    fault_proxy.answer("UploadPart", status=503, code="SlowDown")
    fault_proxy.answer("AbortMultipartUpload", status=403, code="AccessDenied")
    with capture_logs() as logs:
        [refused] = out.deliver([LONG])
    assert refused
    assert "SlowDown" in refused.reason
    [said] = logs
    assert said["event"] == "upload_not_aborted"
    assert "AccessDenied" in said["reason"]


def test_the_bodies_of_a_unit_of_work_are_put_together(
    aws: Aws, bucket: str, fault_proxy: FaultProxy, threads: ThreadPoolExecutor
) -> None:
    out, queue = sink(aws, bucket)
    messages = [text(MIB, number) for number in range(10)]
    held = [fault_proxy.hold("PutObject") for _ in messages]
    delivering = threads.submit(out.deliver, messages)
    fault_proxy.wait_for("PutObject", 1 + len(messages))
    for each in held:
        each.set()
    assert delivering.result(20) == [None] * 10
    assert stored(aws, queue) == [message.body for message in messages]


def test_one_body_that_s3_refuses_is_that_messages_outcome_and_the_others_arrive(
    aws: Aws, bucket: str, fault_proxy: FaultProxy
) -> None:
    out, queue = sink(aws, bucket)
    fault_proxy.answer("PutObject", status=400, code="EntityTooLarge")
    messages = [text(300_000, number) for number in range(5)]
    outcomes = out.deliver(messages)
    assert [each.fault for each in outcomes if each] == [Fault.MESSAGE]
    arrived = [message.body for message, refused in zip(messages, outcomes, strict=True) if refused is None]
    assert stored(aws, queue) == arrived


def test_an_s3_that_went_away_is_asked_for_one_body_until_it_is_back(
    aws: Aws, bucket: str, fault_proxy: FaultProxy
) -> None:
    out, queue = sink(aws, bucket)
    messages = [text(300_000, number) for number in range(12)]
    fault_proxy.answer("PutObject", status=503, code="SlowDown", times=99)
    for asked in (10, 1):
        before = fault_proxy.count("PutObject")
        assert [each and each.fault for each in out.deliver(messages)] == [Fault.DESTINATION] * 12
        assert 1 <= fault_proxy.count("PutObject") - before <= asked
    fault_proxy.mend()
    assert out.deliver(messages) == [None] * 12
    assert stored(aws, queue) == [message.body for message in messages]


@pytest.fixture
def queue(aws: Aws, fault_proxy: FaultProxy) -> str:
    return aws.make_queue()


@pytest.fixture
def source(aws: Aws, bucket: str, queue: str) -> Iterator[SqsSource]:
    """It has fetched one payload of ten bytes."""
    orders = SqsSource(
        Clients(time_outs=TimeOuts(read=5)),
        queue,
        ccsid=1208,
        format="MQSTR",
        wait=0,
        offload=Offload(bucket=bucket, maximum_size=4000),
        most_bytes=5000,
    )
    send(aws, bucket, queue, "first", bytes(10))
    assert len(orders.take(10)) == 1
    orders.commit()
    yield orders
    orders.close()


def send(aws: Aws, bucket: str, queue: str, key: str, body: bytes | None, *, told: int = 1) -> None:
    """Sends a pointer to a payload, if there is one, that says that this has `told` bytes."""
    if body is not None:
        aws.s3.put_object(Bucket=bucket, Key=key, Body=body)
    aws.sqs.send_message(
        QueueUrl=queue,
        MessageBody=json.dumps(
            ["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": bucket, "s3Key": key}]
        ),
        MessageAttributes={"ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(told)}},
    )


def test_the_payloads_of_a_unit_of_work_are_fetched_together(
    aws: Aws,
    bucket: str,
    queue: str,
    source: SqsSource,
    fault_proxy: FaultProxy,
    threads: ThreadPoolExecutor,
) -> None:
    bodies = [b"%01000d" % number for number in range(5)]
    for number, body in enumerate(bodies):
        send(aws, bucket, queue, str(number), body, told=len(body))
    held = [fault_proxy.hold("GetObject") for _ in bodies]
    taking = threads.submit(source.take, 10)
    fault_proxy.wait_for("GetObject", 1 + len(bodies))
    for each in held:
        each.set()
    assert sorted(delivery.message.body for delivery in taking.result(20)) == bodies
    assert fault_proxy.count("GetObject") == 1 + len(bodies)


def test_no_more_is_held_than_a_unit_of_work_has_bytes_whatever_senders_say_of_sizes(aws: Aws) -> None:
    queue, bucket = aws.make_queue(), aws.make_bucket()
    orders = SqsSource(
        Clients(),
        queue,
        ccsid=1208,
        format="MQSTR",
        wait=0,
        offload=Offload(bucket=bucket),
        most_bytes=5 * MIB,
    )
    send(aws, bucket, queue, "first", bytes(10))
    assert len(orders.take(10)) == 1
    orders.commit()
    for number in range(7):
        send(aws, bucket, queue, str(number), b"%0*d" % (3 * MIB, number), told=1)
    units = []
    tracemalloc.start()
    try:
        while unit := orders.take(10):
            units.append(len(unit))
            orders.commit()
        del unit
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        orders.close()
    assert units == [2, 2, 2, 1]
    assert most < 15 * MIB


def test_payloads_fetched_ahead_are_let_go_with_a_back_out_and_all_come_again(
    aws: Aws, bucket: str, queue: str, fault_proxy: FaultProxy
) -> None:
    large = 5 * MIB
    orders = SqsSource(
        Clients(),
        queue,
        ccsid=1208,
        format="MQSTR",
        wait=0,
        offload=Offload(bucket=bucket),
        most_bytes=2 * large + 1,
    )
    send(aws, bucket, queue, "first", bytes(10))
    assert len(orders.take(10)) == 1
    orders.commit()
    bodies = [b"%0*d" % (large, number) for number in range(4)]
    for number, body in enumerate(bodies):
        send(aws, bucket, queue, str(number), body, told=large)
    assert len(orders.take(10)) == 1
    # The next one's, while the first is in hand.
    fault_proxy.wait_for("GetObject", 3)
    orders.back_out()
    arrived = []
    for _ in bodies:
        (delivery,) = orders.take(10)
        arrived.append(delivery.message.body)
        orders.commit()
    orders.close()
    assert sorted(arrived) == bodies
    # Of the one that was let go the body may have been on its way yet, so that there was no room for another.
    assert fault_proxy.count("GetObject") - 3 - len(bodies) in {0, 1}


def test_of_payloads_that_are_fetched_together_a_bad_one_is_a_fault_of_its_own_message(
    aws: Aws, bucket: str, queue: str, source: SqsSource
) -> None:
    payloads = {"good": b"x", "gone": None, "too large": bytes(4001), "no text": b"\xff", "fine": b"y"}
    for key, body in payloads.items():
        send(aws, bucket, queue, key, body)
    taken = source.take(10)
    assert sorted(delivery.message.body for delivery in taken if not delivery.fault) == [b"x", b"y"]
    faults = sorted(delivery.fault.partition(" ")[2] for delivery in taken if delivery.fault)
    assert [reason in fault for reason, fault in zip(("gone", "not text", "too large"), faults, strict=True)]
    for reason in ("the payload is gone (NoSuchKey)", "UTF-8", "4001 bytes; the limit is 4000"):
        assert sum(reason in fault for fault in faults) == 1


def test_of_payloads_that_are_fetched_together_one_that_breaks_off_waits_and_the_others_go_on(
    aws: Aws, bucket: str, queue: str, source: SqsSource, fault_proxy: FaultProxy
) -> None:
    for number in range(3):
        send(aws, bucket, queue, str(number), b"%d" % number * 1000)
    fault_proxy.cut("GetObject", where="/1")
    taken = sorted(delivery.message.body[:1] for delivery in source.take(10))
    assert taken == [b"0", b"2"]
    source.commit()
    assert aws.counts(queue) == (0, 1)
