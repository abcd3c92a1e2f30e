"""What is remembered of messages that had to be given back."""

from __future__ import annotations

import threading

from bridge.message import Delivery
from bridge.redelivery import Redeliveries
from tests.bridge.ends import message


def delivery(number: int, deliveries: int = 0) -> Delivery:
    return Delivery(message(number), deliveries, identity=str(number))


def known(remembered: Redeliveries, *unit: Delivery) -> list[bool]:
    with remembered.in_hand(unit) as known_again:
        return list(known_again)


def test_a_confirmed_message_is_known_again_until_it_is_settled() -> None:
    remembered = Redeliveries()
    remembered.confirm([delivery(1)])
    assert known(remembered, delivery(1, 1), delivery(2, 1)) == [True, False]
    remembered.settle([delivery(1, 1)])
    assert known(remembered, delivery(1, 1)) == [False]


def test_of_messages_that_are_alike_as_many_are_known_as_were_confirmed() -> None:
    remembered = Redeliveries()
    remembered.confirm([delivery(1), delivery(1)])
    assert known(remembered, *[delivery(1, 1)] * 3) == [True, True, False]
    remembered.settle([delivery(1, 1)])
    assert known(remembered, *[delivery(1, 1)] * 2) == [True, False]


def test_one_that_comes_for_the_first_time_is_another_and_settles_nothing() -> None:
    remembered = Redeliveries()
    remembered.confirm([delivery(1)])
    assert known(remembered, delivery(1, 0)) == [False]
    remembered.settle([delivery(1, 0)])
    assert known(remembered, delivery(1, 1)) == [True]


def test_excused_attempts_do_not_count() -> None:
    remembered = Redeliveries()
    remembered.excuse([delivery(1)])
    remembered.excuse([delivery(1, 1)])
    assert remembered.attempts(delivery(1, deliveries=3)) == 1
    assert remembered.attempts(delivery(2, deliveries=3)) == 3


def test_two_alike_in_a_unit_of_work_are_excused_once_each() -> None:
    remembered = Redeliveries()
    remembered.excuse([delivery(1), delivery(1)])
    assert remembered.attempts(delivery(1, deliveries=2)) == 1


def test_what_is_settled_has_no_excuse_any_more() -> None:
    remembered = Redeliveries()
    remembered.excuse([delivery(1)])
    remembered.settle([delivery(1, 1)])
    assert remembered.attempts(delivery(1, deliveries=1)) == 1


def test_a_message_without_an_identity_is_never_taken_for_another() -> None:
    remembered = Redeliveries()
    nobody = Delivery(message(1))
    remembered.confirm([nobody])
    remembered.excuse([nobody])
    assert known(remembered, Delivery(message(1), deliveries=1)) == [False]
    assert remembered.attempts(Delivery(message(1), deliveries=2)) == 2


def test_the_oldest_is_forgotten_first() -> None:
    remembered = Redeliveries()
    remembered.confirm([delivery(n) for n in range(10_001)])
    assert known(remembered, *(delivery(n, 1) for n in (0, 1, 10_000))) == [False, True, True]


def test_what_is_never_given_back_is_asked_for_no_identity() -> None:
    """For of a large body it takes longer to make one than to publish it."""
    remembered = Redeliveries()
    remembered.confirm([delivery(2)])
    remembered.excuse([delivery(3)])
    asked: list[int] = []

    def identify() -> str:
        asked.append(1)
        return "1"

    large = Delivery(message(1), identify=identify)
    with remembered.in_hand([large]) as known_again:
        assert known_again == [False]
        assert known(remembered, delivery(3)) == [False]
        assert remembered.attempts(large) == 0
        remembered.settle([large])
        assert not asked
        remembered.confirm([large])
    assert known(remembered, delivery(1, 1)) == [True]


def test_what_another_has_in_hand_is_judged_once_its_end_is_known() -> None:
    """As where a connection breaks: its messages come to another while their answers are yet to come."""
    remembered = Redeliveries()
    judged: list[bool] = []

    def take_again() -> None:
        judged.extend(known(remembered, delivery(1, 1), delivery(2, 1)))

    other = threading.Thread(target=take_again)
    with remembered.in_hand([delivery(1), delivery(2)]):
        other.start()
        # Others that were never given back need not wait.
        assert known(remembered, delivery(3)) == [False]
        assert judged == []
        remembered.confirm([delivery(1)])
        assert judged == []
    other.join(10)
    assert judged == [True, False]
