"""What the stacks' buckets, queues and log groups hold: what nobody gets back once it is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from infra.deploy.account import Account
from infra.deploy.stacks import Resource

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

BUCKET = "AWS::S3::Bucket"
QUEUE = "AWS::SQS::Queue"
LOG_GROUP = "AWS::Logs::LogGroup"
MOST = 10_000
"""How far a bucket's objects are counted."""

_UNITS = {BUCKET: "objects, old versions counted", QUEUE: "messages", LOG_GROUP: "bytes of log"}


@dataclass(frozen=True, slots=True)
class Holding:
    """How many objects (every version counts), messages or bytes of log; None: it is not there."""

    resource: Resource
    count: int | None

    @property
    def name(self) -> str:
        """Without the rest of a queue's URL."""
        return self.resource.id.rpartition("/")[2] if self.resource.type == QUEUE else self.resource.id

    @property
    def says(self) -> str:
        """The count and of what."""
        if self.count is None:
            return "not there"
        more = " or more" if self.resource.type == BUCKET and self.count == MOST else ""
        return f"{self.count}{more} {_UNITS[self.resource.type]}"

    def __str__(self) -> str:
        return f"{self.name}: {self.says}"


def holdings(account: Account, resources: Sequence[Resource]) -> list[Holding]:
    """What each bucket, queue and log group among the resources holds."""
    return [Holding(one, _count(account, one)) for one in resources if one.type in _UNITS]


def _count(account: Account, resource: Resource) -> int | None:
    if resource.type == BUCKET:
        return _objects(account.session.client("s3"), resource.id)
    if resource.type == QUEUE:
        return _messages(account.session.client("sqs"), resource.id)
    return _bytes(account.session.client("logs"), resource.id)


def _messages(client: SQSClient, url: str) -> int | None:
    """Waiting, delayed or in somebody's hands, as far as SQS knows (it is some seconds late)."""
    try:
        found = client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
    except client.exceptions.QueueDoesNotExist:
        return None
    return sum(int(count) for count in found["Attributes"].values())


def _objects(client: S3Client, bucket: str) -> int | None:
    """The versions in a bucket, delete markers among them, counted as far as `MOST`."""
    try:
        pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket)
        every = (one for page in pages for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])))
        return sum(1 for _ in islice(every, MOST))
    except client.exceptions.NoSuchBucket:
        return None


def _bytes(client: CloudWatchLogsClient, name: str) -> int | None:
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
        for group in page["logGroups"]:
            if group.get("logGroupName") == name:
                return group.get("storedBytes", 0)
    return None
