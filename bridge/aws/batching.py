"""Messages cut into requests. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil
from typing import TypeVar

MOST_ENTRIES = 10
"""Entries in a PublishBatch, SendMessageBatch or DeleteMessageBatch."""

MOST_BYTES = 262_144
"""Bytes in a PublishBatch, bodies and attributes of all entries counted. SQS takes more; a queue may not."""

Item = TypeVar("Item")


def cut(
    items: Iterable[Item], size: Callable[[Item], int], *, entries: int = MOST_ENTRIES, most: int = MOST_BYTES
) -> Iterator[list[Item]]:
    """Cuts items into requests of at most `entries` items and `most` bytes, in order.

    An item bigger than `most` is a request of its own: the service has the last word on it.
    """
    request: list[Item] = []
    held = 0
    for item in items:
        weight = size(item)
        if request and (len(request) == entries or held + weight > most):
            yield request
            request, held = [], 0
        request.append(item)
        held += weight
    if request:
        yield request


def packed(items: Sequence[Item], size: Callable[[Item], int]) -> list[list[Item]]:
    """As few requests as `cut` makes, or fewer: large items and small ones share them. In order within each.

    For what has no order of its own. Where large ones come one after the other `cut` leaves the small ones
    behind them to requests that are hardly filled.
    """
    sizes = [size(item) for item in items]
    found = list(cut(range(len(items)), sizes.__getitem__))
    least = max(ceil(len(items) / MOST_ENTRIES), ceil(sum(sizes) / MOST_BYTES))
    for number in range(least, len(found)):
        if fewer := _spread(sizes, number):
            found = fewer
            break
    return [[items[place] for place in sorted(request)] for request in found]


def _spread(sizes: Sequence[int], number: int) -> list[list[int]]:
    """Places for sizes in so many requests, each in the emptiest with room, the largest first; or none."""
    requests: list[list[int]] = [[] for _ in range(number)]
    held = [0] * number
    for place in sorted(range(len(sizes)), key=lambda each: -sizes[each]):
        room = [
            each
            for each in range(number)
            if len(requests[each]) < MOST_ENTRIES and held[each] + sizes[place] <= MOST_BYTES
        ]
        if not room:
            return []
        emptiest = min(room, key=lambda each: held[each])
        requests[emptiest].append(place)
        held[emptiest] += sizes[place]
    return requests
