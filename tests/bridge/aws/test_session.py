from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from botocore.exceptions import ConnectionClosedError

from bridge.aws.secrets import fetch_secret
from bridge.aws.session import Clients, TimeOuts
from bridge.aws.storage import Storage, TooLarge
from bridge.errors import Away, Stop
from tests.fixtures.aws import ACCOUNT, Aws
from tests.fixtures.fault_proxy import FaultProxy


def test_boto3_is_as_it_was_after_the_extended_clients_were_imported(aws: Aws) -> None:
    script = """
import boto3
boto3.setup_default_session()
import bridge.aws.sns, bridge.aws.sqs_destination, bridge.aws.sqs_source
extended = hasattr(boto3.client("sqs"), "large_payload_support")
print(type(boto3.DEFAULT_SESSION), boto3.Session, boto3.session.Session, extended)
"""
    told = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split("\n")[0] == " ".join(["<class 'boto3.session.Session'>"] * 3 + ["False"])


def test_a_broken_connection_is_not_sent_again_behind_our_back(aws: Aws, fault_proxy: FaultProxy) -> None:
    client, queue = Clients().sqs(), aws.make_queue()
    fault_proxy.drop("SendMessage", after=True)
    with pytest.raises(ConnectionClosedError):
        client.send_message(QueueUrl=queue, MessageBody="once")
    assert fault_proxy.count("SendMessage") == 1
    assert aws.counts(queue) == (1, 0)


@pytest.mark.parametrize("code", ["Throttling", "ServiceUnavailable"])
def test_a_refused_call_is_not_sent_again_behind_our_back(
    aws: Aws, fault_proxy: FaultProxy, code: str
) -> None:
    client, queue = Clients().sqs(), aws.make_queue()
    fault_proxy.answer("SendMessage", status=503, code=code, times=3)
    with pytest.raises(client.exceptions.ClientError, match=code):
        client.send_message(QueueUrl=queue, MessageBody="once")
    assert fault_proxy.count("SendMessage") == 1


def test_clients_are_made_once_a_region_and_go_to_the_arns_region(aws: Aws) -> None:
    clients = Clients(region="eu-west-2")
    assert clients.sns("us-east-1") is clients.sns("us-east-1")
    assert clients.sns("us-east-1").meta.region_name == "us-east-1"
    assert clients.sns().meta.region_name == "eu-west-2"


def test_the_region_is_the_environments(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Clients().sqs().meta.region_name == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert Clients().sqs().meta.region_name == "eu-north-1"


def test_without_a_region_the_user_is_told_what_to_set(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(Stop, match=r"^sqs: .*region.*set AWS_REGION"):
        Clients().sqs()


@pytest.mark.parametrize(
    ("variable", "value"), [("AWS_ENDPOINT_URL", "nonsense"), ("AWS_PROFILE", "no-such-profile")]
)
def test_settings_boto3_cannot_use_are_said_plainly(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Stop, match=rf"^sqs: boto3 can't make a client .*{value}"):
        Clients().sqs()


def test_every_call_to_s3_names_the_buckets_owner_asked_of_sts_once(
    aws: Aws, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    storage = Storage(Clients(), largest=100)
    storage.put_object(Bucket=bucket, Key="k", Body=b"body")
    assert storage.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"
    storage.delete_object(Bucket=bucket, Key="k")
    to_s3 = [request for request in fault_proxy.requests if request.action.endswith("Object")]
    assert [request.headers.get("x-amz-expected-bucket-owner") for request in to_s3] == [ACCOUNT] * 3
    assert fault_proxy.count("GetCallerIdentity") == 1


def test_where_sts_cannot_be_asked_the_arns_account_is_the_owner(aws: Aws, fault_proxy: FaultProxy) -> None:
    fault_proxy.answer("GetCallerIdentity", status=403, code="AccessDenied", times=5)
    bucket = aws.make_bucket()
    storage = Storage(Clients(), largest=100, owner="210987654321")
    storage.put_object(Bucket=bucket, Key="k", Body=b"body")
    storage.put_object(Bucket=bucket, Key="k", Body=b"body")
    owners = [
        request.headers.get("x-amz-expected-bucket-owner")
        for request in fault_proxy.requests
        if request.action == "PutObject"
    ]
    assert owners == ["210987654321"] * 2
    assert fault_proxy.count("GetCallerIdentity") == 1


def test_an_object_over_the_limit_is_refused_and_one_at_the_limit_read(aws: Aws) -> None:
    bucket = aws.make_bucket()
    storage = Storage(Clients(), largest=10)
    aws.s3.put_object(Bucket=bucket, Key="at", Body=bytes(10))
    aws.s3.put_object(Bucket=bucket, Key="over", Body=bytes(11))
    assert len(storage.get_object(Bucket=bucket, Key="at")["Body"].read()) == 10
    with pytest.raises(TooLarge, match=r"over is 11 bytes; the limit is 10 bytes"):
        storage.get_object(Bucket=bucket, Key="over")


def test_an_endpoint_that_is_not_there_is_away_and_said_plainly(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:  # bound, but nobody listens
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(Away, match=r"^secretsmanager:orders: can't be reached .*Could not connect"):
            fetch_secret("orders", Clients())


def test_without_credentials_the_user_is_told_so(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Away, match=r"^secretsmanager:orders: no usable credentials .*check the task's role"):
        fetch_secret("orders", Clients())


def test_a_hanging_call_ends_at_the_time_out(aws: Aws, fault_proxy: FaultProxy) -> None:
    release = fault_proxy.hold("GetSecretValue")
    clients = Clients(time_outs=TimeOuts(read=0.3))
    with pytest.raises(Away, match="ReadTimeoutError"):
        fetch_secret("orders", clients)
    release.set()
