"""What a look at one thing brings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Level(StrEnum):
    """How well a thing is."""

    OK = "ok"
    WARNING = "warning"
    """The bridge works with it; or it could not be told."""
    FAILURE = "failure"
    """A route can't do its work until somebody has done something about it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, what is to be said of it, and what to do where it is not well. Nothing secret is in it."""

    thing: str
    level: Level
    what: str
    remedy: str = ""

    def as_warning(self) -> Finding:
        """The same, where something else does what it fails to do."""
        return replace(self, level=Level.WARNING) if self.level is Level.FAILURE else self


def ok(thing: str, what: str) -> Finding:
    """A thing that is as it should be."""
    return Finding(thing, Level.OK, what)


def warning(thing: str, what: str, remedy: str = "") -> Finding:
    """A thing that works, or of which it can't be told."""
    return Finding(thing, Level.WARNING, what, remedy)


def failure(thing: str, what: str, remedy: str) -> Finding:
    """A thing that does not work."""
    return Finding(thing, Level.FAILURE, what, remedy)


def told(sentence: str) -> Finding:
    """A failure from the sentence of one of our errors: `thing: what is wrong: what to do`."""
    thing, _, rest = sentence.partition(": ")
    what, _, remedy = rest.partition(": ")
    return failure(thing, what, remedy)
