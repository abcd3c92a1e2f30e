"""Values of every structure of the wire, made from its own declaration."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar, get_args, get_type_hints

from hypothesis import strategies as st

from mock_mq.wire.fields import Char, Number, Raw, Structure

S = TypeVar("S", bound=Structure)
_RANGES = {"B": (0, 2**8 - 1), "H": (0, 2**16 - 1), "i": (-(2**31), 2**31 - 1), "q": (-(2**63), 2**63 - 1)}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, type):
        return structures(hint)
    kind = get_args(hint)[1]
    if isinstance(kind, Number):
        return st.integers(*_RANGES[kind.code])
    if isinstance(kind, Raw):
        return st.binary(min_size=kind.width, max_size=kind.width)
    assert isinstance(kind, Char)
    letters = st.characters(min_codepoint=1, max_codepoint=255)
    return st.text(letters, max_size=kind.width).map(lambda text: text.rstrip(" "))


def _width(hint: Any) -> int:
    width: int = hint.longest() if isinstance(hint, type) else get_args(hint)[1].width  # type: ignore[attr-defined]
    return width


def structures(cls: type[S]) -> st.SearchStrategy[S]:
    """Any version; fields that the version does not have keep their defaults."""
    hints = get_type_hints(cls, include_extras=True)

    def of_version(version: int | None) -> st.SearchStrategy[S]:
        end = cls.LENGTHS[version] if version is not None else cls.longest()
        position = len(cls.EYECATCHER)
        chosen: dict[str, st.SearchStrategy[Any]] = {}
        for each in fields(cls):
            if position >= end:
                break
            hint = hints[each.name]
            position += _width(hint)
            chosen[each.name] = _values(hint)
        if version is not None:
            chosen["version"] = st.just(version)
        return st.builds(cls, **chosen)

    return st.sampled_from(sorted(cls.LENGTHS)).flatmap(of_version) if cls.LENGTHS else of_version(None)
