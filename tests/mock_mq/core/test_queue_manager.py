"""Who may connect, and which queues there are."""

from __future__ import annotations

import pytest

from mock_mq.core import Channel, Definition, QueueDefinition
from mock_mq.wire.structures import ObjectDescriptor
from tests.mock_mq.core.house import House, of_queue, refused


@pytest.mark.parametrize("name", ["QM1", "", "*", "*GROUP"])
def test_given_its_name_or_any_when_connecting_then_it_is_let_in(name: str) -> None:
    assert House().connect(queue_manager=name).user == "app"


def test_given_another_name_when_connecting_then_2058() -> None:
    with refused(2058):
        House().connect(queue_manager="QM2")


def test_given_an_unknown_channel_when_connecting_then_2540() -> None:
    with refused(2540):
        House(Definition(channels=(Channel("ORDERS"),))).connect(channel="DEV.APP.SVRCONN")


def test_given_a_channel_between_queue_managers_when_connecting_then_2539() -> None:
    with refused(2539):
        House(Definition(channels=(Channel("TO.QM2", server_connection=False),))).connect(channel="TO.QM2")


@pytest.mark.parametrize(
    ("user", "password"), [("app", "wrong"), ("app", ""), ("nobody", "right"), ("", ""), ("äpp", "right")]
)
def test_given_users_when_another_or_a_wrong_password_connects_then_2035(user: str, password: str) -> None:
    house = House(Definition(users={"app": "right"}))
    with refused(2035):
        house.connect(user=user, password=password)
    assert house.connect(user="app", password="right").user == "app"


def test_given_a_definition_when_printed_then_no_password_is_shown() -> None:
    assert "secret" not in repr(Definition(users={"app": "secret"}))


@pytest.mark.parametrize("name", ["DEV.QUEUE.1", "DEV.QUEUE.2", "DEV.QUEUE.3", "DEV.DEAD.LETTER.QUEUE"])
def test_given_nothing_else_when_opened_then_the_developer_queues_are_there(name: str) -> None:
    House().client(name).put(b"x")


def test_given_a_rule_when_a_queue_of_such_a_name_is_opened_then_it_is_made_once() -> None:
    house = House(Definition(rules=(QueueDefinition("TEST.*", max_depth=1),)))
    house.client("TEST.A").put(b"a")
    assert house.client("TEST.A").bodies() == [b"a"]
    assert house.client("TEST.B").bodies() == []
    with refused(2085):
        house.client("PROD.A")


@pytest.mark.parametrize("name", ["", "A" * 49, "A B", "A\x00", "Ä"])
def test_given_a_rule_for_all_when_a_name_can_not_be_one_then_2085(name: str) -> None:
    house = House(Definition(rules=(QueueDefinition("*"),)))
    with refused(2085):
        house.client(name)


def test_given_a_queue_of_another_queue_manager_when_opened_then_2087() -> None:
    with refused(2087):
        House().connect().open(ObjectDescriptor(object_name="DEV.QUEUE.1", object_queue_manager="QM2"), 0x10)


def test_given_puts_inhibited_and_allowed_again_when_put_then_2051_and_done() -> None:
    house = House()
    client = house.client()
    house.queue_manager.alter("DEV.QUEUE.1", put_inhibited=True)
    with refused(2051):
        client.put(b"no")
    house.queue_manager.alter("DEV.QUEUE.1", put_inhibited=False)
    client.put(b"yes")
    assert client.bodies() == [b"yes"]


def test_given_somebody_waiting_when_gets_are_inhibited_then_he_is_told() -> None:
    house = House()
    client, told = house.client(), []
    client.connection.on_arrival(client.handle, lambda: told.append(1))
    house.queue_manager.alter("DEV.QUEUE.1", get_inhibited=True)
    assert told == [1]
    with refused(2016):
        client.get()


def test_given_many_messages_when_their_ids_are_read_then_all_differ_and_start_as_mq_has_them() -> None:
    client = of_queue().client()
    ids = {client.put(b"x").message_id for _ in range(1000)}
    assert len(ids) == 1000
    assert {each[:16] for each in ids} == {b"AMQ QM1         "}
