"""The AWS account and region that everything goes to, found the way boto3 and the AWS CLI find them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from infra.deploy.errors import DeployError


@dataclass(frozen=True)
class Account:
    """A session that is known to work; AWS_ENDPOINT_URL, where it is set, holds for boto3 and CDK alike."""

    session: boto3.Session
    profile: str | None
    id: str
    region: str

    def environment(self) -> dict[str, str]:
        """The environment in which a child process finds the same account and region."""
        return {
            **os.environ,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **({"AWS_PROFILE": self.profile} if self.profile else {}),
        }


def open_account(profile: str | None, region: str | None) -> Account:
    """The account that the environment or the profile leads to.

    Raises `DeployError` where there are no credentials, no region, or AWS does not take them.
    """
    try:
        # boto3 itself knows AWS_DEFAULT_REGION only; the CDK, and AWS's other tools, AWS_REGION too.
        session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
    except ProfileNotFound:
        raise DeployError(
            f"there is no AWS profile {profile}: see ~/.aws/config, or give another --profile"
        ) from None
    if session.region_name is None:
        raise DeployError("no region was found: give --region, or set AWS_REGION or the profile's region")
    try:
        if session.get_credentials() is None:
            raise DeployError(
                "no AWS credentials were found: give --profile, set AWS_PROFILE, or log in (aws sso login)"
            )
        caller = session.client("sts").get_caller_identity()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "?")
        raise DeployError(
            f"AWS does not take these credentials ({code}): renew them, or give another --profile"
        ) from None
    except BotoCoreError as error:
        raise DeployError(
            f"AWS can't be asked who this is ({error}): check credentials, region and network"
        ) from None
    return Account(session, profile, caller["Account"], session.region_name)
