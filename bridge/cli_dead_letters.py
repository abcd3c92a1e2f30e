"""`bridge dead-letters`: what was set aside, for the operator who has to do something about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bridge.cli_configuration import Config, load

app = typer.Typer(
    name="dead-letters",
    help="List, show, replay or export what was set aside.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage or configuration.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Prefixes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="LETTER",
        help="As `list` names them, with s3://BUCKET/ or without, or how such names begin.",
    ),
]
Routes = Annotated[
    list[str] | None, typer.Option("--route", metavar="NAME", help="Only this route's. Repeatable.")
]
Since = Annotated[
    str,
    typer.Option("--since", metavar="TIME", help="Only from then on: 45m, 2h, 3d ago, or ISO 8601 (UTC)."),
]
Until = Annotated[
    str, typer.Option("--until", metavar="TIME", help="Only up to then; a date counts to its end.")
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Only where the reason has that in it, in any case.")
]
Replayed = Annotated[bool, typer.Option("--replayed", help="Those too that have been replayed.")]


@app.command("list")
def list_(
    prefixes: Prefixes = None,
    *,
    routes: Routes = None,
    since: Since = "",
    until: Until = "",
    reason: Reason = "",
    replayed: Replayed = False,
    as_json: Annotated[bool, typer.Option("--json", help="An object a line.")] = False,
    config: Config = None,
) -> None:
    """List letters, by route and day.

    A table in a terminal; elsewhere a line a letter, with tabs between the columns. No body is read.
    """
    configuration = load(config)
    from bridge import dead_letter_commands as commands  # noqa: PLC0415 - so that --help answers at once

    selection = commands.selection(configuration, prefixes, routes, since, until, reason)
    commands.list_letters(configuration, selection, replayed=replayed, as_json=as_json)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="LETTER", help="As `list` names it, or its beginning.")],
    *,
    body: Annotated[
        Literal["text", "hex"] | None,
        typer.Option("--body", help="The body too, which may be secret: in its CCSID, or in hex."),
    ] = None,
    config: Config = None,
) -> None:
    """Show all that is known of one letter."""
    configuration = load(config)
    from bridge import dead_letter_commands as commands  # noqa: PLC0415 - as above

    commands.show_letter(configuration, commands.selection(configuration, [letter]), body or "")


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", file_okay=False, help="Made if need be.")],
    prefixes: Prefixes = None,
    *,
    routes: Routes = None,
    since: Since = "",
    until: Until = "",
    reason: Reason = "",
    replayed: Replayed = False,
    config: Config = None,
) -> None:
    """Copy letters into a directory: body and letter.json, byte for byte, for you alone to read.

    What is there already is left alone, so that it may be interrupted and run again.
    """
    configuration = load(config)
    from bridge import dead_letter_commands as commands  # noqa: PLC0415 - as above

    selection = commands.selection(configuration, prefixes, routes, since, until, reason)
    commands.export_letters(configuration, selection, directory, replayed=replayed)


@app.command()
def replay(
    prefixes: Prefixes = None,
    *,
    routes: Routes = None,
    since: Since = "",
    until: Until = "",
    reason: Reason = "",
    everything: Annotated[bool, typer.Option("--all", help="All letters: said on purpose.")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="ROUTE", help="To that route's destination instead of their own's.")
    ] = "",
    rate: Annotated[
        float, typer.Option("--rate", metavar="N", min=0, help="At most so many a second; 0 for no limit.")
    ] = 0.0,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="SECONDS",
            min=0,
            help="How long a letter is left to another replay that has it in hand. Then it is sent all the "
            "same, perhaps a second time: it may have arrived before that replay was killed.",
        ),
    ] = 120.0,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    config: Config = None,
) -> None:
    """Send letters to their route's destination, as the configuration has it now, and mark them as replayed.

    One after the other, in the order in which they were set aside; each is marked once its destination has
    confirmed it. It may be interrupted, killed too, and run again: what has been marked is not sent again.
    Nothing is deleted.
    """
    configuration = load(config)
    from bridge import dead_letter_commands as commands  # noqa: PLC0415 - as above

    selection = commands.selection(configuration, prefixes, routes, since, until, reason)
    if selection.everything and not everything:
        raise typer.BadParameter(
            "which letters? Name some, or use --route, --since, --until, --reason or --all"
        )
    commands.replay_letters(configuration, selection, to=to, rate=rate, patience=patience, ask=not yes)
