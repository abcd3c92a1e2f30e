"""How a field of a model is checked, and what can be told of it to a reader and to an editor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from bridge.configuration import values
from bridge.configuration.values import readable

_VARIABLE = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"}
"""What may stand for any value that is no list and no mapping."""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Has `check` look at a value before the model takes it, as YAML gave it.

    `kind` says for a reader what kind of value that is; `schema` for an editor, in JSON Schema.
    """

    check: Callable[[Any], Any]
    kind: str = "text"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """For pydantic."""
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """For pydantic."""
        if self.schema.get("type") in {"string", "array", "object"}:
            return dict(self.schema)
        return {"anyOf": [dict(self.schema), _VARIABLE]}


def whole(least: int, most: int, unit: str = "") -> Checked:
    """A whole number of `unit` within these bounds."""
    return Checked(
        partial(values.whole_number, least=least, most=most, unit=unit),
        f"{unit} {least} to {most}".strip(),
        {"type": "integer", "minimum": least, "maximum": most},
    )


def in_bytes(least: int, most: int) -> Checked:
    """A size within these bounds."""
    return Checked(
        partial(values.size, least=least, most=most),
        f"size {readable(least)} to {readable(most)}",
        {
            "anyOf": [
                {"type": "integer", "minimum": least, "maximum": most},
                {"type": "string", "pattern": "^ *[0-9]+ *([Kk][Ii][Bb]|[Mm][Ii][Bb]|[Bb])? *$"},
            ]
        },
    )


def flag() -> Checked:
    """True or false."""
    return Checked(values.flag, "true or false", {"type": "boolean"})


def one_of(*names: str, check: Callable[[Any], Any] | None = None) -> Checked:
    """One of these words."""
    kind = f"{', '.join(f'`{name}`' for name in names[:-1])} or `{names[-1]}`"
    return Checked(check or partial(values.one_of, names=names), kind, {"enum": list(names)})


def some(what: str) -> Checked:
    """A list of at least one; what is in it is told by the values' own kind."""
    return Checked(
        partial(values.not_empty, what=what),
        "list of text",
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    )
