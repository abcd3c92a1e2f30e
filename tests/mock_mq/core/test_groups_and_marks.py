"""Groups in logical order, and browsers that mark or lock what they have seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mock_mq.constants import GetOption, MatchOption, MessageFlag, OpenOption, PutOption
from mock_mq.wire.structures import GetMessageOptions, MessageDescriptor
from tests.mock_mq.core.house import Client, House, refused

IN_GROUP, LAST = MessageFlag.MSG_IN_GROUP, MessageFlag.LAST_MSG_IN_GROUP
LOGICAL = GetOption.LOGICAL_ORDER
GROUP_A, GROUP_B = b"A" * 24, b"B" * 24


def put(client: Client, body: bytes, group: bytes, number: int, *, last: bool = False, **more: Any) -> None:
    client.put(
        body,
        version=2,
        group_id=group,
        sequence_number=number,
        message_flags=IN_GROUP | (LAST if last else 0),
        **more,
    )


class TestGroups:
    def test_given_groups_mixed_up_when_got_in_logical_order_then_one_after_the_other(self) -> None:
        client = House().client()
        put(client, b"a2", GROUP_A, 2, last=True)
        put(client, b"b1", GROUP_B, 1)
        put(client, b"a1", GROUP_A, 1)
        client.put(b"alone")
        put(client, b"b2", GROUP_B, 2, last=True)
        assert client.bodies(LOGICAL, version=2) == [b"b1", b"b2", b"a1", b"a2", b"alone"]

    def test_given_a_group_that_is_not_whole_when_all_are_asked_for_then_it_waits(self) -> None:
        client = House().client()
        put(client, b"a1", GROUP_A, 1)
        put(client, b"b1", GROUP_B, 1, last=True)
        everything = LOGICAL | GetOption.ALL_MSGS_AVAILABLE
        assert client.bodies(everything, version=2) == [b"b1"]
        put(client, b"a2", GROUP_A, 2, last=True)
        assert client.bodies(everything, version=2) == [b"a1", b"a2"]

    def test_given_a_group_half_got_when_the_next_is_missing_then_2033_and_no_other_message(self) -> None:
        client = House().client()
        put(client, b"a1", GROUP_A, 1)
        client.put(b"alone")
        assert client.get(LOGICAL, version=2).data == b"a1"
        with refused(2033):
            client.get(LOGICAL, version=2)
        put(client, b"a2", GROUP_A, 2, last=True)
        assert client.bodies(LOGICAL, version=2) == [b"a2", b"alone"]

    def test_given_a_group_put_in_logical_order_then_id_and_numbers_are_given(self) -> None:
        client = House().client()
        order = PutOption.LOGICAL_ORDER
        first = client.put(b"1", order, version=2, message_flags=IN_GROUP)
        second = client.put(b"2", order, version=2, message_flags=IN_GROUP)
        third = client.put(b"3", order, version=2, message_flags=IN_GROUP | LAST)
        next_group = client.put(b"1", order, version=2, message_flags=LAST)
        assert [each.sequence_number for each in (first, second, third, next_group)] == [1, 2, 3, 1]
        assert first.group_id == second.group_id == third.group_id != next_group.group_id
        assert any(first.group_id)
        statuses = [client.get(LOGICAL, version=2).group_status for _ in range(4)]
        assert statuses == ["G", "G", "L", "L"]

    def test_given_a_group_that_has_begun_when_one_without_is_put_then_2241(self) -> None:
        client = House().client()
        client.put(b"1", PutOption.LOGICAL_ORDER, version=2, message_flags=IN_GROUP)
        with refused(2241):
            client.put(b"none", PutOption.LOGICAL_ORDER, version=2)

    def test_given_a_group_that_has_begun_when_closed_then_a_warning(self) -> None:
        client = House().client()
        client.put(b"1", PutOption.LOGICAL_ORDER, version=2, message_flags=IN_GROUP)
        assert client.connection.close(client.handle) == 2241

    def test_given_group_and_number_when_got_by_them_then_that_one(self) -> None:
        client = House().client()
        for number in (1, 2, 3):
            put(client, b"%d" % number, GROUP_A, number, last=number == 3)
        match = MatchOption.GROUP_ID | MatchOption.MSG_SEQ_NUMBER
        assert client.get(match=match, version=2, group_id=GROUP_A, sequence_number=2).data == b"2"
        with refused(2033):
            client.get(match=match, version=2, group_id=GROUP_A, sequence_number=2)

    @pytest.mark.parametrize(
        ("descriptor", "reason"),
        [
            ({"version": 1, "message_flags": 8}, 2257),
            ({"version": 2, "message_flags": 8, "sequence_number": 0}, 2250),
            ({"version": 2, "message_flags": 0x400}, 2249),
            ({"version": 2, "message_flags": int(MessageFlag.SEGMENT)}, 2249),
            ({"version": 2, "message_flags": int(MessageFlag.LAST_SEGMENT)}, 2249),
        ],
    )
    def test_given_a_group_that_cannot_be_when_put_then_the_reason(
        self, descriptor: dict[str, Any], reason: int
    ) -> None:
        with refused(reason):
            House().client().put(b"", **descriptor)


class TestMarks:
    browse = GetOption.BROWSE_FIRST | GetOption.UNMARKED_BROWSE_MSG

    def test_given_one_handle_marks_what_it_browses_then_it_sees_each_once_and_others_all(self) -> None:
        house = House()
        one, other = house.client(), house.client()
        for body in (b"1", b"2"):
            one.put(body)
        marking = self.browse | GetOption.MARK_BROWSE_HANDLE
        assert [one.get(marking).data, one.get(marking).data] == [b"1", b"2"]
        with refused(2033):
            one.get(marking)
        assert other.get(marking).data == b"1"

    def test_given_cooperating_browsers_then_each_message_for_one_of_them_until_the_mark_ends(self) -> None:
        house = House()
        options = OpenOption.BROWSE | OpenOption.CO_OP
        one, other = house.client(options=options), house.client(options=options)
        house.client().put(b"1")
        marking = self.browse | GetOption.MARK_BROWSE_CO_OP
        assert one.get(marking).data == b"1"
        with refused(2033):
            other.get(marking)
        house.now += 5.1
        assert other.get(marking).data == b"1"

    def test_given_a_message_locked_when_others_get_then_it_is_passed_by_until_unlocked(self) -> None:
        house = House()
        one, other = house.client(), house.client()
        one.put(b"1")
        assert one.get(GetOption.BROWSE_FIRST | GetOption.LOCK).data == b"1"
        with refused(2033):
            other.get()
        assert one.get(GetOption.UNLOCK).data == b""
        assert other.get().data == b"1"

    def test_given_a_message_locked_when_its_handle_gets_it_under_the_cursor_then_it_is_given(self) -> None:
        house = House()
        one = house.client()
        one.put(b"1")
        one.get(GetOption.BROWSE_FIRST | GetOption.LOCK)
        assert one.get(GetOption.MSG_UNDER_CURSOR).data == b"1"

    def test_given_nothing_locked_when_unlocked_then_2209(self) -> None:
        with refused(2209):
            House().client().get(GetOption.UNLOCK)

    def test_given_a_lock_when_its_handle_is_closed_then_the_message_is_free(self) -> None:
        house = House()
        one, other = house.client(), house.client()
        one.put(b"1")
        one.get(GetOption.BROWSE_FIRST | GetOption.LOCK)
        one.connection.close(one.handle)
        assert other.get().data == b"1"

    def test_given_the_token_of_one_browsed_when_got_by_it_then_that_one(self) -> None:
        client = House().client()
        for body in (b"1", b"2"):
            client.put(body)
        client.get(GetOption.BROWSE_FIRST)
        token = client.get(GetOption.BROWSE_NEXT).token
        asked = replace(
            GetMessageOptions(3, GetOption.NO_SYNCPOINT, match_options=MatchOption.MSG_TOKEN),
            message_token=token,
        )
        assert client.connection.get(client.handle, MessageDescriptor(), asked, 10).data == b"2"
        assert client.bodies() == [b"1"]


class TestGroupsInUnitsOfWork:
    def test_given_a_group_put_and_backed_out_then_it_goes_on_where_it_was_before(self) -> None:
        client = House().client()
        logical = PutOption.LOGICAL_ORDER
        first = client.put(b"1", logical | PutOption.SYNCPOINT, version=2, message_flags=IN_GROUP)
        client.connection.commit()
        for _ in range(2):
            client.put(b"lost", logical | PutOption.SYNCPOINT, version=2, message_flags=IN_GROUP)
        client.connection.back_out()
        second = client.put(b"2", logical, version=2, message_flags=LAST)
        assert (second.group_id, second.sequence_number) == (first.group_id, 2)
        assert client.bodies(LOGICAL, version=2) == [b"1", b"2"]

    def test_given_a_group_got_and_backed_out_then_it_comes_again_from_where_it_was_before(self) -> None:
        client = House().client()
        for number in (1, 2, 3):
            put(client, b"%d" % number, GROUP_A, number, last=number == 3)
        assert client.get(LOGICAL | GetOption.SYNCPOINT, version=2).data == b"1"
        client.connection.commit()
        assert client.get(LOGICAL | GetOption.SYNCPOINT, version=2).data == b"2"
        client.connection.back_out()
        assert client.bodies(LOGICAL, version=2) == [b"2", b"3"]
