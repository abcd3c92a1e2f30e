"""`python -m certs`: makes throwaway certificates in certs/out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from certs.generating import VALID_DAYS, Generated, generate, missing_hosts, valid_until


def main(
    *,
    out: Annotated[Path, typer.Option(help="The directory to make them in.")] = Path("certs/out"),
    host: Annotated[
        list[str] | None, typer.Option(help="A further name or address of the server. Repeatable.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=825, help="How long they are valid.")] = VALID_DAYS,
    force: Annotated[
        bool, typer.Option("--force", help="Make new ones even if there are valid ones.")
    ] = False,
) -> None:
    """Make a throwaway CA, a server's certificate and a client's, unless there are valid ones already."""
    try:
        _make_or_keep(out, host or [], days, force=force)
    except OSError as e:
        typer.echo(f"certs: {e.filename}: {e.strerror}", err=True)
        raise typer.Exit(1) from None


def _make_or_keep(out: Path, hosts: list[str], days: int, *, force: bool) -> None:
    there = Generated(out)
    until = None if force else valid_until(there)
    if until is not None and until > datetime.now(UTC):
        kept = f"certs: {out} has certificates, valid until {until:%Y-%m-%d}"
        if lacking := missing_hosts(there, hosts):
            typer.echo(f"{kept}, but not for {', '.join(lacking)}: --force makes new ones", err=True)
            raise typer.Exit(1)
        typer.echo(f"{kept}: kept (--force makes new ones)")
        return
    made = generate(out, hosts=hosts, days=days)
    typer.echo(f"certs: made {made.ca}, {made.server}/ and {made.bridge}/, valid for {days} days")


if __name__ == "__main__":
    typer.run(main)
