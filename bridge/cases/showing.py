"""What `bridge test` prints."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from bridge.cases.reading import Found


def show(found: Found, differing: Sequence[str]) -> None:
    """A case, and what was not as expected, a line each."""
    colour = typer.colors.RED if differing else typer.colors.GREEN
    word = typer.style("FAIL" if differing else "ok  ", fg=colour)
    typer.echo(f"{word}  {found.file}:{found.line}: {found.case.name}")
    for each in differing:
        typer.echo(f"        {each}")


def summarise(cases: int, failed: int) -> None:
    """The last line."""
    typer.echo(f"{cases} case{'' if cases == 1 else 's'}, {failed} failed")
