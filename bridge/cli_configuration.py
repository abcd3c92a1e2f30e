"""What every command shares: how it is given its configuration, and its exit codes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bridge.configuration import Configuration

FAILED = 1
BAD_CONFIGURATION = 2

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The YAML file to use. Without it, the text in the environment variable BRIDGE_CONFIG.",
    ),
]


def load(config: Path | None) -> Configuration:
    """The configuration; says what is wrong with it and exits with 2."""
    # Imported here, so that --help and --version answer at once.
    from bridge import configuration  # noqa: PLC0415
    from bridge.configuration import ConfigurationError  # noqa: PLC0415

    try:
        return configuration.load(config, os.environ)
    except ConfigurationError as error:
        for mistake in error.mistakes:
            typer.echo(mistake, err=True)
        raise typer.Exit(BAD_CONFIGURATION) from None
