"""What a queue costs: memory is let go of, and no call searches the whole queue."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import pytest

from mock_mq.constants import GetOption
from tests.mock_mq.core.house import Client, House, of_queue

MANY = 20_000


@pytest.mark.parametrize("options", [GetOption.NO_SYNCPOINT, GetOption.SYNCPOINT])
def test_given_large_messages_when_they_have_been_got_then_their_memory_is_free(options: int) -> None:
    client = House().client()
    tracemalloc.start()
    try:
        for each in range(40):
            client.put(bytes([each]) * 1_000_000)
            assert len(client.get(options).data) == 1_000_000
            client.connection.commit()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000


def _by_message_id(client: Client, number: int) -> bytes:
    return bytes(client.get(message_id=b"%024d" % number).data)


def _by_correlation_id(client: Client, number: int) -> bytes:
    return bytes(client.get(correlation_id=b"%024d" % number).data)


@pytest.mark.parametrize("get", [_by_message_id, _by_correlation_id])
def test_given_a_deep_queue_when_got_by_id_from_its_end_then_it_costs_what_a_shallow_one_does(
    get: Callable[[Client, int], bytes],
) -> None:
    def seconds(depth: int) -> float:
        client = _filled(depth)
        wanted = range(depth - 1, depth - 501, -1)
        return _seconds(lambda: [get(client, number) for number in wanted])

    assert seconds(MANY) < 8 * seconds(500)


def test_given_a_long_unit_of_work_when_more_is_got_then_what_it_holds_is_not_searched_again() -> None:
    client = _filled(MANY)

    def get_a_thousand(options: int) -> Callable[[], object]:
        return lambda: [client.get(options) for _ in range(1000)]

    by_itself = _seconds(get_a_thousand(GetOption.NO_SYNCPOINT))
    in_the_unit = [_seconds(get_a_thousand(GetOption.SYNCPOINT)) for _ in range(9)]
    assert min(in_the_unit[6:]) < 4 * by_itself
    client.connection.back_out()
    assert client.get().data == b"1000"


def _seconds(do: Callable[[], object]) -> float:
    """Of processor time: what else runs on the machine does not count."""
    started = time.process_time()
    do()
    return time.process_time() - started


def _filled(depth: int) -> Client:
    client = of_queue(max_depth=depth).client()
    for number in range(depth):
        which = b"%024d" % number
        client.put(b"%d" % number, message_id=which, correlation_id=which)
    return client
