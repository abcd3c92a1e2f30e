"""Waves: whatever the groups, none overtakes another of its own, and none is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.ordering import waves

ITEMS = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers()))


@given(ITEMS)
def test_a_wave_holds_one_of_a_group_at_most_and_all_arrive_in_their_groups_order(
    items: list[tuple[str, int]],
) -> None:
    cut = waves(items, lambda item: item[0])
    for wave in cut:
        grouped = [group for group, _ in wave if group]
        assert len(grouped) == len(set(grouped))
    for group in ("a", "b", "c"):
        assert [item for wave in cut for item in wave if item[0] == group] == [
            item for item in items if item[0] == group
        ]
    assert sorted(item for wave in cut for item in wave) == sorted(items)


@given(ITEMS)
def test_what_has_no_order_is_not_held_up(items: list[tuple[str, int]]) -> None:
    cut = waves(items, lambda item: item[0])
    assert all(group for wave in cut[1:] for group, _ in wave)
    largest = max(sum(group == each for group, _ in items) for each in "abc")
    assert len(cut) == max(largest, min(len(items), 1))
