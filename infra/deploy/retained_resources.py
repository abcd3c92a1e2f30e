"""Removes, one by one, what CloudFormation retains when its stack is deleted.

The templates retain everything that holds data, so that no slip in a console or template loses any. What
reaches this module was named to the user, who confirmed it.
"""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.holdings import BUCKET, LOG_GROUP, QUEUE
from infra.deploy.stacks import Resource

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


def remove(account: Account, resource: Resource) -> bool:
    """Removes the resource if its stack has left it behind; says whether it had to."""
    act = _REMOVERS.get(resource.type)
    if act is None:
        return False
    try:
        return act(account, resource.id)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _NOT_THERE:
            return False
        raise


def _bucket(account: Account, name: str) -> bool:
    for page in account.session.client("s3").get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            account.session.client("s3").delete_objects(
                Bucket=name,
                Delete={"Objects": [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]},
            )
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
