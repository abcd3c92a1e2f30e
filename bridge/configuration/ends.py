"""The ends of routes in a configuration as it was read: not checked yet, so that anything may be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.configuration.mistakes import Location

End = tuple[str, str]
"""One end of a route: its kind, and its name as it was written."""


def source_of(route: Any) -> End | None:
    """What a route takes from, if that can be told."""
    return _end(source_keys(route), ("mq", "sqs"))


def source_keys(route: Any) -> Mapping[str, Any]:
    """What is said of it."""
    return mapping(mapping(route).get("from"))


def destinations(index: int, route: Any) -> Iterator[tuple[Location, Mapping[str, Any], End | None]]:
    """A route's destinations: where each stands, its keys, and what it is, if that can be told."""
    here: Location = ("routes", index, "to")
    to = mapping(route).get("to")
    kinds = ("mq", "sqs", "sns")
    if isinstance(to, tuple):
        for place, each in enumerate(to):
            yield (*here, place), mapping(each), _end(mapping(each), kinds)
    else:
        yield here, mapping(to), _end(mapping(to), kinds)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, or nothing where it is no mapping."""
    return value if isinstance(value, dict) else {}


def text(keys: Mapping[str, Any], key: str) -> str:
    """What stands under a key; "" where that is no text."""
    value = keys.get(key)
    return value if isinstance(value, str) else ""


def _end(end: Mapping[str, Any], known: tuple[str, ...]) -> End | None:
    kinds = [kind for kind in known if text(end, kind)]
    return (kinds[0], text(end, kinds[0])) if len(kinds) == 1 else None
