"""YAML as it stands in a file: the values, the line of each, the variables filled in.

Only plain values, lists and mappings are read; no tag can make anything else. Depth and number of values are
bounded, so that a document whose aliases multiply ends in a mistake, not in a full memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bridge.configuration.mistakes import Location, shown
from bridge.configuration.syntax import DEEPEST, Refused, compose

MOST_VALUES = 10_000
MOST_FILLED = 1024 * 1024
"""Characters that all variables together may fill in."""

_TAG = "tag:yaml.org,2002:"
_VARIABLE = re.compile(r"\$\$|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Report = Callable[[int, Location, str, str], None]
"""Takes a mistake: its line, location, problem and remedy."""


@dataclass(slots=True)
class Document:
    """What was read: mappings as dicts, lists as tuples, and the line where each value stands.

    `written` holds each plain value as it stands in the file; those in `filled` had a variable's value put
    in. `spoilt` are the locations that have a mistake already: their values say nothing.
    """

    tree: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    written: dict[Location, str] = field(default_factory=dict)
    filled: set[Location] = field(default_factory=set)
    spoilt: set[Location] = field(default_factory=set)

    def line(self, location: Location) -> int:
        """The line of a location, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def forget(self, location: Location) -> None:
        """Takes back what is known of a location and all beneath it: another value takes its place."""
        for known in (self.lines, self.written):
            for place in [place for place in known if place[: len(location)] == location]:
                del known[place]
        for places in (self.filled, self.spoilt):
            places -= {place for place in places if place[: len(location)] == location}

    def is_spoilt(self, location: Location) -> bool:
        """Whether the location, or something around it, has a mistake already."""
        return any(location[:length] in self.spoilt for length in range(len(location) + 1))


def read(text: str, environ: Mapping[str, str], report: Report) -> Document | None:
    """Reads one YAML document and fills in its variables; None where its text can't be understood at all.

    Everything wrong is told to `report`, all of it where the text is YAML, the first where it is not.
    """
    try:
        reader = _Reader(text, environ, report)
        reader.document.tree = reader.value(compose(text), ())
    except Refused as refused:
        report(refused.line, (), refused.problem, refused.remedy)
        return None
    return reader.document


class _Reader:
    def __init__(self, text: str, environ: Mapping[str, str], report: Report) -> None:
        self.document = Document()
        self._text = text
        self._environ = environ
        self._report = report
        self._open: list[Node] = []
        self._count = 0
        self._length = 0

    def value(self, node: Node, location: Location) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            problem = f"holds more than {MOST_VALUES} values"
            raise Refused(_line(node), problem, "leave out the aliases that multiply")
        if len(self._open) >= DEEPEST:
            problem = f"is nested more than {DEEPEST} deep by its aliases"
            raise Refused(_line(node), problem, "write the values out")
        self.document.lines.setdefault(location, _line(node))
        if node in self._open:
            return self._spoil(node, location, "an alias leads back into itself", "write the values out")
        self._open.append(node)
        try:
            if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
                return self._mapping(node, location)
            if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
                return tuple(self.value(item, (*location, index)) for index, item in enumerate(node.value))
            if isinstance(node, ScalarNode):
                return self._scalar(node, location)
        finally:
            self._open.pop()
        return self._foreign_tag(node, location)

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == f"{_TAG}merge":
                for more in self._merges(item, location):
                    merged = {**more, **merged}
        values: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == f"{_TAG}merge":
                continue
            if not isinstance(key, ScalarNode):
                self._spoil(
                    key, location, "a key is a list or a mapping", 'write a word as key; quote "${VARIABLE}"'
                )
                continue
            name = str(key.value)
            here = (*location, name)
            if name in values:
                first = self.document.lines[here]
                self._report(
                    _line(key), here, f"stands here for the second time, first on line {first}", "keep one"
                )
                continue
            if name in merged:
                self.document.forget(here)
            self.document.lines[here] = _line(key)
            values[name] = self.value(item, here)
        return {**merged, **values}

    def _merges(self, node: Node, location: Location) -> Iterator[dict[str, Any]]:
        items = node.value if isinstance(node, SequenceNode) else [node]
        for item in items:
            if not isinstance(item, MappingNode):
                self._spoil(item, location, "<< takes in something else than a mapping", "write <<: *NAME")
                continue
            merged = self.value(item, location)
            if isinstance(merged, dict):
                yield merged

    def _scalar(self, node: ScalarNode, location: Location) -> Any:
        text, tag = str(node.value), node.tag
        self.document.written[location] = text
        filled = self._filled(node, location)
        if filled is None:
            return None
        if filled != text:
            self.document.filled.add(location)
            text = filled
            if node.style is None:
                # An unquoted value is read as if what the variable holds stood there itself.
                tag = _implicit_tag(text)
        if tag == f"{_TAG}null" and _is_in_a_pattern(location):
            return None
        if tag == f"{_TAG}null":
            return self._spoil(node, location, "has no value", "give it one or leave the key out")
        construct = _CONSTRUCTORS.get(tag.removeprefix(_TAG)) if tag.startswith(_TAG) else None
        if construct is None:
            return self._foreign_tag(node, location)
        try:
            return construct(text)
        except ValueError:
            return text

    def _filled(self, node: ScalarNode, location: Location) -> str | None:
        """The value with its variables filled in; None where that can't be done, which is told."""
        complete = True

        def fill(match: re.Match[str]) -> str:
            nonlocal complete
            if match[0] == "$$":
                return "$"
            name, closed = match[1], match[2]
            if closed and name in self._environ and _NAME.fullmatch(name):
                self._length += len(self._environ[name])
                if self._length > MOST_FILLED:
                    problem = f"variables fill in more than {MOST_FILLED} characters"
                    raise Refused(_line(node), problem, "a configuration is a small part of it")
                return self._environ[name]
            complete = False
            self._report(self._line_of(node, match[0]), location, *_unfilled(name, closed=bool(closed)))
            return ""

        text = _VARIABLE.sub(fill, str(node.value))
        if complete:
            return text
        self.document.spoilt.add(location)
        return None

    def _line_of(self, node: ScalarNode, part: str) -> int:
        """The line on which a part of a value stands, which may go over several."""
        at = self._text.find(part, node.start_mark.index, node.end_mark.index)
        return self._text.count("\n", 0, at) + 1 if at >= 0 else _line(node)

    def _foreign_tag(self, node: Node, location: Location) -> None:
        tag = node.tag.replace(_TAG, "!!", 1)
        self._spoil(
            node, location, f"the tag {shown(tag, quoted=False)} is not allowed", "write the plain value"
        )

    def _spoil(self, node: Node, location: Location, problem: str, remedy: str) -> None:
        self.document.spoilt.add(location)
        self._report(_line(node), location, problem, remedy)


def _is_in_a_pattern(location: Location) -> bool:
    """Where null is a value like others: a message's JSON may have it."""
    return location[:1] == ("routes",) and not {"filter", "when"}.isdisjoint(location[2:-1])


def _unfilled(name: str, *, closed: bool) -> tuple[str, str]:
    """Why a variable could not be filled in, and what to do."""
    plain = _NAME.match(name)
    if not closed:
        return "${ is not closed", "write ${NAME}, or $$ for a dollar sign"
    if not plain:
        return (
            f"${{{shown(name, quoted=False)}}} does not name a variable",
            "write ${NAME}, or $$ for a dollar sign",
        )
    if plain[0] != name:
        problem = f"${{{shown(name, quoted=False)}}} is more than a variable's name"
        return problem, f"write ${{{plain[0]}}} and set it; there are no defaults here"
    return (
        f"the environment variable {name} is not set",
        f"set it, or write $${{{name}}} to mean the text itself",
    )


def _implicit_tag(text: str) -> str:
    """What YAML takes an unquoted text for."""
    return str(yaml.SafeLoader("").resolve(ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]


def _integer(text: str) -> int:
    plain = text.replace("_", "")
    if re.fullmatch(r"[-+]?0[0-7]+", plain):
        return int(plain, 8)
    if ":" in plain:  # base 60, in which YAML 1.1 reads 14:14
        raise ValueError
    return int(plain, 0)


def _real(text: str) -> float:
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


_CONSTRUCTORS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": _integer,
    "float": _real,
    "bool": lambda text: text.lower() in {"yes", "true", "on"},
    "timestamp": str,
    "value": str,
}


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
