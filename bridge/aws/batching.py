"""Messages cut into requests. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
