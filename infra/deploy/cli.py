"""The command line of deploy.sh. Exit codes: 0 done, 1 failed or refused, 2 bad usage or integration file."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from infra import settings
from infra.deploy import deploying, destroying, images, places, status, values
from infra.deploy.errors import DeployError
from infra.deploy.options import Options
from infra.deploy.steps import Step, ask, console, take, warn
from infra.settings import SettingsError

_FLAGS = {"--dry-run", "--yes", "-y"}
_VALUED = {"--profile", "--region"}
_OTHER_VALUED = {"--from", "--bridge-image", "--mock-image", "--build-arg"}
_EPILOG = "--dry-run, --yes, --profile and --region may stand anywhere."


def _reordered(arguments: Sequence[str]) -> list[str]:
    """The options that hold for every command come first, wherever they stood."""
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for one in waiting:
        if one in _VALUED:
            first += [one, *([] if (value := next(waiting, None)) is None else [value])]
        elif one in _FLAGS or one.partition("=")[0] in _VALUED:
            first.append(one)
        else:
            rest.append(one)
    ordered = first + rest
    # typer itself says this one without usage.
    if ordered and ordered[-1] in _VALUED | _OTHER_VALUED:
        sys.stderr.write("Usage: deploy.sh [OPTIONS] COMMAND [ARGS]...\n")
        _fail(f"{ordered[-1]} needs a value: see deploy.sh --help", 2)
    return ordered


def _typer(summary: str) -> typer.Typer:
    return typer.Typer(
        help=summary,
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _typer("Puts the bridge into an AWS account, shows it there, and takes it away again.")
creating = _typer("Give a secret its first value; one that it has is kept.")
updating = _typer("Give a secret a new value.")
mocking = _typer("A mock queue manager in AWS, for rehearsals.")
app.add_typer(creating, name="create_secrets")
app.add_typer(updating, name="update_secrets")


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", text) or text == places.MOCK:
        raise typer.BadParameter(f"{text!r} can't be an integration: up to 20 of a-z, 0-9 and -")
    return text


def _integration(text: str) -> str:
    """A name with a file that is right."""
    _name(text)
    known = _known()
    if text not in known:
        raise typer.BadParameter(f"there is no infra/integrations/{text}.yaml; there are: {', '.join(known)}")
    return text


def _known() -> list[str]:
    return sorted(path.stem for path in places.INTEGRATIONS.glob("*.yaml"))


def _checked(names: Sequence[str]) -> list[str]:
    """The integrations named, or all that have a file; each checked. Raises `SettingsError`."""
    chosen = list(dict.fromkeys(names)) or _known()
    for name in chosen:
        settings.load(places.INTEGRATIONS / f"{name}.yaml")
    return chosen


def _pinned(text: str) -> str:
    try:
        return images.pinned(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _build_argument(text: str) -> str:
    try:
        return images.build_argument(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Integration = Annotated[
    str,
    typer.Argument(
        parser=_integration, metavar="INTEGRATION", help="The name of a file in infra/integrations/."
    ),
]
Integrations = Annotated[
    list[str] | None,
    typer.Argument(
        parser=_integration, metavar="[INTEGRATION]...", help="Those of infra/integrations/; none: all."
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(parser=_name, metavar="[INTEGRATION]...", help="Which ones; none: all there are."),
]
From = Annotated[
    Path,
    typer.Option(
        "--from",
        exists=True,
        file_okay=False,
        metavar="DIR",
        help="Where certificate.pem, private_key.pem and ca.pem are; also private_key_passphrase, user, "
        "password, where they are needed.",
    ),
]
BridgeImage = Annotated[
    str | None,
    typer.Option(
        "--bridge-image", parser=_pinned, metavar="NAME@sha256:...", help="An image made elsewhere."
    ),
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Start new tasks, which read the secret; the old ones drain.")
]
BuildArguments = Annotated[
    list[str] | None,
    typer.Option(
        "--build-arg",
        parser=_build_argument,
        metavar="NAME=VALUE",
        help="An argument of the Dockerfile: MQ_CLIENT_SHA256 and MQ_CLIENT_VERSION for IBM's client, "
        "BUILD_IMAGE, RUNTIME_IMAGE. Repeatable.",
    ),
]


@app.callback()
def _options(
    ctx: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; ask AWS nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.")] = False,
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="The AWS profile to use.")] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="The AWS region to use.")] = None,
) -> None:
    ctx.obj = Options(dry_run=dry_run, yes=yes, profile=profile, region=region)


@app.command("generate_secrets", epilog=_EPILOG)
def generate_secrets(ctx: typer.Context) -> None:
    """Make throwaway certificates in certs/out."""
    options: Options = ctx.obj
    replace = values.generated_exist() and not values.generated_serve() and not options.dry_run
    if replace and not ask(
        f"certs/out has certificates, but not for {places.MOCK_HOST}. Replace them?", yes=options.yes
    ):
        raise DeployError("not confirmed: the certificates are as they were")
    step = Step("throwaway certificates in certs/out, unless there are valid ones", values.generate)
    take([step], dry_run=options.dry_run)


@creating.command("broker", epilog=_EPILOG)
def create_broker(
    ctx: typer.Context, integration: Integration, directory: From = places.CERTIFICATES / "bridge"
) -> None:
    """Give an integration its certificate and key.

    Without --from those of certs/out/bridge, which generate_secrets makes for rehearsals.
    """
    _checked([integration])
    value = values.read(directory)
    if values.is_throwaway(value):
        warn("these are throwaway certificates: for rehearsals only")
    deploying.put_secret(ctx.obj, integration, value)


@creating.command("mock", epilog=_EPILOG)
def create_mock(ctx: typer.Context) -> None:
    """Give the mock queue manager its own.

    Its certificate and key are those of certs/out/server. For the other side of a rehearsal, create_secrets
    broker takes certs/out/bridge, of the same CA.
    """
    deploying.put_secret(ctx.obj, places.MOCK, values.read(places.CERTIFICATES / "server"))


@updating.command("broker", epilog=_EPILOG)
def update_broker(
    ctx: typer.Context,
    integration: Integration,
    directory: From = places.CERTIFICATES / "bridge",
    *,
    restart: Restart = False,
) -> None:
    """Give an integration a new certificate and key.

    The bridge takes them when it is next started: --restart starts new tasks.
    """
    value = values.read(directory)
    if values.is_throwaway(value):
        warn("these are throwaway certificates: for rehearsals only")
    deploying.rotate_secret(ctx.obj, integration, value, restart=restart)


@updating.command("mock", epilog=_EPILOG)
def update_mock(ctx: typer.Context, *, restart: Restart = False) -> None:
    """Give the mock queue manager new ones, from certs/out/server."""
    value = values.read(places.CERTIFICATES / "server")
    deploying.rotate_secret(ctx.obj, places.MOCK, value, restart=restart)


@app.command(epilog=_EPILOG)
def deploy(
    ctx: typer.Context,
    integrations: Integrations = None,
    bridge_image: BridgeImage = None,
    build_arg: BuildArguments = None,
) -> None:
    """Create or update stacks, and the image they run.

    The image is built and pushed where ECR has not got it: by docker, podman or buildah.
    """
    deploying.deploy(
        ctx.obj, _checked(integrations or []), image=bridge_image, build_arguments=build_arg or []
    )


@app.command(epilog=_EPILOG)
def diff(
    ctx: typer.Context,
    integrations: Integrations = None,
    bridge_image: BridgeImage = None,
    build_arg: BuildArguments = None,
) -> None:
    """Show what deploy would change."""
    deploying.diff(ctx.obj, _checked(integrations or []), image=bridge_image, build_arguments=build_arg or [])


@app.command("status", epilog=_EPILOG)
def show_status(ctx: typer.Context, integrations: Names = None) -> None:
    """Show stacks, tasks, queues, dead letters, alarms."""
    options: Options = ctx.obj

    def show() -> str:
        for table in status.tables(options.account, integrations or []):
            console.print(table)
        return f"account {options.account.id}, region {options.account.region}"

    take(
        [Step("ask CloudFormation, ECS, SQS, S3, CloudWatch and Secrets Manager", show)],
        dry_run=options.dry_run,
    )


@app.command(epilog=_EPILOG)
def destroy(
    ctx: typer.Context,
    integrations: Names = None,
    *,
    delete_data: Annotated[
        bool,
        typer.Option(
            "--delete-data", help="Also delete stacks whose buckets, queues or logs hold something."
        ),
    ] = False,
) -> None:
    """Delete stacks: what would be lost is shown first.

    Without a name everything goes, the network and the images too.

    A stack whose buckets, queues or logs hold something is kept, unless --delete-data is given too.
    """
    destroying.destroy(ctx.obj, integrations or [], delete_data=delete_data)


@mocking.command("up", epilog=_EPILOG)
def mock_up(
    ctx: typer.Context,
    mock_image: Annotated[
        str | None,
        typer.Option(
            "--mock-image", parser=_pinned, metavar="NAME@sha256:...", help="An image made elsewhere."
        ),
    ] = None,
    build_arg: BuildArguments = None,
) -> None:
    """Start it, where the integrations find it."""
    deploying.mock_up(ctx.obj, image=mock_image, build_arguments=build_arg or [])


@mocking.command("down", epilog=_EPILOG)
def mock_down(ctx: typer.Context) -> None:
    """Delete it; what is on its queues is gone."""
    destroying.mock_down(ctx.obj)


app.add_typer(mocking, name="mock")


def main() -> NoReturn:
    """Runs the command and exits with its code."""
    try:
        app(_reordered(sys.argv[1:]), prog_name="deploy.sh")
    except SettingsError as error:
        _fail(str(error), 2)
    except DeployError as error:
        _fail(str(error), 1)
    except ClientError as error:
        said = error.response.get("Error", {})
        _fail(f"AWS refused {error.operation_name}: {said.get('Code', '?')}: {said.get('Message', '')}", 1)
    except BotoCoreError as error:
        _fail(f"AWS can't be reached or asked: {error}", 1)
    sys.exit(0)


def _fail(what: str, code: int) -> NoReturn:
    sys.stderr.write("".join(f"deploy.sh: {line}\n" for line in what.splitlines()))
    sys.exit(code)
