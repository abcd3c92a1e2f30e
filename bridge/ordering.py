"""Order within message groups: what may be under way at the same time, and what has to wait. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def waves(items: Sequence[Item], group_of: Callable[[Item], str]) -> list[list[Item]]:
    """Cuts items so that no wave holds two of a group, and each group's stay in order over the waves.

    Those of the group "" have no order: all are in the first wave. A destination may take some of a request
    and not others, so what must not overtake may not travel together.
    """
    cut: list[list[Item]] = []
    seen: Counter[str] = Counter()
    for item in items:
        group = group_of(item)
        place = seen[group]
        if group:
            seen[group] += 1
        if place == len(cut):
            cut.append([])
        cut[place].append(item)
    return cut
