"""What the examples' bridge needs of AWS: topic, queues, buckets and the secret, made in an emulator."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from certs import Generated

if TYPE_CHECKING:
    from boto3.session import Session

REGION: Final = "eu-west-1"
PAYLOADS, DEAD_LETTERS = "orders-payloads", "orders-dead-letters"
SECRET = "bridge/orders/mq"  # noqa: S105 - its name


@dataclass(frozen=True, slots=True)
class Resources:
    """The topic's ARN, and URLs of SQS queues.

    `subscribed` is to the topic, `stock` is where MQ -> SQS leads, `incoming` where SQS -> MQ begins.
    """

    topic_arn: str
    subscribed: str
    stock: str
    incoming: str


def credentials(certificates: Generated, user: str, password: str) -> str:
    """The secret's value, as docs/configuration.md has it."""
    return json.dumps(
        {
            "certificate": (certificates.bridge / "certificate.pem").read_text(),
            "private_key": (certificates.bridge / "private_key.pem").read_text(),
            "ca": certificates.ca.read_text(),
            "user": user,
            "password": password,
        }
    )


def make(session: Session, aws_url: str, secret: str) -> Resources:
    """Makes what is not there yet, and puts the secret."""
    sns, sqs = session.client("sns", endpoint_url=aws_url), session.client("sqs", endpoint_url=aws_url)
    s3 = session.client("s3", endpoint_url=aws_url)
    for bucket in (PAYLOADS, DEAD_LETTERS):
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    topic = sns.create_topic(Name="orders")["TopicArn"]
    subscribed, stock, incoming = (
        sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("orders-test", "stock", "orders-in")
    )
    arn = sqs.get_queue_attributes(QueueUrl=subscribed, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    secrets = session.client("secretsmanager", endpoint_url=aws_url)
    try:
        secrets.create_secret(Name=SECRET, SecretString=secret)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=SECRET, SecretString=secret)
    return Resources(topic, subscribed, stock, incoming)
