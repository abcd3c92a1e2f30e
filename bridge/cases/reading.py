"""Cases as they stand in a file, checked before any is tried."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bridge.configuration import reading
from bridge.configuration.mistakes import ConfigurationError, Location, Mistake, name_of
from bridge.descriptor_fields import FIELD_OF
from bridge.nearness import near

SUFFIX = ".test.yaml"
"""What the files' names end in."""

_KNOWN_FIELDS = frozenset(FIELD_OF)

Plain = str | int | float | bool


def _fields(value: Any) -> Any:
    """Fields of the descriptor by MQ's names."""
    if isinstance(value, dict):
        for name in value:
            if name not in _KNOWN_FIELDS:
                meant = near(name, _KNOWN_FIELDS)
                raise ValueError(f"{name} is no field of the descriptor: write {meant or 'CorrelId, say'}")
    return value


def _bytes(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("is not base64: write the bytes so, or body: for a text") from None


Fields = Annotated[Mapping[str, str | int], BeforeValidator(_fields)]
Bytes = Annotated[bytes, BeforeValidator(_bytes)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Given(_Part):
    """A message as its source has it: a text, bytes, or what is in a file beside the cases."""

    body: str | None = None
    base64: Bytes | None = None
    file: str | None = None
    descriptor: Fields = Field(default_factory=dict)
    attributes: Mapping[str, Plain] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_body(self) -> Given:
        if sum(each is not None for each in (self.body, self.base64, self.file)) > 1:
            raise ValueError("has more than one of body, base64 and file: keep one")
        return self


class Expected(_Part):
    """What is to become of it: where it goes and what is to be in it, or that it is left out or set aside.

    Of `attributes`, `descriptor` and `json` only what is named is looked at; `absent` are attributes.
    """

    to: str | None = None
    body: str | None = None
    base64: Bytes | None = None
    json_: Mapping[str, Any] | None = Field(default=None, validation_alias="json")
    attributes: Mapping[str, Plain] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()
    descriptor: Fields = Field(default_factory=dict)
    group: str | None = None
    filtered: bool = False
    set_aside: str | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Expected:
        if not self.model_fields_set:
            raise ValueError(
                "expects nothing: write to, body, attributes, filtered: true or set_aside: WORDS"
            )
        ends = [self.filtered, self.set_aside is not None]
        if any(ends) and len(self.model_fields_set) > 1:
            raise ValueError("a message that is left out or set aside is not sent: keep one of these alone")
        return self


class Case(_Part):
    """One case: a message given to a route."""

    name: Annotated[str, Field(min_length=1)]
    route: str
    given: Given
    expect: Expected


@dataclass(frozen=True, slots=True)
class Found:
    """A case, and where it stands."""

    file: Path
    line: int
    case: Case
    body: bytes | str
    """What is given, a file's content too."""


def cases_in(files: Sequence[Path], routes: Sequence[str]) -> list[Found]:
    """All cases of these files; raises `ConfigurationError` with every mistake in them."""
    found: list[Found] = []
    mistakes: list[Mistake] = []
    for file in files:
        found.extend(_read(file, routes, mistakes))
    if mistakes:
        raise ConfigurationError(mistakes)
    return found


def _read(file: Path, routes: Sequence[str], mistakes: list[Mistake]) -> list[Found]:
    def report(line: int, location: Location, problem: str, remedy: str) -> None:
        mistakes.append(Mistake(str(file), line, name_of(location), problem, remedy))

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = (e.strerror if isinstance(e, OSError) else "") or "it is not UTF-8"
        mistakes.append(Mistake(str(file), 0, "", f"can't be read ({reason})", "name a file of cases"))
        return []
    document = reading.read(text, {}, report)
    if document is None:
        return []
    if not isinstance(document.tree, tuple):
        report(1, (), "is not a list of cases", "start each with a dash, then name, route, given and expect")
        return []
    found = []
    for index, tree in enumerate(document.tree):
        here: Location = (index,)
        try:
            case = Case.model_validate(tree)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                location = (index, *one["loc"])
                report(document.line(location), location, *_sentence(one))
            continue
        if case.route not in routes:
            meant = near(case.route, routes)
            remedy = f"write {meant}" if meant else f"there are {', '.join(routes)}"
            report(document.line((*here, "route")), (*here, "route"), "is no route's name", remedy)
        try:
            body = _body(case.given, file)
        except OSError as e:
            location = (*here, "given", "file")
            report(
                document.line(location), location, f"can't be read ({e.strerror})", f"put it beside {file}"
            )
            continue
        found.append(Found(file, document.line(here), case, body))
    return found


def _body(given: Given, file: Path) -> bytes | str:
    if given.file is not None:
        return (file.parent / given.file).read_bytes()
    return given.base64 if given.base64 is not None else given.body or ""


def _sentence(error: Any) -> tuple[str, str]:
    match error["type"]:
        case "extra_forbidden":
            return "is not a known key", "docs/shaping.md has all of them"
        case "missing":
            return "is missing", "a case has name, route, given and expect"
        case "value_error":
            problem, _, remedy = str(error["ctx"]["error"]).partition(": ")
            return problem, remedy
    return str(error["msg"]).lower(), "docs/shaping.md has an example"
