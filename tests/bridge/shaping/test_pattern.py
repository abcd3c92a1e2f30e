"""EventBridge's patterns: each comparison as Amazon's user guide tells it, and what is no pattern."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.shaping.pattern import PatternError, compiled

# A pattern, what it matches, what it does not.
COMPARISONS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = {
    "and": ({"a": ["x"], "b": [1]}, [{"a": "x", "b": 1, "c": 0}], [{"a": "x"}, {"a": "x", "b": 2}]),
    "or of values": ({"a": ["x", "y", None]}, [{"a": "x"}, {"a": "y"}, {"a": None}], [{"a": "z"}, {}]),
    "nested": ({"a": {"b": ["x"]}}, [{"a": {"b": "x"}}], [{"a": "x"}, {"a": {"c": "x"}}, {"b": "x"}]),
    "equals": ({"a": ["x"]}, [{"a": "x"}], [{"a": "X"}, {"a": "xx"}]),
    "numbers by value": ({"a": [300]}, [{"a": 300}, {"a": 300.0}, {"a": 3.0e2}], [{"a": "300"}, {"a": 301}]),
    "true is no 1": ({"a": [True]}, [{"a": True}], [{"a": 1}, {"a": "true"}, {"a": False}]),
    "one is not true": ({"a": [1]}, [{"a": 1}], [{"a": True}]),
    "empty": ({"a": [""]}, [{"a": ""}], [{"a": " "}, {"a": None}, {}]),
    "null": ({"a": [None]}, [{"a": None}], [{"a": ""}, {}, {"a": 0}]),
    "prefix": ({"a": [{"prefix": "us-"}]}, [{"a": "us-east-1"}], [{"a": "eu-us-"}, {"a": 5}, {}]),
    "prefix in any case": (
        {"a": [{"prefix": {"equals-ignore-case": "EventB"}}]},
        [{"a": "eventbridge"}, {"a": "EVENTB"}],
        [{"a": "event"}],
    ),
    "suffix": ({"a": [{"suffix": ".png"}]}, [{"a": "x.png"}], [{"a": "x.PNG"}, {"a": "x.png "}]),
    "suffix in any case": (
        {"a": [{"suffix": {"equals-ignore-case": ".png"}}]},
        [{"a": "x.PNG"}],
        [{"a": "png"}],
    ),
    "equals in any case": (
        {"a": [{"equals-ignore-case": "alice"}]},
        [{"a": "Alice"}, {"a": "ALICE"}],
        [{"a": "Alicia"}, {"a": None}],
    ),
    "wildcard": (
        {"a": [{"wildcard": "dir/*.png"}]},
        [{"a": "dir/x.png"}, {"a": "dir/.png"}, {"a": "dir/a/b.png"}],
        [{"a": "dir/x.pngx"}, {"a": "xdir/x.png"}, {"a": "dir.png"}],
    ),
    "wildcard of several": (
        {"a": [{"wildcard": "*/lib/*b"}]},
        [{"a": "/lib/b"}, {"a": "x/lib/y/lib/bb"}],
        [{"a": "lib/b"}, {"a": "/lib/bc"}],
    ),
    "wildcard that overlaps": ({"a": [{"wildcard": "ab*ba"}]}, [{"a": "abba"}], [{"a": "aba"}]),
    "wildcard escaped": (
        {"a": [{"wildcard": "a\\*b\\\\*"}]},
        [{"a": "a*b\\"}, {"a": "a*b\\c"}],
        [{"a": "axb\\"}, {"a": "a*bc"}],
    ),
    "numeric": (
        {"a": [{"numeric": [">", 10, "<=", 20]}]},
        [{"a": 20}, {"a": 10.1}],
        [{"a": 10}, {"a": 21}, {"a": "15"}, {"a": True}],
    ),
    "numeric equal": ({"a": [{"numeric": ["=", 100]}]}, [{"a": 100.0}], [{"a": 99}]),
    "exists": ({"a": [{"exists": True}]}, [{"a": None}, {"a": ""}], [{}, {"a": {"b": 1}}, {"a": []}]),
    "exists not": ({"a": {"b": [{"exists": False}]}}, [{}, {"a": {}}, {"a": 1}], [{"a": {"b": None}}]),
    "cidr": (
        {"a": [{"cidr": "10.0.0.0/24"}]},
        [{"a": "10.0.0.255"}],
        [{"a": "10.0.1.0"}, {"a": "host"}, {"a": "::1"}],
    ),
    "anything-but": (
        {"a": [{"anything-but": "initializing"}]},
        [{"a": "running"}, {"a": None}, {"a": 1}],
        [{"a": "initializing"}, {}],
    ),
    "anything-but several": (
        {"a": [{"anything-but": [100, 200, "x"]}]},
        [{"a": 300}, {"a": "100"}],
        [{"a": 100.0}, {"a": "x"}],
    ),
    "anything-but prefix": (
        {"a": [{"anything-but": {"prefix": ["us-", "eu-"]}}]},
        [{"a": "ap-south-1"}],
        [{"a": "us-east-1"}, {"a": "eu-west-1"}],
    ),
    "anything-but wildcard": (
        {"a": [{"anything-but": {"wildcard": "*/lib/*"}}]},
        [{"a": "/usr/bin"}],
        [{"a": "/usr/lib/x"}],
    ),
    "list in the event": ({"a": ["x"]}, [{"a": ["w", "x"]}], [{"a": ["w"]}, {"a": []}]),
    "mappings in a list": (
        {"a": {"b": ["x"], "c": [1]}},
        [{"a": [{"b": "y", "c": 1}, {"b": "x", "c": 1}]}],
        [{"a": [{"b": "x", "c": 2}, {"b": "y", "c": 1}]}],
    ),
    "$or": (
        {"z": [1], "$or": [{"a": ["x"]}, {"b": {"c": ["y"]}}]},
        [{"z": 1, "a": "x"}, {"z": 1, "b": {"c": "y"}}],
        [{"a": "x"}, {"z": 1}, {"z": 1, "a": "y"}],
    ),
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_matches_what_amazon_says_it_does(name: str) -> None:
    tree, matching, others = COMPARISONS[name]
    pattern = compiled(tree)
    assert [event for event in matching if not pattern.matches(event)] == []
    assert [event for event in others if pattern.matches(event)] == []


MISTAKES: dict[str, tuple[Any, tuple[str | int, ...], str]] = {
    "no mapping": (["x"], (), "is not a mapping"),
    "empty": ({}, (), "is empty"),
    "empty list": ({"a": []}, ("a",), "nothing matches"),
    "no list": ({"a": "x"}, ("a",), "is not a list"),
    "list in a list": ({"a": [["x"]]}, ("a", 0), "list within a list"),
    "unknown": ({"a": [{"perfix": "x"}]}, ("a", 0, "perfix"), "write prefix"),
    "unlike any": ({"a": [{"zzz": "x"}]}, ("a", 0, "zzz"), "one of anything-but"),
    "two in one": ({"a": [{"prefix": "x", "suffix": "y"}]}, ("a", 0), "has 2 keys"),
    "prefix of a number": ({"a": [{"prefix": 5}]}, ("a", 0, "prefix"), "write a text"),
    "prefix of nothing": ({"a": [{"prefix": ""}]}, ("a", 0, "prefix"), "no text"),
    "exists what": ({"a": [{"exists": "yes"}]}, ("a", 0, "exists"), "true or false"),
    "numeric odd": ({"a": [{"numeric": [">"]}]}, ("a", 0, "numeric"), "range"),
    "numeric of text": ({"a": [{"numeric": [">", "5"]}]}, ("a", 0, "numeric"), "range"),
    "numeric of lists": ({"a": [{"numeric": [[], 5]}]}, ("a", 0, "numeric"), "range"),
    "numeric of three": ({"a": [{"numeric": [">", 1, "<", 2, "=", 3]}]}, ("a", 0, "numeric"), "range"),
    "cidr": ({"a": [{"cidr": "10.0.0/24"}]}, ("a", 0, "cidr"), "10.0.0.0/24"),
    "two stars": ({"a": [{"wildcard": "a**"}]}, ("a", 0, "wildcard"), "has **"),
    "but nothing": ({"a": [{"anything-but": []}]}, ("a", 0, "anything-but"), "excludes nothing"),
    "but numeric": (
        {"a": [{"anything-but": {"numeric": [1]}}]},
        ("a", 0, "anything-but"),
        "does not exclude",
    ),
    "but mappings": ({"a": [{"anything-but": [{"prefix": "x"}]}]}, ("a", 0, "anything-but"), "one mapping"),
    "or of one": ({"$or": [{"a": ["x"]}]}, ("$or",), "no choice"),
    "in or": ({"$or": [{"a": ["x"]}, {"b": "y"}]}, ("$or", 1, "b"), "is not a list"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_pattern_is_told_with_its_place(name: str) -> None:
    tree, path, words = MISTAKES[name]
    with pytest.raises(PatternError) as caught:
        compiled(tree)
    assert path in [each.path for each in caught.value.mistakes]
    assert words in str(caught.value)


def test_all_mistakes_of_a_pattern_are_told() -> None:
    with pytest.raises(PatternError) as caught:
        compiled({"a": "x", "b": [{"nope": 1}], "c": {}})
    assert [each.path for each in caught.value.mistakes] == [("a",), ("b", 0, "nope"), ("c",)]


def test_it_says_which_fields_it_reads() -> None:
    pattern = compiled({"a": ["x"], "$or": [{"b": ["x"]}, {"$or": [{"c": [1]}, {"d": {"e": [1]}}]}]})
    assert pattern.reads == {"a", "b", "c", "d"}


@given(st.text(alphabet="ab/*", max_size=12), st.text(alphabet="ab/", max_size=12))
def test_a_wildcard_means_what_a_shell_means_by_it(wanted: str, text: str) -> None:
    wanted = re.sub(r"\*+", "*", wanted)
    assert compiled({"a": [{"wildcard": wanted}]}).matches({"a": text}) == fnmatch.fnmatchcase(text, wanted)


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(
    st.dictionaries(st.text(min_size=1, max_size=5).filter(lambda name: name != "$or"), LEAVES, min_size=1)
)
def test_a_pattern_of_an_events_own_values_matches_it_and_anything_but_them_does_not(
    event: dict[str, Any],
) -> None:
    assert compiled({name: [value] for name, value in event.items()}).matches(event)
    for name, value in event.items():
        assert not compiled({name: [{"anything-but": [value]}]}).matches(event)
        assert not compiled({name: [{"exists": False}]}).matches(event)
