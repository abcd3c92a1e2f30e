"""Takes stacks away: says what would be lost, keeps what holds data unless told twice, and asks."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from infra.deploy import holdings, places, retained_resources, stacks
from infra.deploy.account import Account
from infra.deploy.errors import DeployError
from infra.deploy.options import Options
from infra.deploy.steps import Step, ask, console, take, warn

_NAMED = {
    "AWS::EC2::VPC": "network",
    "AWS::ECR::Repository": "all images in",
    "AWS::ECS::Service": "service",
    "AWS::SNS::Topic": "topic",
    "AWS::SecretsManager::Secret": "secret",
}
"""Resources that are told by name, beside those that hold data."""
SHARED = (places.MOCK_STACK, places.stack(places.MOCK, "secrets"), places.IMAGES, places.NETWORK)
"""What goes last, and only where no integration is named."""


def destroy(options: Options, only: Sequence[str], *, delete_data: bool) -> None:
    """Destroys the integrations named, or without names everything. Raises `DeployError`."""
    if options.dry_run:
        take(
            _steps(options, _order(only or ["<integration>"], shared=not only), delete_data=delete_data),
            dry_run=True,
        )
        return
    found = stacks.states(options.account.session.client("cloudformation"))
    names = [one for one in _order(only or stacks.integrations(found), shared=not only) if one in found]
    _remove(options, names, delete_data=delete_data)
    if only and places.NETWORK in found:
        warn(f"{places.NETWORK} stays, as integrations share it: destroy without a name takes it too")


def mock_down(options: Options) -> None:
    """`mock down`: deletes the mock queue manager's service. Raises `DeployError`."""
    if options.dry_run:
        take(_steps(options, [places.MOCK_STACK], delete_data=True), dry_run=True)
        return
    found = stacks.states(options.account.session.client("cloudformation"))
    _remove(options, [places.MOCK_STACK] if places.MOCK_STACK in found else [], delete_data=False)


def _remove(options: Options, names: Sequence[str], *, delete_data: bool) -> None:
    """Deletes these stacks, in this order, after the question. Raises `DeployError`."""
    if not names:
        console.print("Nothing of it is in this account and region: nothing to do.")
        return
    _tell_loss(options.account, names, delete_data=delete_data)
    word = "delete" if delete_data else "yes"
    if not ask(
        f"Delete the above from account {options.account.id}, {options.account.region}?",
        yes=options.yes,
        word=word,
    ):
        raise DeployError("not confirmed: nothing was deleted")
    take(_steps(options, names, delete_data=delete_data), dry_run=False)


def _order(integrations: Sequence[str], *, shared: bool) -> list[str]:
    own = [places.stack(name, part) for name in integrations for part in reversed(places.PARTS)]
    return [*own, *(SHARED if shared else ())]


def _steps(options: Options, names: Sequence[str], *, delete_data: bool) -> list[Step]:
    data = "with all that it holds" if delete_data else "unless it holds data"

    def step(name: str) -> Step:
        condition = f", {data}" if name.endswith("-data") else ""
        return Step(
            f"delete {name}{condition}", lambda: _delete(options.account, name, delete_data=delete_data)
        )

    return [step(name) for name in names]


def _delete(account: Account, name: str, *, delete_data: bool) -> str:
    resources = stacks.resources(account.session.client("cloudformation"), name)
    # Counted again: the service has written until it was gone.
    held = [one for one in holdings.holdings(account, resources) if one.count]
    if name.endswith("-data") and held and not delete_data:
        listed = "; ".join(str(one) for one in held)
        return f"{name} is kept, as it holds data ({listed}): --delete-data deletes that too"
    said = stacks.delete(account.session.client("cloudformation"), name)
    # What the templates retain would be in the way when the stack is made again under the same names.
    retained = retained_resources.remove(account, resources, data=delete_data)
    return f"{said}, and {retained} resources that CloudFormation had retained" if retained else said


def _tell_loss(account: Account, names: Sequence[str], *, delete_data: bool) -> None:
    table = Table("stack", "what would be lost", title="destroy", title_justify="left", show_lines=True)
    for name in names:
        resources = stacks.resources(account.session.client("cloudformation"), name)
        held = holdings.holdings(account, resources)
        counted = [one.resource for one in held]
        lines = [
            f"{_NAMED[one.type]} {one.id}" for one in resources if one.type in _NAMED and one not in counted
        ]
        lines += [str(one) for one in held]
        if more := len(resources) - len(lines):
            lines.append(f"{more} more resources")
        if any(one.count for one in held) and name.endswith("-data"):
            lines.append(
                "all of it, the data too" if delete_data else "nothing: it is kept, as it holds data"
            )
        table.add_row(name, escape("\n".join(lines)))
    console.print(table)
    if any(name.endswith("-secrets") for name in names):
        warn("a secret goes at once with its stack: keep its certificates and keys elsewhere")
