"""A command is a list of steps: told one by one as they are taken, or, with --dry-run, told and not taken."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape

from infra.deploy.errors import DeployError

console = Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)


@dataclass(frozen=True, slots=True)
class Step:
    """`says` what it does, `act` does it and returns what came of it, `commands` are what it runs."""

    says: str
    act: Callable[[], str]
    commands: Sequence[str] = field(default=())


def take(steps: Sequence[Step], *, dry_run: bool) -> None:
    """Takes the steps in order. Raises what they raise, with those before it done and told."""
    for number, step in enumerate(steps, 1):
        console.print(f"[bold cyan]\\[{number}/{len(steps)}][/] {escape(step.says)}")
        if dry_run:
            for command in step.commands:
                console.print(f"      [dim]would run:[/] {escape(command)}")
        else:
            tell(step.act())
    if dry_run:
        console.print("[bold]Nothing was changed:[/] this was --dry-run.")


def tell(what: str) -> None:
    """Says what came of a step."""
    console.print(f"      [green]{escape(what)}[/]")


def warn(what: str) -> None:
    """Says what the user should know though it stops nothing."""
    console.print(f"[yellow]note:[/] {escape(what)}")


def ask(question: str, *, yes: bool, word: str = "yes") -> bool:
    """Whether the user types `word` in answer to the question; with `yes` it isn't asked.

    Raises `DeployError` where there is nobody to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise DeployError("this needs an answer and there is no terminal to ask on: give --yes")
    return console.input(f"[bold red]{escape(question)}[/] Type {word} to go on: ").strip() == word
