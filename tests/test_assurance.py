"""The documents that say which test shows what name tests that there are."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.documents import DOCS, ROOT
from tests.torture.cells import POINTS

NAMED = re.compile(r"`(tests/[^`]*)`")
ROW = re.compile(r"^\| (?!claim|---).*\|$", re.MULTILINE)


def rows(document: str) -> list[str]:
    return ROW.findall((DOCS / document).read_text(encoding="utf-8"))


@cache
def names_in(file: Path) -> frozenset[str]:
    """The tests that pytest would collect from a file, those of its classes too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_each_claim_is_shown_by_tests_that_there_are() -> None:
    claims = rows("assurance.md")
    assert len(claims) > 60
    for claim in claims:
        named = NAMED.findall(claim.rsplit(" | ", 1)[1])
        assert named, claim
        for each in named:
            file, _, test = each.partition("::")
            assert (ROOT / file).is_file(), each
            assert re.fullmatch(r"test_\w+\.py", Path(file).name), each
            assert names_in(ROOT / file), each
            assert not test or test in names_in(ROOT / file), each


def test_what_delivery_names_is_there() -> None:
    named = NAMED.findall((DOCS / "delivery.md").read_text(encoding="utf-8"))
    assert len(named) > 15
    assert [each for each in named if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("route", ["out", "in"])
def test_each_step_of_delivery_names_its_point_and_each_point_has_a_step(route: str) -> None:
    steps = [found[1] for row in rows("delivery.md") if (found := re.search(rf"`({route}: [^`]*)` \|$", row))]
    assert sorted(steps) == sorted(str(point) for point in POINTS if point.route == route)
