"""What is wrong with a configuration: every mistake one line, and the error that carries them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

Location = tuple[str | int, ...]
"""Where a value stands: `("routes", 0, "to", "sns")`; empty for the document itself."""

VALUE = "{value}"
"""Stands in a problem for the value, which is shown as it was written, never as a variable filled it."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: where it is, what is wrong, what would be right.

    `source` is the file as it was named, or `BRIDGE_CONFIG`; `line` counts from 1 and is 0 where the file
    itself could not be read; `key` is written as `routes[0].to.sns`.
    """

    source: str
    line: int
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}: {self.key}" if self.line else self.source
        return _one_line(f"{where}: {self.problem}: {self.remedy}")


class ConfigurationError(Exception):
    """The configuration can't be used; `mistakes` says all that is wrong with it, in the file's order."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def wrong(problem: str, remedy: str, *, suggestion: str = "") -> PydanticCustomError:
    """The error a validator raises: `problem` may hold `{value}`, `remedy` never quotes the value.

    `suggestion` is a remedy made from the value itself; it is used only where the value stands in the file,
    not where a variable filled it in.
    """
    context = {"problem": problem, "remedy": remedy, "suggestion": suggestion}
    return PydanticCustomError("wrong", "{problem}", context)


def name_of(location: Location) -> str:
    """A location as it is written in a mistake: `routes[0].to.sns`."""
    name = ""
    for part in location:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{shown(part, quoted=False)}" if name else shown(part, quoted=False)
    return name or "the document"


def shown(value: object, *, quoted: bool = True) -> str:
    """A value as it is shown in a mistake: on one line, at most 60 characters, control characters escaped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else str(value)
    if len(text) > 60:
        text = f"{text[:57]}..."
    escaped = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return f"'{escaped}'" if quoted and isinstance(value, str) else escaped


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
