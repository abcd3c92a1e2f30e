"""The command `bridge`. Exit codes: 0 done, 1 failed, 2 bad usage or configuration."""

from __future__ import annotations

import threading
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge import __version__, cli_dead_letters
from bridge.cli_configuration import FAILED, Config, load

if TYPE_CHECKING:
    from bridge.configuration import Configuration

app = typer.Typer(
    name="bridge",
    help="Moves messages between IBM MQ and Amazon SNS/SQS, at least once, always.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage or configuration.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(cli_dead_letters.app)


def main() -> None:
    """Runs the command and exits with its code."""
    app(prog_name="bridge")


def _version(wanted: bool) -> None:  # noqa: FBT001 - so typer calls it
    if wanted:
        typer.echo(f"bridge {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command(short_help="Run the routes, or show what they would do.")
def run(
    config: Config = None,
    *,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what each waiting message would become; move none of them."),
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="So many a route, 10 by default.")
    ] = None,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="The bodies too, as they would be sent; they may be secret.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="An object a line.")] = False,
) -> None:
    """Run every route of the configuration until SIGTERM or Ctrl-C.

    Either makes it take nothing more, finish what is in hand, commit and close. A second Ctrl-C
    ends it at once; what was in hand is then handed out again by its source.

    The log goes to stdout, a JSON object a line. Mistakes in the configuration go to stderr, one a
    line, before anything is connected to.

    With --dry-run the messages on MQ queues are browsed, and nothing is taken, sent or written; the other
    options are for it alone.
    """
    if not dry_run and (limit or bodies or as_json):
        raise typer.BadParameter("--limit, --bodies and --json go with --dry-run")
    configuration = load(config)
    if dry_run:
        from bridge import dry_run as trying  # noqa: PLC0415 - so that --help answers at once
        from bridge import log  # noqa: PLC0415 - as above

        log.silence()
        raise typer.Exit(trying.dry_run(configuration, limit=limit or 10, bodies=bodies, as_json=as_json))
    raise typer.Exit(_run(configuration, str(config) if config else "BRIDGE_CONFIG"))


@app.command(short_help="Say what is wrong with a set-up, and what to do.")
def check(
    config: Config = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
) -> None:
    """Look at everything the configuration names, and say what is wrong and what to do.

    The configuration, then each connection, the channel, certificates, queues, topics, buckets and keys.
    Nothing is sent, received or written. Exit code 1 says that something failed; warnings alone are 0.
    """
    configuration = load(config)
    from bridge import check as checking  # noqa: PLC0415 - so that --help answers at once
    from bridge import log  # noqa: PLC0415 - as above
    from bridge.check import showing  # noqa: PLC0415 - as above

    log.silence()
    source = str(config) if config else "BRIDGE_CONFIG"
    with showing.progress() as tell:
        findings = checking.check(configuration, source=source, tell=tell)
    showing.show(findings, as_json=as_json)
    raise typer.Exit(FAILED if any(each.level is checking.Level.FAILURE for each in findings) else 0)


@app.command("test", short_help="Try cases: a message given, what is to become of it.")
def try_cases(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="Files of cases; without any, all *.test.yaml beside the configuration."
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Try what the configuration makes of messages: the cases beside it, each with what it expects.

    Nothing is connected to. Exit code 1 says that a case failed, 2 that there is none or one is wrong.
    """
    configuration = load(config)
    from bridge.cases import commands  # noqa: PLC0415 - so that --help answers at once

    raise typer.Exit(commands.try_cases(configuration, config, files or []))


@app.command(short_help="Print the JSON Schema of a configuration.")
def schema() -> None:
    """Print the JSON Schema of a configuration, for an editor that completes and marks what is written."""
    file = resources.files("bridge.configuration").joinpath("schema.json")
    typer.echo(file.read_text(encoding="utf-8"), nl=False)


@app.command(short_help="Ask a bridge that runs here whether it is alive.")
def health(config: Config = None) -> None:
    """Ask a bridge that runs here whether it is alive: what a container's health check calls.

    It is asked at the HTTP port of the configuration. Exit code 0 says that it is alive; whether its
    routes are ready is another question, which /readyz answers.
    """
    configuration = load(config)
    from bridge.asking import ask_health  # noqa: PLC0415

    answer = ask_health(configuration.http)
    typer.echo(answer.text, err=not answer.well)
    raise typer.Exit(0 if answer.well else FAILED)


def _run(configuration: Configuration, source: str) -> int:
    import resource  # noqa: PLC0415

    import structlog  # noqa: PLC0415

    from bridge import allocator, log, signals  # noqa: PLC0415

    allocator.suit_large_bodies()
    log.configure()
    logger = structlog.get_logger("bridge.cli")
    routes = [route.name for route in configuration.routes]
    # First of all, so that whoever reads the log's first line can already tell it to stop.
    stop = threading.Event()
    # A crash dump would hold the credentials, and messages. At 0 Linux writes no file, but does hand it to a
    # program (core_pattern with |); at 1 byte neither (fs/coredump.c).
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    size = 0 if most == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (size, size))
    signals.stop_on_signals(stop)
    logger.info("configuration_loaded", version=__version__, configuration=source, routes=routes)
    try:
        if configuration.processes > 1:
            from bridge import processes  # noqa: PLC0415

            return processes.run(configuration, stop)
        from bridge import supervisor  # noqa: PLC0415

        return supervisor.run(configuration, stop)
    except Exception:
        logger.exception("bridge_failed")
        return FAILED
