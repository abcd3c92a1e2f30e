"""What destroy asks, keeps and takes; on small stacks under the names of the real ones."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from tests.deploy.conftest import Checkout, Cloud
from tests.deploy.inventory import inventory

BUCKET = "bridge-orders-dead-letters-123456789012-eu-west-1"
_RETAINED = {"DeletionPolicy": "Retain"}
_TEMPLATE = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}, **_RETAINED},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders-in"}, **_RETAINED},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}, "Description": "Data"}, **_RETAINED},
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/bridge/orders"}, **_RETAINED},
    }
}


@pytest.fixture
def data(cloud: Cloud) -> Iterator[Cloud]:
    """An emulator with a stack bridge-orders-data, whose bucket keeps old versions; gone afterwards."""
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName="bridge-orders-data",
        TemplateBody=json.dumps(_TEMPLATE),
        Tags=[{"Key": "project", "Value": "ibmmq-aws-bridge"}],
    )
    s3 = cloud.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield cloud
    urllib.request.urlopen(urllib.request.Request(f"{cloud.url}/moto-api/reset", method="POST")).close()


def _answered(checkout: Checkout, cloud: Cloud, answer: str, *arguments: str) -> tuple[int, str]:
    """The exit code and the output of deploy.sh in a terminal in which somebody types this answer."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(checkout.root / "deploy.sh"), *arguments],
        cwd=checkout.elsewhere,
        env={**cloud.environment, "TERM": "xterm", "COLUMNS": "150"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    answered = False
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        said += part
        if not answered and b"to go on:" in said:
            os.write(ours, f"{answer}\n".encode())
            answered = True
    os.close(ours)
    assert answered, said.decode()
    return process.wait(timeout=30), said.decode()


@pytest.mark.parametrize("answer", ["no", "", "y", "delete"])
def test_without_a_yes_nothing_is_deleted(checkout: Checkout, data: Cloud, answer: str) -> None:
    before = inventory(data)

    code, said = _answered(checkout, data, answer, "destroy", "orders")

    assert code == 1
    assert "not confirmed: nothing was deleted" in said
    assert f"{BUCKET}: 0 objects" in said
    assert "orders-in: 0 messages" in said
    assert inventory(data) == before


def test_with_a_yes_an_empty_stack_goes_with_what_it_retains(checkout: Checkout, data: Cloud) -> None:
    code, said = _answered(checkout, data, "yes", "destroy", "orders")

    assert code == 0, said
    assert not [names for names in inventory(data).values() if names]


def test_a_yes_is_not_enough_to_delete_data(checkout: Checkout, data: Cloud) -> None:
    data.client("s3").put_object(Bucket=BUCKET, Key="a", Body=b"a dead letter")

    code, said = _answered(checkout, data, "yes", "destroy", "orders", "--delete-data")

    assert code == 1
    assert "all of it, the data too" in said
    assert data.client("s3").get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a dead letter"


def test_the_word_delete_deletes_data_too(checkout: Checkout, data: Cloud) -> None:
    data.client("s3").put_object(Bucket=BUCKET, Key="a", Body=b"a dead letter")

    code, said = _answered(checkout, data, "delete", "destroy", "orders", "--delete-data")

    assert code == 0, said
    assert not [names for names in inventory(data).values() if names]


def test_without_a_terminal_it_wants_yes_said_beforehand(checkout: Checkout, data: Cloud) -> None:
    before = inventory(data)

    done = checkout.run("destroy", env=data.environment)

    assert done.returncode == 1
    assert "there is no terminal to ask on: give --yes" in done.stderr
    assert inventory(data) == before


@pytest.mark.parametrize("what", ["an object", "an old version", "a message"])
def test_whatever_holds_data_is_kept_without_delete_data(checkout: Checkout, data: Cloud, what: str) -> None:
    if what == "a message":
        sqs = data.client("sqs")
        sqs.send_message(
            QueueUrl=sqs.get_queue_url(QueueName="orders-in")["QueueUrl"], MessageBody="an order"
        )
    else:
        data.client("s3").put_object(Bucket=BUCKET, Key="a", Body=b"a dead letter")
    if what == "an old version":
        data.client("s3").delete_object(Bucket=BUCKET, Key="a")
    before = inventory(data)

    done = checkout.run("destroy", "orders", "--yes", env=data.environment)

    assert done.returncode == 0, done.stderr
    assert "bridge-orders-data is kept, as it holds data" in done.stdout
    assert inventory(data) == before


def test_only_the_integrations_named_are_taken(checkout: Checkout, data: Cloud) -> None:
    before = inventory(data)

    done = checkout.run("destroy", "payments", "--yes", env=data.environment)

    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout
    assert inventory(data) == before


def test_somebody_elses_stack_of_such_a_name_is_left_alone(checkout: Checkout, data: Cloud) -> None:
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "theirs"}}}}
    data.client("cloudformation").create_stack(StackName="bridge-crm-data", TemplateBody=json.dumps(topic))

    done = checkout.run("destroy", "--delete-data", "--yes", env=data.environment)

    assert done.returncode == 0, done.stderr
    assert inventory(data)["stacks"] == ["bridge-crm-data"]
    assert inventory(data)["topics"] == ["theirs"]
    assert "bridge-crm" not in done.stdout
