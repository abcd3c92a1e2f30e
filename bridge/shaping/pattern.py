"""EventBridge's event patterns: from a mapping to something that matches values as JSON has them. Pure.

As "Comparison operators for use in event patterns" in Amazon EventBridge's user guide has them: fields are
joined by and, the values of one field by or; a list in the event matches where one of its values does.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bridge.nearness import near

_ABSENT = object()
"""What a field that is not there has for a value."""

Test = Callable[[Any], bool]
"""Whether one value, or `_ABSENT`, is what is wanted."""

_OPERATORS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}
_COMPARISONS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "anything-but": ((object,), ""),
    "cidr": ((str,), "write a text, such as 10.0.0.0/24"),
    "equals-ignore-case": ((str,), "write a text"),
    "exists": ((bool,), "write true or false"),
    "numeric": ((list, tuple), 'write a list, such as [">", 100]'),
    "prefix": ((str, dict), "write a text"),
    "suffix": ((str, dict), "write a text"),
    "wildcard": ((str,), "write a text with * in it"),
}
"""What each compares with, and what to write where it is something else."""
_AN_EXAMPLE = "write a list of what it may be, such as [EUR, USD] or [{prefix: EU}]"


@dataclass(frozen=True, slots=True)
class PatternMistake:
    """What is wrong with a pattern, and where in it; `remedy` says what would be right."""

    path: tuple[str | int, ...]
    problem: str
    remedy: str


class PatternError(ValueError):
    """No pattern; `mistakes` are all that is wrong with it."""

    def __init__(self, mistakes: Sequence[PatternMistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"{each.problem}: {each.remedy}" for each in mistakes))


@dataclass(frozen=True, slots=True)
class Pattern:
    """Matches mappings. `fields` are all wanted, and of each of `choices` one."""

    fields: Mapping[str, Pattern | Leaf]
    choices: Sequence[Sequence[Pattern]] = ()

    def matches(self, value: Any) -> bool:
        """Whether a value does, as JSON has it; of a list one of its mappings is enough."""
        if isinstance(value, list) and value:
            return any(self.matches(each) for each in value)
        if not isinstance(value, dict):
            # What is not there may be just what is wanted: {exists: false}.
            value = {}
        return all(each.matches(value.get(name, _ABSENT)) for name, each in self.fields.items()) and all(
            any(each.matches(value) for each in choice) for choice in self.choices
        )

    @property
    def reads(self) -> frozenset[str]:
        """The fields at the top that a match depends on."""
        nested = (each.reads for choice in self.choices for each in choice)
        return frozenset(self.fields).union(*nested)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What one field may be: what one of the tests says yes to."""

    tests: Sequence[Test]

    def matches(self, value: Any) -> bool:
        """Whether it is; of a list one value is enough."""
        if isinstance(value, list) and value:
            return any(self.matches(each) for each in value)
        # EventBridge looks at leaves only: a mapping, or a list of nothing, is as good as nothing.
        plain = _ABSENT if isinstance(value, dict | list) else value
        return any(test(plain) for test in self.tests)


def compiled(tree: Any) -> Pattern:
    """A pattern from a mapping as YAML or JSON has it; raises `PatternError` with all that is wrong."""
    reader = _Reader()
    pattern = reader.pattern(tree, ())
    if reader.mistakes:
        raise PatternError(reader.mistakes)
    return pattern


class _Reader:
    def __init__(self) -> None:
        self.mistakes: list[PatternMistake] = []

    def pattern(self, tree: Any, path: tuple[str | int, ...]) -> Pattern:
        if not isinstance(tree, dict):
            self._wrong(path, "is not a mapping", "write the names of fields, each with what it may be")
            return Pattern({})
        if not tree:
            self._wrong(path, "is empty", "name a field, or leave it out")
        fields: dict[str, Pattern | Leaf] = {}
        choices: list[Sequence[Pattern]] = []
        for name, wanted in tree.items():
            here = (*path, name)
            if name == "$or":
                choices.append(self._choice(wanted, here))
            elif isinstance(wanted, dict):
                fields[name] = self.pattern(wanted, here)
            else:
                fields[name] = self._leaf(wanted, here)
        return Pattern(fields, choices)

    def _choice(self, tree: Any, path: tuple[str | int, ...]) -> Sequence[Pattern]:
        if not _is_list(tree) or len(tree) < 2:
            self._wrong(path, "is no choice", "write a list of two patterns or more")
            return ()
        return [self.pattern(each, (*path, index)) for index, each in enumerate(tree)]

    def _leaf(self, tree: Any, path: tuple[str | int, ...]) -> Leaf:
        if not _is_list(tree):
            self._wrong(path, "is not a list", _AN_EXAMPLE)
            return Leaf(())
        if not tree:
            self._wrong(path, "is an empty list, which nothing matches", _AN_EXAMPLE)
        return Leaf([self._test(each, (*path, index)) for index, each in enumerate(tree)])

    def _test(self, tree: Any, path: tuple[str | int, ...]) -> Test:
        if not isinstance(tree, dict):
            return self._equals(tree, path)
        if len(tree) != 1:
            self._wrong(path, f"has {len(tree)} keys", "write one comparison a mapping")
            return _never
        [(name, wanted)] = tree.items()
        here = (*path, name)
        if name not in _COMPARISONS:
            meant = near(name, _COMPARISONS)
            remedy = f"write {meant}" if meant else f"one of {', '.join(_COMPARISONS)} is"
            self._wrong(here, "is no comparison of EventBridge's", remedy)
            return _never
        kinds, remedy = _COMPARISONS[name]
        if not isinstance(wanted, kinds):
            self._wrong(here, "does not compare with that", remedy)
            return _never
        makers: Mapping[str, Callable[[Any, tuple[str | int, ...]], Test]] = {
            "anything-but": self._anything_but,
            "cidr": self._cidr,
            "equals-ignore-case": self._equals_in_any_case,
            "exists": self._exists,
            "numeric": self._numeric,
            "prefix": partial(self._end, "prefix"),
            "suffix": partial(self._end, "suffix"),
            "wildcard": self._wildcard,
        }
        return makers[name](wanted, here)

    def _exists(self, wanted: Any, _path: tuple[str | int, ...]) -> Test:
        return lambda value: (value is not _ABSENT) == wanted

    def _equals_in_any_case(self, wanted: Any, _path: tuple[str | int, ...]) -> Test:
        folded = wanted.lower()
        return lambda value: isinstance(value, str) and value.lower() == folded

    def _equals(self, wanted: Any, path: tuple[str | int, ...]) -> Test:
        if _is_list(wanted):
            self._wrong(path, "is a list within a list", "write the values in one list")
            return _never
        return _equal_to(wanted)

    def _end(self, name: str, wanted: Any, path: tuple[str | int, ...]) -> Test:
        """What a text starts or ends with, in any case where it says `equals-ignore-case`."""
        fold = isinstance(wanted, dict) and list(wanted) == ["equals-ignore-case"]
        text = wanted["equals-ignore-case"] if fold else wanted
        if not isinstance(text, str) or not text:
            self._wrong(path, "is no text to compare with", f"write {{{name}: TEXT}}")
            return _never
        at_start = name == "prefix"
        folded = text.lower() if fold else text

        def test(value: Any) -> bool:
            if not isinstance(value, str):
                return False
            given = value.lower() if fold else value
            return given.startswith(folded) if at_start else given.endswith(folded)

        return test

    def _wildcard(self, wanted: Any, path: tuple[str | int, ...]) -> Test:
        r"""`*` stands for any characters; `\*` and `\\` for themselves."""
        parts = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", wanted)
        texts = [""]
        for before, part in zip(["", *parts], parts, strict=False):
            if part == "*" == before:
                self._wrong(path, "has ** in it", "write one *, which stands for any number of characters")
                return _never
            if part == "*":
                texts.append("")
            else:
                texts[-1] += part[1:] if len(part) > 1 and part[0] == "\\" else part
        return lambda value: isinstance(value, str) and _is_like(value, texts)

    def _numeric(self, wanted: Any, path: tuple[str | int, ...]) -> Test:
        pairs = list(zip(wanted[::2], wanted[1::2], strict=False))
        if (
            len(wanted) not in {2, 4}
            or not all(isinstance(each, str) and each in _OPERATORS for each, _ in pairs)
            or not all(_is_number(number) for _, number in pairs)
        ):
            self._wrong(path, "is no range of numbers", 'write [">", 0, "<=", 100], say, or one pair of them')
            return _never
        return lambda value: (
            _is_number(value) and all(_OPERATORS[each](value, number) for each, number in pairs)
        )

    def _cidr(self, wanted: Any, path: tuple[str | int, ...]) -> Test:
        try:
            network = ipaddress.ip_network(wanted)
        except ValueError:
            self._wrong(path, "is no range of addresses", "write it like 10.0.0.0/24")
            return _never

        def test(value: Any) -> bool:
            try:
                return isinstance(value, str) and ipaddress.ip_address(value) in network
            except ValueError:
                return False

        return test

    def _anything_but(self, wanted: Any, path: tuple[str | int, ...]) -> Test:
        """What is there, and is none of these."""
        tests: Iterable[Test]
        if isinstance(wanted, dict):
            [name, *others] = wanted or ("",)
            if others or name not in {"prefix", "suffix", "wildcard", "equals-ignore-case"}:
                remedy = "write values, or one of prefix, suffix, wildcard and equals-ignore-case"
                self._wrong(path, "does not exclude that", remedy)
                return _never
            texts = wanted[name] if _is_list(wanted[name]) else [wanted[name]]
            tests = [self._test({name: each}, path) for each in texts]
        else:
            values = wanted if _is_list(wanted) else [wanted]
            tests = [self._equals(each, path) for each in values]
            if any(isinstance(each, dict) for each in values):
                self._wrong(path, "does not exclude that", "write values, or one mapping alone")
                return _never
        if not tests:
            self._wrong(path, "excludes nothing", "write a list of what it may not be")
        return lambda value: value is not _ABSENT and not any(test(value) for test in tests)

    def _wrong(self, path: tuple[str | int, ...], problem: str, remedy: str) -> None:
        self.mistakes.append(PatternMistake(path, problem, remedy))


def _equal_to(wanted: Any) -> Test:
    if _is_number(wanted):
        return lambda value: _is_number(value) and value == wanted
    # `True` is no 1 here, and an empty text no null.
    return lambda value: type(value) is type(wanted) and value == wanted


def _is_like(value: str, texts: Sequence[str]) -> bool:
    """Whether a text is these texts, with anything between two of them; in one pass, whatever is in it."""
    first, *others = texts
    if not others:
        return value == first
    *middle, last = others
    if not value.startswith(first):
        return False
    position = len(first)
    for each in middle:
        found = value.find(each, position)
        if found < 0:
            return False
        position = found + len(each)
    return len(value) - position >= len(last) and value.endswith(last)


def _never(_value: Any) -> bool:
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
