"""Units of work: what others see and when, and that nothing is lost or doubled whatever is done."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mock_mq.constants import GetOption, PutOption
from mock_mq.core import Definition
from tests.mock_mq.core.house import House, refused

GET, PUT = GetOption.SYNCPOINT, PutOption.SYNCPOINT


def test_given_a_put_under_syncpoint_when_not_committed_then_nobody_gets_it_its_putter_neither() -> None:
    house = House()
    putter, getter = house.client(), house.client()
    putter.put(b"x", PUT)
    assert (putter.bodies(), getter.bodies(), getter.browse()) == ([], [], [])
    putter.connection.commit()
    assert getter.bodies() == [b"x"]


def test_given_a_put_under_syncpoint_when_backed_out_then_it_never_was() -> None:
    client = House().client()
    client.put(b"x", PUT)
    client.connection.back_out()
    client.connection.commit()
    assert client.bodies() == []


def test_given_a_get_under_syncpoint_when_backed_out_then_it_is_at_its_place_and_counted() -> None:
    house = House()
    getter, other = house.client(), house.client()
    for each in (b"1", b"2", b"3"):
        getter.put(each)
    assert [getter.get(GET).data, getter.get(GET).data] == [b"1", b"2"]
    assert other.browse() == [b"3"]
    getter.put(b"4")
    getter.connection.back_out()
    first = other.get()
    assert (first.data, first.descriptor.backout_count) == (b"1", 1)
    got = [other.get() for _ in range(3)]
    assert [(each.data, each.descriptor.backout_count) for each in got] == [(b"2", 1), (b"3", 0), (b"4", 0)]


def test_given_a_get_outside_the_unit_of_work_when_backed_out_then_it_stays_gone() -> None:
    client = House().client()
    client.put(b"1")
    client.put(b"2")
    client.get(GET)
    client.get()
    client.connection.back_out()
    assert client.bodies() == [b"1"]


def test_given_syncpoint_if_persistent_when_backed_out_then_only_the_persistent_one_comes_back() -> None:
    client = House().client()
    client.put(b"persistent", persistence=1)
    client.put(b"not", persistence=0)
    assert len(client.bodies(GetOption.SYNCPOINT_IF_PERSISTENT)) == 2
    client.connection.back_out()
    assert client.bodies() == [b"persistent"]


def test_given_an_open_unit_of_work_when_disconnected_then_it_is_committed() -> None:
    house = House()
    house.client().put(b"old")
    client = house.client()
    client.get(GET)
    client.put(b"new", PUT)
    client.connection.disconnect()
    assert house.client().bodies() == [b"new"]


@pytest.mark.parametrize("limit", [1, 3])
def test_given_the_most_messages_of_a_unit_of_work_when_one_more_is_put_or_got_then_2024(limit: int) -> None:
    client = House(Definition(max_uncommitted=limit)).client()
    client.put(b"there")
    for _ in range(limit):
        client.put(b"x", PUT)
    with refused(2024):
        client.put(b"x", PUT)
    with refused(2024):
        client.get(GET)
    client.connection.commit()
    assert len(client.bodies()) == limit + 1


def test_given_an_uncommitted_get_when_the_message_expires_and_is_backed_out_then_it_is_gone() -> None:
    house = House()
    client = house.client()
    client.put(b"x", expiry=10)
    client.get(GET)
    house.now += 2
    client.connection.back_out()
    assert (client.bodies(), client.inquire(3)) == ([], (0,))


@dataclass
class Expected:
    """A message as it should be."""

    body: bytes
    priority: int
    number: int
    backouts: int = 0

    @property
    def place(self) -> tuple[int, int]:
        return -self.priority, self.number


@dataclass
class Unit:
    puts: list[Expected] = field(default_factory=list)
    gets: list[Expected] = field(default_factory=list)


class TwoClients(RuleBasedStateMachine):
    """Two connections put, get, commit, back out, break and disconnect; a plain list says what must be."""

    clients = st.sampled_from([0, 1])

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self.client = [self.house.client(), self.house.client()]
        self.unit = [Unit(), Unit()]
        self.there: list[Expected] = []
        self.numbers = itertools.count()

    @rule(who=clients, syncpoint=st.booleans(), priority=st.integers(0, 2))
    def put(self, who: int, *, syncpoint: bool, priority: int) -> None:
        number = next(self.numbers)
        message = Expected(b"%d" % number, priority, number)
        self.client[who].put(message.body, PUT if syncpoint else 0, priority=priority)
        (self.unit[who].puts if syncpoint else self.there).append(message)

    @rule(who=clients, syncpoint=st.booleans(), count=st.integers(1, 80))
    def get(self, who: int, *, syncpoint: bool, count: int) -> None:
        for _ in range(count):
            self.there.sort(key=lambda message: message.place)
            if not self.there:
                with refused(2033):
                    self.client[who].get()
                return
            expected = self.there.pop(0)
            got = self.client[who].get(GET if syncpoint else 0)
            assert (got.data, got.descriptor.backout_count) == (expected.body, expected.backouts)
            if syncpoint:
                self.unit[who].gets.append(expected)

    @rule(who=clients, count=st.integers(1, 80))
    def put_many(self, who: int, count: int) -> None:
        for _ in range(count):
            self.put(who, syncpoint=False, priority=0)

    @rule(who=clients)
    def commit(self, who: int) -> None:
        self.client[who].connection.commit()
        self._committed(who)

    @rule(who=clients)
    def back_out(self, who: int) -> None:
        self.client[who].connection.back_out()
        self._backed_out(who)

    @rule(who=clients)
    def disconnect(self, who: int) -> None:
        self.client[who].connection.disconnect()
        self._committed(who)
        self.client[who] = self.house.client()

    @rule(who=clients)
    def browse(self, who: int) -> None:
        seen = sorted(self.there, key=lambda message: message.place)
        assert self.client[who].browse() == [message.body for message in seen]

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        # CURDEPTH counts a put at once, and a get too.
        uncommitted = sum(len(unit.puts) for unit in self.unit)
        assert self.client[0].inquire(3) == (len(self.there) + uncommitted,)

    def _committed(self, who: int) -> None:
        self.there += self.unit[who].puts
        self.unit[who] = Unit()

    def _backed_out(self, who: int) -> None:
        for message in self.unit[who].gets:
            message.backouts += 1
        self.there += self.unit[who].gets
        self.unit[who] = Unit()


TestTwoClients = TwoClients.TestCase
TestTwoClients.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
