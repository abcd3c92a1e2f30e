"""MQINQ: what a queue manager and its queues tell of themselves."""

from __future__ import annotations

import pytest

from mock_mq.constants import OpenOption, PutOption, Selector
from mock_mq.core import Connection, Definition
from mock_mq.wire.structures import ObjectDescriptor
from tests.mock_mq.core.house import EVERYTHING, House, of_queue, refused


def _queue_manager() -> tuple[Connection, int]:
    connection = House(Definition(ccsid=1208, max_message_length=4_194_304)).connect()
    return connection, connection.open(ObjectDescriptor(object_type=5), OpenOption.INQUIRE)


def test_given_what_clients_ask_on_connecting_then_it_is_a_9_4_on_linux() -> None:
    connection, handle = _queue_manager()
    answer = connection.inquire(handle, [31, 32, 2, 2015, 2032, 273, 2006, 187, 2040, 13], 6, 148)
    assert answer.integers == (940, 3, 1208, 0, 0, 4_194_304)
    assert answer.characters == (
        "QM1".ljust(48) + "QM1_2023-11-14_22.13.20".ljust(48) + "DEV.DEAD.LETTER.QUEUE".ljust(48) + " " * 4
    )


def test_given_a_queue_when_inquired_then_it_tells_its_attributes() -> None:
    house = of_queue(
        description="Orders",
        max_depth=7,
        max_message_length=100,
        backout_threshold=3,
        backout_queue="ORDERS.BACKOUT",
        default_persistence=1,
        default_priority=4,
        put_inhibited=True,
    )
    client = house.client()
    house.client(options=OpenOption.INPUT_SHARED)
    assert client.inquire(20, 15, 13, 22, 5, 6, 10, 9, 17, 18, 7, 12) == (
        *(1, 7, 100, 3, 1, 4, 1, 0),
        *(2, 1, 1, 0),
    )
    characters = client.connection.inquire(client.handle, [2016, 2013, 2019, 2004, 2005], 0, 180).characters
    assert characters == (
        "DEV.QUEUE.1".ljust(48) + "Orders".ljust(64) + "ORDERS.BACKOUT".ljust(48) + "2023-11-14  22.13.20"
    )


def test_given_messages_when_the_depth_is_inquired_then_uncommitted_ones_count() -> None:
    client = House().client()
    client.put(b"1")
    client.put(b"2", PutOption.SYNCPOINT)
    assert client.inquire(Selector.CURRENT_Q_DEPTH) == (2,)
    client.connection.back_out()
    assert client.inquire(Selector.CURRENT_Q_DEPTH) == (1,)


def test_given_handles_closed_when_inquired_then_they_do_not_count() -> None:
    house = House()
    client = house.client(options=OpenOption.INQUIRE)
    other = house.client(options=OpenOption.INPUT_SHARED | OpenOption.OUTPUT)
    assert client.inquire(17, 18) == (1, 1)
    other.connection.disconnect()
    assert client.inquire(17, 18) == (0, 0)


def test_given_a_selector_that_nothing_has_when_inquired_then_2067() -> None:
    with refused(2067):
        House().client().inquire(3, 9999)


def test_given_another_kind_s_selectors_when_inquired_then_a_warning_2068_and_the_others_answered() -> None:
    client = House().client()
    answer = client.connection.inquire(client.handle, [31, 15, 2040, 2016], 2, 52)
    assert (answer.integers, answer.characters) == ((-1, 5000), "****" + "DEV.QUEUE.1".ljust(48))
    assert (answer.completion, answer.reason) == (1, 2068)


@pytest.mark.parametrize(
    ("integers", "characters", "reason"), [(2, 48, 0), (9, 99, 0), (1, 48, 2022), (2, 5, 2008)]
)
def test_given_less_room_than_asked_for_when_inquired_then_a_warning_and_what_fits(
    integers: int, characters: int, reason: int
) -> None:
    client = House().client()
    answer = client.connection.inquire(client.handle, [15, 3, 2016], integers, characters)
    assert answer.reason == reason
    assert answer.integers == (5000, 0)[:integers]
    assert answer.characters == "DEV.QUEUE.1".ljust(48)[:characters]


@pytest.mark.parametrize(("integers", "characters", "reason"), [(-1, 0, 2021), (0, -1, 2006)])
def test_given_room_that_can_not_be_when_inquired_then_it_is_refused(
    integers: int, characters: int, reason: int
) -> None:
    client = House().client()
    with refused(reason):
        client.connection.inquire(client.handle, [3], integers, characters)


def test_given_too_many_selectors_when_inquired_then_2066() -> None:
    with refused(2066):
        House().client().inquire(*[3] * 257)


def test_given_a_queue_not_opened_for_it_when_inquired_then_2038() -> None:
    with refused(2038):
        House().client(options=EVERYTHING & ~OpenOption.INQUIRE).inquire(3)
