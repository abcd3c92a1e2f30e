"""`python -m certs`: makes throwaway certificates in certs/out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from certs.generating import VALID_DAYS, Generated, generate, valid_until


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
    until = valid_until(Generated(out))
    if until is not None and until > datetime.now(UTC) and not force:
        typer.echo(
            f"certs: {out} has certificates, valid until {until:%Y-%m-%d}: kept (--force makes new ones)"
        )
        return
    try:
        made = generate(out, hosts=host or (), days=days)
    except OSError as e:
        typer.echo(f"certs: {e.filename}: {e.strerror}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"certs: made {made.ca}, {made.server}/ and {made.bridge}/, valid for {days} days")


if __name__ == "__main__":
    typer.run(main)
