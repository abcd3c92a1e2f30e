"""What a route does with messages besides moving them, each value checked and explained.

As in `bridge.configuration.values`, a check takes the value as YAML gave it; here it may raise several
mistakes at once, each at its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from bridge.configuration.mistakes import VALUE, wrong
from bridge.configuration.values import text
from bridge.descriptor_fields import FIELD_OF
from bridge.errors import MappingError
from bridge.mapping import OWN
from bridge.nearness import near
from bridge.shaping.change import SETTABLE, Value, field_value
from bridge.shaping.facts import PLACES
from bridge.shaping.pattern import Pattern, PatternError, PatternMistake, compiled

PATTERN_SCHEMA = {
    "type": "object",
    "properties": {
        **{place: {"type": "object"} for place in PLACES},
        "$or": {"type": "array", "minItems": 2, "items": {"type": "object"}},
    },
    "additionalProperties": False,
    "minProperties": 1,
}
"""What an editor may know of a pattern."""

_WANTED = "write property:NAME, constant:TEXT or a field of the descriptor, such as CorrelId"


def pattern(value: object) -> Pattern:
    """A pattern for messages, in EventBridge's syntax; raises every mistake in it at its place."""
    if isinstance(value, Pattern):
        return value
    mistakes: list[PatternMistake] = []
    try:
        found = compiled(value)
    except PatternError as e:
        found = Pattern({})
        mistakes.extend(e.mistakes)
    mistakes.extend(_unknown_places(value, ()))
    if mistakes:
        raise _all((each.path, each.problem, each.remedy) for each in mistakes)
    return found


def attributes(value: object) -> Mapping[str, Value]:
    """Attributes that are set, by name, each with where its value comes from."""
    found = {}
    mistakes = []
    for name, each in _mapping(value).items():
        try:
            if name in OWN:
                raise wrong("is one of the bridge's own", "set the field itself, under descriptor")
            found[name] = Value("nothing") if each == "nothing" else source(each)
        except PydanticCustomError as e:
            mistakes.append(InitErrorDetails(type=e, loc=(name,), input=None))
    if mistakes:
        raise ValidationError.from_exception_data("attributes", mistakes)
    return found


def descriptor(value: object) -> Mapping[str, Value]:
    """Fields of the descriptor that are set, by MQ's names."""
    found = {}
    mistakes = []
    for name, each in _mapping(value).items():
        try:
            if name not in SETTABLE:
                meant = near(name, SETTABLE)
                remedy = f"write {meant}" if meant else f"one of {', '.join(SETTABLE)} is"
                raise wrong("is no field of the descriptor that can be set", remedy)
            found[name] = source(each)
            if found[name].kind == "constant":
                _check_constant(name, found[name].name)
        except PydanticCustomError as e:
            mistakes.append(InitErrorDetails(type=e, loc=(name,), input=None))
    if mistakes:
        raise ValidationError.from_exception_data("descriptor", mistakes)
    return found


def source(value: object) -> Value:
    """Where a value comes from: a property, a field of the descriptor, or what is written here."""
    if isinstance(value, Value):
        return value
    given = text(value)
    kind, colon, name = given.partition(":")
    if kind == "property" and name:
        return Value("property", name)
    if kind == "constant" and name:
        return Value("constant", name)
    if given in FIELD_OF:
        return Value("field", given)
    meant = "" if colon else near(given, [*FIELD_OF, "nothing"])
    raise wrong(
        f"{VALUE} does not say where the value comes from",
        _WANTED,
        suggestion=f"write {meant}" if meant else "" if colon else f"write constant:{given}",
    )


def _check_constant(name: str, constant: str) -> None:
    try:
        field_value(name, constant)
    except MappingError as e:
        raise wrong(f"{VALUE} is nothing for it", str(e).partition(": ")[2]) from None


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value:
        raise wrong("is not a mapping of names to values", f"{_WANTED} for each, or leave it out")
    return value


def _unknown_places(tree: Any, path: tuple[str | int, ...]) -> Iterator[PatternMistake]:
    """What a message has not, at the top of a pattern and in each choice there."""
    if not isinstance(tree, dict):
        return
    for name, wanted in tree.items():
        here = (*path, name)
        if name == "$or":
            for index, each in enumerate(wanted if isinstance(wanted, tuple) else ()):
                yield from _unknown_places(each, (*here, index))
        elif name not in PLACES:
            meant = near(name, PLACES)
            remedy = f"write {meant}" if meant else f"put it beneath one of {', '.join(PLACES)}"
            yield PatternMistake(here, "is nothing that a message has", remedy)
        elif not isinstance(wanted, dict):
            yield PatternMistake(here, "is not a mapping", "write names beneath it, each with what it may be")
        elif name == "descriptor":
            for field in wanted:
                if field not in FIELD_OF and field != "$or":
                    meant = near(field, FIELD_OF)
                    remedy = f"write {meant}" if meant else "docs/messages.md has their names"
                    yield PatternMistake((*here, field), "is no field of the message descriptor", remedy)


def _all(mistakes: Iterator[tuple[tuple[str | int, ...], str, str]]) -> ValidationError:
    details = [
        InitErrorDetails(type=wrong(problem, remedy), loc=path, input=None)
        for path, problem, remedy in dict.fromkeys(mistakes)
    ]
    return ValidationError.from_exception_data("pattern", details)
