"""What CloudFormation says is there, and deleting it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, WaiterError

from infra.deploy import places
from infra.deploy.errors import DeployError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

GONE = "DELETE_COMPLETE"
_WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack: its CloudFormation type, and what AWS calls it (a name, ARN, URL or id)."""

    stack: str
    type: str
    id: str


def states(client: CloudFormationClient) -> dict[str, str]:
    """The bridge's stacks in this account and region, each with its CloudFormation status.

    They are known by their tag, for others may call a stack bridge-something too.
    """
    return {
        stack["StackName"]: stack["StackStatus"]
        for page in client.get_paginator("describe_stacks").paginate()
        for stack in page["Stacks"]
        if stack["StackName"].startswith("bridge-")
        and {"Key": "project", "Value": places.PROJECT} in stack.get("Tags", [])
        and stack["StackStatus"] != GONE
    }


def state(client: CloudFormationClient, name: str) -> str | None:
    """The stack's CloudFormation status; None without it."""
    try:
        found = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        # CloudFormation has no error code of its own for it.
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            return None
        raise
    return None if found == GONE else found


def is_usable(client: CloudFormationClient, name: str) -> bool:
    """Whether the stack was made and is whole, though its last update may have been rolled back."""
    return state(client, name) in _WHOLE


def resources(client: CloudFormationClient, name: str) -> list[Resource]:
    """What the stack holds at present; empty without the stack."""
    return list(_resources(client, name)) if state(client, name) else []


def _resources(client: CloudFormationClient, name: str) -> Iterator[Resource]:
    for page in client.get_paginator("list_stack_resources").paginate(StackName=name):
        for one in page["StackResourceSummaries"]:
            identity = one.get("PhysicalResourceId")
            if identity and one.get("ResourceStatus") != GONE:
                yield Resource(name, one.get("ResourceType", ""), identity)


def delete(client: CloudFormationClient, name: str) -> str:
    """Deletes the stack and waits until it is gone. Raises `DeployError` with CloudFormation's reasons."""
    if not state(client, name):
        return f"{name} is not there: nothing to do"
    client.delete_stack(StackName=name)
    try:
        client.get_waiter("stack_delete_complete").wait(
            StackName=name, WaiterConfig={"Delay": 5, "MaxAttempts": 720}
        )
    except WaiterError:
        raise DeployError(f"{name} could not be deleted: {_reasons(client, name)}") from None
    return f"{name} is deleted"


def _reasons(client: CloudFormationClient, name: str) -> str:
    failed = [
        f"{event.get('LogicalResourceId', '?')}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in client.describe_stack_events(StackName=name)["StackEvents"]
        if event.get("ResourceStatus") == "DELETE_FAILED"
    ]
    return "; ".join(failed[:5]) or "see the stack's events"


def integrations(found: dict[str, str]) -> list[str]:
    """The integrations that have any stack among those found."""
    parts = {"secrets", "data", "service", "monitoring"}
    names = {
        name.removeprefix("bridge-").rpartition("-")[0] for name in found if name.rpartition("-")[2] in parts
    }
    return sorted(names - {places.MOCK, ""})
