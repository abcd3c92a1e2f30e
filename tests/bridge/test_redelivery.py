"""What is remembered of messages that had to be given back."""

from __future__ import annotations

from bridge.message import Delivery
from bridge.redelivery import Redeliveries
from tests.bridge.ends import message


def delivery(number: int, deliveries: int = 0) -> Delivery:
    return Delivery(message(number), deliveries, identity=str(number))


def test_a_confirmed_message_is_known_again_until_it_is_settled() -> None:
    remembered = Redeliveries()
    remembered.confirm([delivery(1)])
    assert remembered.has_a_home(delivery(1, deliveries=1))
    assert not remembered.has_a_home(delivery(2))
    remembered.settle([delivery(1)])
    assert not remembered.has_a_home(delivery(1))


def test_excused_attempts_do_not_count() -> None:
    remembered = Redeliveries()
    remembered.excuse([delivery(1)])
    remembered.excuse([delivery(1, 1)])
    assert remembered.attempts(delivery(1, deliveries=3)) == 1
    assert remembered.attempts(delivery(2, deliveries=3)) == 3


def test_a_message_without_an_identity_is_never_taken_for_another() -> None:
    remembered = Redeliveries()
    nobody = Delivery(message(1))
    remembered.confirm([nobody])
    remembered.excuse([nobody])
    assert not remembered.has_a_home(nobody)
    assert remembered.attempts(Delivery(message(1), deliveries=2)) == 2


def test_the_oldest_is_forgotten_first() -> None:
    remembered = Redeliveries(most=2)
    remembered.confirm([delivery(n) for n in range(3)])
    assert [remembered.has_a_home(delivery(n)) for n in range(3)] == [False, True, True]
