"""`bridge test`: finds the cases, tries them, and tells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from bridge.cases import showing
from bridge.cases.reading import SUFFIX, cases_in
from bridge.cases.trying import differences
from bridge.cli_configuration import BAD_CONFIGURATION, FAILED
from bridge.configuration import Configuration, ConfigurationError


def try_cases(configuration: Configuration, config: Path | None, files: Sequence[Path]) -> int:
    """Tries the cases of `files`, or of those beside the configuration; returns the exit code."""
    if not files and config is not None:
        files = sorted(config.parent.glob(f"*{SUFFIX}"))
    if not files:
        where = f"{config.parent}: there is no *{SUFFIX}" if config else "no files of cases are named"
        typer.echo(f"{where}: write one (docs/shaping.md), or name it", err=True)
        return BAD_CONFIGURATION
    try:
        cases = cases_in(files, [route.name for route in configuration.routes])
    except ConfigurationError as error:
        for mistake in error.mistakes:
            typer.echo(mistake, err=True)
        return BAD_CONFIGURATION
    failed = 0
    for each in cases:
        differing = differences(each, configuration)
        failed += bool(differing)
        showing.show(each, differing)
    showing.summarise(len(cases), failed)
    return FAILED if failed else 0
