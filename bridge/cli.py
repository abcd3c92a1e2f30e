"""The command `bridge`. Exit codes: 0 done, 1 failed, 2 bad usage or configuration."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge import __version__

if TYPE_CHECKING:
    from bridge.configuration import Configuration

FAILED = 1
BAD_CONFIGURATION = 2

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


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The YAML file to use. Without it, the text in the environment variable BRIDGE_CONFIG.",
    ),
]


@app.command()
def run(config: Config = None) -> None:
    """Run every route of the configuration until SIGTERM or Ctrl-C.

    Either makes it take nothing more, finish what is in hand, commit and close. A second Ctrl-C
    ends it at once; what was in hand is then handed out again by its source.

    The log goes to stdout, a JSON object a line. Mistakes in the configuration go to stderr, one a
    line, before anything is connected to.
    """
    configuration = _load(config)
    raise typer.Exit(_run(configuration, str(config) if config else "BRIDGE_CONFIG"))


@app.command()
def health(config: Config = None) -> None:
    """Ask a bridge that runs here whether it is alive: what a container's health check calls.

    It is asked at the HTTP port of the configuration. Exit code 0 says that it is alive; whether its
    routes are ready is another question, which /readyz answers.
    """
    configuration = _load(config)
    from bridge.asking import ask_health  # noqa: PLC0415

    answer = ask_health(configuration.http)
    typer.echo(answer.text, err=not answer.well)
    raise typer.Exit(0 if answer.well else FAILED)


def _load(config: Path | None) -> Configuration:
    # Imported here, so that --help and --version answer at once.
    from bridge.configuration import ConfigurationError, load  # noqa: PLC0415

    try:
        return load(config, os.environ)
    except ConfigurationError as error:
        for mistake in error.mistakes:
            typer.echo(mistake, err=True)
        raise typer.Exit(BAD_CONFIGURATION) from None


def _run(configuration: Configuration, source: str) -> int:
    import resource  # noqa: PLC0415

    import structlog  # noqa: PLC0415

    from bridge import log, signals  # noqa: PLC0415

    log.configure()
    logger = structlog.get_logger("bridge.cli")
    routes = [route.name for route in configuration.routes]
    # First of all, so that whoever reads the log's first line can already tell it to stop.
    stop = threading.Event()
    # A crash dump would hold the credentials, and messages.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signals.stop_on_signals(stop)
    logger.info("configuration_loaded", version=__version__, configuration=source, routes=routes)
    try:
        from bridge import supervisor  # noqa: PLC0415

        return supervisor.run(configuration, stop)
    except Exception:
        logger.exception("bridge_failed")
        return FAILED
