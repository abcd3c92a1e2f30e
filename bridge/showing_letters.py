"""Dead letters for people and for scripts; what came with a message, with its control characters escaped."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from bridge.letters import Found, Particulars
from code_pages.ccsid import codec

_COLUMNS = ("when", "route", "attempts", "size", "message_id", "letter", "reason")
_SAY_EVERY = 5.0
"""Seconds between two lines that say how far it is, where there is no terminal."""


def plain(value: object) -> str:
    """One line, whatever is in it."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in str(value))


def row(found: Found) -> dict[str, Any]:
    """What a list says of a letter; `state` is waiting, replayed or damaged."""
    if found.particulars is None:
        return {"state": "damaged", "letter": found.prefix, "reason": found.wrong}
    about = found.particulars
    return {
        "state": "replayed" if found.replayed else "waiting",
        "when": about.when.isoformat(timespec="seconds"),
        "route": about.route,
        "attempts": about.attempts,
        "size": about.length,
        "message_id": about.descriptor.message_id.hex(),
        "letter": found.prefix,
        "reason": about.reason,
    }


def lister(*, as_json: bool) -> Callable[[Found], None]:
    """What prints one letter after the other: lines of JSON, columns with tabs, or a table in a terminal."""
    if as_json:
        return lambda found: typer.echo(json.dumps(row(found)))
    if not sys.stdout.isatty():
        typer.echo("\t".join(_COLUMNS))
        return lambda found: typer.echo("\t".join(plain(row(found).get(name, "-")) for name in _COLUMNS))
    console = Console()
    console.print(Text(f"{'when (UTC)':19}  {'tries':>5}  {'bytes':>11}  route: reason", style="bold"))

    def show(found: Found) -> None:
        told = row(found)
        if found.particulars is None:
            line = Text(f"{'damaged':19}  {'-':>5}  {'-':>11}  {told['reason']}", style="red")
        else:
            line = Text(
                f"{found.particulars.when:%Y-%m-%d %H:%M:%S}  {told['attempts']:>5}  {told['size']:>11,}  "
                f"{told['route']}: {plain(told['reason'])}",
                style="dim" if found.replayed else "",
            )
        line.truncate(console.width, overflow="ellipsis")
        console.print(line)
        # In full, whatever the width: it is what the other commands take.
        console.print(Text(f"    {plain(found.prefix)}", style="cyan"), soft_wrap=True)

    return show


def show(prefix: str, about: Particulars, history: list[Mapping[str, Any]]) -> None:
    """Prints all that letter.json says, and how often it was sent again."""
    fields = [
        ("letter", prefix),
        ("set aside", about.when.isoformat(timespec="milliseconds")),
        ("route", about.route),
        ("source", about.source),
        ("source id", about.source_id or "-"),
        ("destination", about.destination),
        ("reason", about.reason),
        ("attempts", about.attempts),
        ("kept", f"as {about.source} had it" if about.as_received else "as a message"),
        ("body", f"{about.length:,} bytes, SHA-256 {about.sha256}"),
    ]
    for name, value in fields:
        typer.echo(f"{name:12} {plain(value)}")
    typer.echo("descriptor")
    for name, value in asdict(about.descriptor).items():
        typer.echo(f"  {name:24} {plain(value.hex() if isinstance(value, bytes) else value)}")
    typer.echo("properties" if about.properties else "properties   none")
    for name, held in about.properties.items():
        value = held.value.hex() if isinstance(held.value, bytes) else held.value
        typer.echo(f"  {plain(name)} ({plain(held.type)}) {plain(value)}")
    typer.echo("replays" if history else "replays      none")
    for each in history:
        told = [plain(each.get(name, "?")) for name in ("when", "by", "to", "outcome")]
        typer.echo(f"  {told[0]} by {told[1]} to {told[2]}: {told[3]}")


def show_body(body: bytes, about: Particulars, how: str) -> None:
    """Prints a body as `text`, in its CCSID, or as `hex` digits."""
    typer.echo("")
    if how == "hex":
        for start in range(0, len(body), 32):
            typer.echo(f"{start:08x}  {body[start : start + 32].hex(' ', -4)}")
        return
    text = body.decode(codec(about.descriptor.ccsid, about.descriptor.encoding) or "utf-8", "replace")
    typer.echo("\n".join(plain(line) for line in text.splitlines()))


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """Shows on stderr how far it is, a bar in a terminal and else a line now and then; call it for each."""
    if sys.stderr.isatty():
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total)
            yield lambda: bar.advance(task)
        return
    done, said = 0, time.monotonic()

    def advance() -> None:
        nonlocal done, said
        done += 1
        if time.monotonic() - said >= _SAY_EVERY:
            said = time.monotonic()
            typer.echo(f"{what}: {done}" + (f" of {total}" if total is not None else ""), err=True)

    yield advance
