"""Removes, one by one, what CloudFormation retains when its stack is deleted.

The templates retain everything that holds data, so that no slip in a console or template loses any. What
reaches this module was named to the user, who confirmed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.errors import DeployError
from infra.deploy.holdings import BUCKET, LOG_GROUP, QUEUE
from infra.deploy.stacks import Resource

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

KEY = "AWS::KMS::Key"
REPOSITORY = "AWS::ECR::Repository"
WAITING_DAYS = 30
"""How long a key waits for its deletion, in which it can be had back: the most that KMS allows."""

_NOT_THERE = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NotFoundException",
    "QueueDoesNotExist",
    "RepositoryNotFoundException",
    "ResourceNotFoundException",
}


def remove(account: Account, resources: Iterable[Resource], *, data: bool) -> int:
    """Removes those that their stack has left behind; says how many they were. Keys go last.

    Raises `DeployError` at a bucket that got objects after it was counted, unless `data` goes too.
    """
    ordered = sorted(resources, key=lambda one: one.type == KEY)
    return sum(_remove(account, one, data=data) for one in ordered if one.type in _REMOVERS)


def _remove(account: Account, resource: Resource, *, data: bool) -> bool:
    try:
        if resource.type == BUCKET and data:
            _empty(account, resource.id)
        return _REMOVERS[resource.type](account, resource.id)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in _NOT_THERE:
            return False
        if code == "BucketNotEmpty":
            raise DeployError(
                f"the bucket {resource.id} got objects after they were counted, so it is kept, with its key: "
                "save them, then delete both"
            ) from None
        raise


def _empty(account: Account, name: str) -> None:
    client = account.session.client("s3")
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        found: list[ObjectIdentifierTypeDef] = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        ]
        if found:
            client.delete_objects(Bucket=name, Delete={"Objects": found, "Quiet": True})


def _bucket(account: Account, name: str) -> bool:
    account.session.client("s3").delete_bucket(Bucket=name)
    return True


def _queue(account: Account, url: str) -> bool:
    account.session.client("sqs").delete_queue(QueueUrl=url)
    return True


def _log_group(account: Account, name: str) -> bool:
    account.session.client("logs").delete_log_group(logGroupName=name)
    return True


def _repository(account: Account, name: str) -> bool:
    account.session.client("ecr").delete_repository(repositoryName=name, force=True)
    return True


def _key(account: Account, identity: str) -> bool:
    if (
        account.session.client("kms").describe_key(KeyId=identity)["KeyMetadata"].get("KeyState")
        == "PendingDeletion"
    ):
        return False
    account.session.client("kms").schedule_key_deletion(KeyId=identity, PendingWindowInDays=WAITING_DAYS)
    return True


_REMOVERS: dict[str, Callable[[Account, str], bool]] = {
    BUCKET: _bucket,
    QUEUE: _queue,
    LOG_GROUP: _log_group,
    REPOSITORY: _repository,
    KEY: _key,
}
