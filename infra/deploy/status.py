"""The table of `status`: what is there, whether it runs, what waits in it, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from infra.deploy import places, stacks, values
from infra.deploy.account import Account
from infra.deploy.holdings import Holding, holdings
from infra.deploy.stacks import Resource

SERVICE = "AWS::ECS::Service"
ALARM = "AWS::CloudWatch::Alarm"
WARN_DAYS = 30
"""Days before a certificate expires from which it is shown in red, as its alarm is set."""


def tables(account: Account, only: Sequence[str]) -> list[Table]:
    """One table of the stacks, then one an integration; those named in `only`, or all without any."""
    found = stacks.states(account.session.client("cloudformation"))
    names = [name for name in stacks.integrations(found) if not only or name in only]
    shown = [_stacks(found, only)]
    shown += [_integration(account, name, found) for name in names]
    if places.MOCK_STACK in found and not only:
        shown.append(_details(account, "the mock queue manager", [places.MOCK_STACK], places.MOCK))
    return shown


def _stacks(found: dict[str, str], only: Sequence[str]) -> Table:
    table = Table("stack", "state", title="stacks", title_justify="left")
    for name, state in sorted(found.items()):
        if not only or any(name.startswith(f"bridge-{one}-") for one in only):
            good = state.endswith("_COMPLETE") and "ROLLBACK" not in state
            table.add_row(name, f"[{'green' if good else 'red'}]{state}[/]")
    if not table.rows:
        table.add_row("none", "nothing is deployed in this account and region")
    return table


def _integration(account: Account, name: str, found: dict[str, str]) -> Table:
    parts = [places.stack(name, part) for part in ("data", "service", "monitoring")]
    return _details(account, name, [one for one in parts if one in found], name)


def _details(account: Account, title: str, names: Sequence[str], secret_of: str) -> Table:
    table = Table("what", "is", title=title, title_justify="left")
    every = [
        one for name in names for one in stacks.resources(account.session.client("cloudformation"), name)
    ]
    for resource in every:
        if resource.type == SERVICE:
            table.add_row("service", _service(account, resource))
    for holding in holdings(account, every):
        table.add_row(*_held(holding))
    alarms = [one.id for one in every if one.type == ALARM]
    if alarms:
        table.add_row("alarms", _alarms(account, alarms))
    table.add_row("certificate", _certificate(account, places.secret(secret_of)))
    return table


def _service(account: Account, resource: Resource) -> str:
    """Tasks wanted and running, and how its newest deployment stands."""
    # arn:...:service/CLUSTER/NAME
    cluster = resource.id.split("/")[-2]
    described = account.session.client("ecs").describe_services(cluster=cluster, services=[resource.id])[
        "services"
    ]
    if not described:
        return "[red]not there[/]"
    service = described[0]
    newest = [one for one in service.get("deployments", []) if one.get("status") == "PRIMARY"]
    rollout = newest[0].get("rolloutState", "unknown") if newest else "unknown"
    colour = "green" if service["runningCount"] >= service["desiredCount"] and rollout != "FAILED" else "red"
    return (
        f"[{colour}]{service['runningCount']} of {service['desiredCount']} tasks run[/], deployment {rollout}"
    )


def _held(holding: Holding) -> tuple[str, str]:
    """A queue's, bucket's or log's row; dead letters stand out."""
    bad = holding.count is None or (
        holding.count and ("dead-letters" in holding.name or "redrive" in holding.name)
    )
    return holding.name, f"[red]{holding.says}[/]" if bad else holding.says


def _alarms(account: Account, names: Sequence[str]) -> str:
    # 100 names are the most at a time, and more than an integration has.
    found = account.session.client("cloudwatch").describe_alarms(AlarmNames=list(names[:100]))["MetricAlarms"]
    ringing = [alarm["AlarmName"] for alarm in found if alarm.get("StateValue") == "ALARM"]
    return f"[red]ALARM: {', '.join(ringing)}[/]" if ringing else f"[green]none of {len(names)} in ALARM[/]"


def _certificate(account: Account, name: str) -> str:
    if not values.has_value(account.session.client("secretsmanager"), name):
        return "[red]no value yet: create_secrets[/]"
    days = values.days_left(account.session.client("secretsmanager"), name)
    if days is None:
        return "none, or not readable"
    return f"[{'red' if days < WARN_DAYS else 'green'}]{days} days left[/]"
