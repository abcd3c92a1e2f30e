"""Aliases, models and the dynamic queues made from them, and MQSET."""

from __future__ import annotations

import pytest

from mock_mq.constants import CloseOption, DefinitionType, GetOption, OpenOption, QueueType, Selector
from mock_mq.core import Connection, Definition, QueueDefinition
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)
from tests.mock_mq.core.house import EVERYTHING, QUEUE, Client, House, refused

ALIAS, MODEL = "AN.ALIAS", "A.MODEL"
BASE = QueueDefinition(QUEUE, default_priority=2)


def house(**alias: object) -> House:
    defined = QueueDefinition(ALIAS, QueueType.ALIAS, **({"target": QUEUE} | alias))  # type: ignore[arg-type]
    return House(Definition(queues=(BASE, defined)))


def with_model(kind: DefinitionType = DefinitionType.TEMPORARY_DYNAMIC, **model: object) -> House:
    defined = QueueDefinition(MODEL, QueueType.MODEL, definition_type=kind, **model)  # type: ignore[arg-type]
    return House(Definition(queues=(BASE, defined)))


def make(connection: Connection, pattern: str = "REPLIES.*", options: int = EVERYTHING) -> tuple[int, str]:
    target = ObjectDescriptor(object_name=MODEL, dynamic_queue_name=pattern)
    handle = connection.open(target, options)
    return handle, connection.queue_of(handle)


class TestAlias:
    def test_given_an_alias_when_put_and_got_then_the_messages_are_its_base_queues(self) -> None:
        at = house()
        at.client(ALIAS).put(b"through")
        assert at.client(QUEUE).bodies() == [b"through"]

    def test_given_defaults_of_the_alias_when_put_as_queue_then_they_hold(self) -> None:
        at = house(default_priority=7, default_persistence=1)
        client = at.client(ALIAS)
        through = client.put(b"", priority=-1, persistence=2)
        direct = at.client(QUEUE).put(b"", priority=-1, persistence=2)
        assert (through.priority, through.persistence) == (7, 1)
        assert (direct.priority, direct.persistence) == (2, 0)

    def test_given_puts_and_gets_inhibited_on_the_alias_then_on_its_base_they_go_on(self) -> None:
        at = house(put_inhibited=True, get_inhibited=True)
        client = at.client(ALIAS)
        with refused(2051):
            client.put(b"")
        with refused(2016):
            client.get()
        assert at.client(QUEUE).put(b"goes")
        assert at.client(QUEUE).bodies() == [b"goes"]

    def test_given_an_alias_of_what_is_not_there_when_opened_then_2082(self) -> None:
        with refused(2082):
            house(target="NO.SUCH.QUEUE").client(ALIAS)

    def test_given_an_alias_of_an_alias_when_opened_then_2001(self) -> None:
        with refused(2001):
            house(target=ALIAS).client(ALIAS)

    def test_given_an_alias_when_inquired_then_its_own_attributes_and_no_depth(self) -> None:
        client = house(put_inhibited=True).client(ALIAS)
        assert client.inquire(Selector.Q_TYPE, Selector.INHIBIT_PUT) == (3, 1)
        name = client.connection.inquire(client.handle, [Selector.BASE_OBJECT_NAME], 0, 48).characters
        assert name.rstrip() == QUEUE
        depth = client.connection.inquire(client.handle, [Selector.CURRENT_Q_DEPTH], 1, 0)
        assert (depth.integers, depth.reason, depth.completion) == ((-1,), 2068, 1)


class TestModel:
    def test_given_a_pattern_when_opened_then_a_name_of_its_own_each_time(self) -> None:
        connection = with_model().connect()
        names = {make(connection)[1] for _ in range(20)}
        assert len(names) == 20
        assert all(name.startswith("REPLIES.") and len(name) <= 48 for name in names)

    def test_given_a_whole_name_when_opened_then_that_and_no_second_one(self) -> None:
        connection = with_model().connect()
        assert make(connection, "MY.REPLIES")[1] == "MY.REPLIES"
        with refused(2100):
            make(connection, "MY.REPLIES")

    @pytest.mark.parametrize("pattern", ["", "has space", "X" * 34 + "*", "ÄÖ*", "*A"])
    def test_given_a_name_that_cannot_be_when_opened_then_2011(self, pattern: str) -> None:
        with refused(2011):
            make(with_model().connect(), pattern)

    def test_given_a_temporary_queue_when_its_maker_closes_or_ends_then_it_is_gone(self) -> None:
        at = with_model()
        connection = at.connect()
        handle, name = make(connection)
        other, second = make(connection)
        connection.close(handle)
        with refused(2085):
            at.client(name)
        connection.disconnect()
        with refused(2085):
            at.client(second)
        assert other

    def test_given_a_temporary_queue_when_a_persistent_message_is_put_then_2048(self) -> None:
        connection = with_model().connect()
        handle, _ = make(connection)
        with refused(2048):
            connection.put(handle, MessageDescriptor(persistence=1), PutMessageOptions(), b"")

    def test_given_a_permanent_queue_when_its_maker_ends_then_it_stays_and_keeps_its_messages(self) -> None:
        at = with_model(DefinitionType.PERMANENT_DYNAMIC)
        connection = at.connect()
        handle, name = make(connection)
        connection.put(handle, MessageDescriptor(persistence=1), PutMessageOptions(), b"kept")
        connection.disconnect()
        assert at.client(name).bodies() == [b"kept"]

    def test_given_messages_when_deleted_with_the_close_then_2055_unless_purged(self) -> None:
        at = with_model(DefinitionType.PERMANENT_DYNAMIC)
        connection = at.connect()
        handle, name = make(connection)
        connection.put(handle, MessageDescriptor(), PutMessageOptions(), b"")
        with refused(2055):
            connection.close(handle, CloseOption.DELETE)
        connection.close(handle, CloseOption.DELETE_PURGE)
        with refused(2085):
            at.client(name)

    def test_given_a_predefined_queue_when_closed_to_be_deleted_then_2045(self) -> None:
        client = with_model().client()
        with refused(2045):
            client.connection.close(client.handle, CloseOption.DELETE)

    def test_given_somebody_else_has_it_open_when_the_maker_ends_then_it_is_told_2052(self) -> None:
        at = with_model()
        connection = at.connect()
        _, name = make(connection, options=OpenOption.INPUT_SHARED)
        other = at.client(name, OpenOption.OUTPUT)
        connection.disconnect()
        with refused(2052):
            other.put(b"too late")

    def test_given_request_and_reply_then_the_reply_finds_its_request(self) -> None:
        at = with_model()
        asking = at.connect()
        replies, name = make(asking, options=OpenOption.INPUT_EXCLUSIVE)
        requests = asking.open(ObjectDescriptor(object_name=QUEUE), OpenOption.OUTPUT)
        sent = asking.put(
            requests,
            MessageDescriptor(message_type=1, reply_to_queue=name),
            PutMessageOptions(),
            b"question",
        )
        answering = at.client(QUEUE)
        got = answering.get()
        assert (got.descriptor.reply_to_queue, got.descriptor.reply_to_queue_manager) == (name, "QM1")
        Client(answering.connection, got.descriptor.reply_to_queue, OpenOption.OUTPUT).put(
            b"answer", message_type=2, correlation_id=got.descriptor.message_id
        )
        with_correlation = MessageDescriptor(correlation_id=sent.message_id)
        answer = asking.get(
            replies, with_correlation, GetMessageOptions(2, GetOption.NO_SYNCPOINT, match_options=2), 100
        )
        assert answer.data == b"answer"


class TestSet:
    def test_given_puts_and_gets_inhibited_by_mqset_then_for_everybody_until_allowed(self) -> None:
        at = House()
        setting = at.client(options=EVERYTHING | OpenOption.SET)
        other = at.client()
        setting.connection.set(setting.handle, [Selector.INHIBIT_PUT, Selector.INHIBIT_GET], [1, 1])
        with refused(2051):
            other.put(b"")
        with refused(2016):
            other.get()
        setting.connection.set(setting.handle, [Selector.INHIBIT_PUT, Selector.INHIBIT_GET], [0, 0])
        other.put(b"again")
        assert other.bodies() == [b"again"]

    def test_given_a_handle_not_open_for_set_then_2040(self) -> None:
        client = House().client()
        with refused(2040):
            client.connection.set(client.handle, [Selector.INHIBIT_PUT], [1])

    @pytest.mark.parametrize(
        ("selectors", "integers", "reason"),
        [([Selector.MAX_Q_DEPTH], [1], 2067), ([99999], [1], 2067), ([Selector.INHIBIT_PUT], [7], 2020)],
    )
    def test_given_what_cannot_be_set_then_the_reason(
        self, selectors: list[int], integers: list[int], reason: int
    ) -> None:
        client = House().client(options=OpenOption.SET)
        with refused(reason):
            client.connection.set(client.handle, selectors, integers)
