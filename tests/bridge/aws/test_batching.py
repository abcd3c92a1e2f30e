from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.aws.batching import MOST_BYTES, MOST_ENTRIES, cut, packed


def sizes(items: list[int]) -> list[list[int]]:
    return list(cut(items, lambda item: item))


def test_a_thousand_small_messages_are_a_hundred_requests() -> None:
    assert [len(request) for request in sizes([1024] * 1000)] == [10] * 100


def test_ten_messages_that_just_fill_a_request_are_one() -> None:
    just = [MOST_BYTES // 10] * 9
    last = MOST_BYTES - sum(just)
    assert sizes([*just, last]) == [[*just, last]]
    assert sizes([*just, last + 1]) == [just, [last + 1]]


def test_a_message_over_the_limit_goes_alone_and_in_its_place() -> None:
    assert sizes([1, MOST_BYTES + 1, 2]) == [[1], [MOST_BYTES + 1], [2]]


def test_nothing_makes_no_request() -> None:
    assert sizes([]) == []


@given(st.lists(st.integers(0, MOST_BYTES * 2)))
def test_whatever_the_sizes_nothing_is_lost_moved_or_over_a_limit(items: list[int]) -> None:
    requests = sizes(items)
    assert [item for request in requests for item in request] == items
    for request in requests:
        assert 1 <= len(request) <= MOST_ENTRIES
        assert len(request) == 1 or sum(request) <= MOST_BYTES
    for one, following in pairwise(requests):
        assert len(one) == MOST_ENTRIES or sum(one) + following[0] > MOST_BYTES


def test_large_and_small_ones_share_requests_whatever_order_they_come_in() -> None:
    items = [120_000] * 5 + [64_000] * 5 + [1_000] * 40
    assert len(packed(items, lambda item: item)) == 5
    assert len(sizes(items)) > 5


@given(st.lists(st.integers(0, MOST_BYTES + 1_000)))
def test_packing_loses_nothing_breaks_no_limit_and_takes_no_more_requests(items: list[int]) -> None:
    numbered = list(enumerate(items))
    requests = packed(numbered, lambda each: each[1])
    assert sorted(each for request in requests for each in request) == numbered
    assert len(requests) <= len(sizes(items))
    for request in requests:
        assert 1 <= len(request) <= MOST_ENTRIES
        assert len(request) == 1 or sum(each for _, each in request) <= MOST_BYTES
        assert request == sorted(request)
