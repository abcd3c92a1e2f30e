"""The configuration's models, told to a reader as tables and to an editor as a JSON Schema.

`python -m bridge.configuration.describing` writes both into docs/configuration.md and schema.json.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bridge.configuration import models
from bridge.configuration.checked import Checked
from bridge.configuration.values import KIB, readable

SCHEMA = Path(__file__).with_name("schema.json")
"""The JSON Schema, as it is published."""

PARTS: Mapping[str, tuple[type[models.Model], str]] = {
    "queue_manager": (models.QueueManager, ""),
    "offload": (models.Offload, ""),
    "dead_letters": (models.DeadLetters, ""),
    "http": (models.Http, "http."),
    "cloudwatch": (models.CloudWatch, "cloudwatch."),
    "tracing": (models.Tracing, "tracing."),
    "in_flight": (models.Configuration, ""),
    "routes": (models.Route, ""),
    "from mq": (models.MqSource, "from."),
    "from sqs": (models.SqsSource, "from."),
    "to sns": (models.SnsSink, "to."),
    "to sqs": (models.SqsSink, "to."),
    "to mq": (models.MqSink, "to."),
}
"""Each table: the model it tells, and what stands before its keys."""

_MARK = re.compile(r"(<!-- table: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(model: type[models.Model], prefix: str) -> str:
    """A model's fields as a table in Markdown; those that are parts of their own have no line."""
    lines = ["| key | type, default | example | meaning |", "|---|---|---|---|"]
    lines.extend(_line(prefix, name, field) for name, field in _fields(model) if field.description)
    return "\n".join(lines) + "\n"


def with_tables(document: str) -> str:
    """A document with its tables as the models are now, each between `<!-- table: NAME -->` and an end."""
    return _MARK.sub(lambda found: found[1] + table(*PARTS[found[2]]) + found[3], document)


def schema() -> str:
    """The JSON Schema of a configuration, as it is written."""
    made = models.Configuration.model_json_schema(by_alias=True, schema_generator=_Generator)
    return json.dumps({"$schema": _Generator.schema_dialect, **made}, indent=2) + "\n"


class _Generator(GenerateJsonSchema):
    # A default that JSON has no form for is told in the table alone.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as pydantic has it

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """None is a key that is left out: no file has a null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """As above."""
        made = super().default_schema(schema)
        return {name: each for name, each in made.items() if name != "default" or each is not None}


def _fields(model: type[models.Model]) -> Iterator[tuple[str, FieldInfo]]:
    """A model's fields by their names in a file, the one that names a queue or topic first."""
    named = {str(field.validation_alias or name): field for name, field in model.model_fields.items()}
    for key in ("mq", "sqs", "sns"):
        if key in named:
            yield key, named.pop(key)
    yield from named.items()


def _line(prefix: str, name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else _written(field)
    [example] = field.examples or [""]
    return f"| `{prefix}{name}` | {_kind(field)}, {default} | {_quoted(str(example))} | {field.description} |"


def _quoted(example: str) -> str:
    return example if example == "as above" else f"`{example}`"


def _kind(field: FieldInfo) -> str:
    kinds = [
        each.kind for each in (*field.metadata, *_annotations(field.annotation)) if isinstance(each, Checked)
    ]
    is_list = getattr(field.annotation, "__origin__", None) is tuple
    return kinds[0] if kinds[0].startswith("list") or not is_list else f"list of {kinds[0]}"


def _annotations(kind: Any) -> Iterator[Any]:
    """All that is said with a type and with those in it."""
    yield from getattr(kind, "__metadata__", ())
    for each in get_args(kind):
        yield from _annotations(each)


def _written(field: FieldInfo) -> str:
    """A default as it would be written."""
    value = field.get_default(call_default_factory=True)
    match value:
        case None | {}:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case "":
            return '`""`'
        case ():
            return "`[]`"
        case int() if value >= KIB and _kind(field).startswith("size"):
            return f"`{readable(value)}`"
    return f"`{value}`"


def main(document: Path) -> None:
    """Writes the tables and the schema."""
    document.write_text(with_tables(document.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
