"""What `bridge check` prints: a table, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.check.finding import Finding, Level

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "bold red"}
_NOT_PROVED = "Nothing was sent, received or written, so the rights to do so are not proved by this."
_WIDTH = 120
"""Columns, where there is no terminal."""


@contextmanager
def progress() -> Iterator[Callable[[Finding], None]]:
    """Shows on a terminal what was looked at last; elsewhere nothing."""
    with Console(stderr=True).status("looking") as status:
        yield lambda found: status.update(Text(found.thing))


def show(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Prints them all."""
    counts = Counter(each.level for each in findings)
    if as_json:
        document = {
            "summary": {level.value: counts[level] for level in Level},
            "findings": [asdict(each) for each in findings],
            "note": _NOT_PROVED,
        }
        typer.echo(json.dumps(document, indent=2))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("what was looked at", overflow="fold", max_width=44)
    table.add_column("what was found", overflow="fold")
    for each in findings:
        told = Text(each.what)
        if each.remedy:
            told.append(f"\n-> {each.remedy}", style="bold")
        table.add_row(Text(each.level.value, style=_STYLES[each.level]), Text(each.thing), told)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    console.print(table)
    worst = max((each.level for each in findings), key=list(Level).index)
    warnings, failures = (_counted(counts[level], level.value) for level in (Level.WARNING, Level.FAILURE))
    console.print(f"{counts[Level.OK]} ok, {warnings}, {failures}. {_NOT_PROVED}", style=_STYLES[worst])


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
