"""The MQI's calls: what is done, what is refused and with which reason."""

from __future__ import annotations

import pytest

from mock_mq.constants import GetOption, OpenOption, PutOption, Reason
from mock_mq.core import Definition, Right
from mock_mq.wire.structures import MessageDescriptor, ObjectDescriptor, PutMessageOptions
from tests.mock_mq.core.house import EVERYTHING, QUEUE, House, of_queue, refused

FIRST, NEXT = GetOption.BROWSE_FIRST, GetOption.BROWSE_NEXT
UNDER_CURSOR = GetOption.MSG_UNDER_CURSOR
ID_A, ID_B = b"a" * 24, b"b" * 24


class TestOpenAndClose:
    def test_given_no_such_queue_when_opened_then_2085(self) -> None:
        with refused(2085):
            House().client("SYSTEM.PROTECTION.POLICY.QUEUE")

    @pytest.mark.parametrize("options", [0, OpenOption.FAIL_IF_QUIESCING, 0x1 | 0x2, 0x2 | 0x4])
    def test_given_no_use_or_two_kinds_of_input_when_opened_then_2046(self, options: int) -> None:
        with refused(2046):
            House().client(options=options)

    def test_given_an_object_that_is_no_queue_when_opened_then_2043(self) -> None:
        with refused(2043):
            House().connect().open(ObjectDescriptor(object_type=8, object_name="A.TOPIC"), 0x10)

    def test_given_the_queue_manager_when_opened_to_put_then_2045(self) -> None:
        with refused(2045):
            House().connect().open(ObjectDescriptor(object_type=5), OpenOption.OUTPUT)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (OpenOption.INPUT_EXCLUSIVE, OpenOption.INPUT_SHARED),
            (OpenOption.INPUT_EXCLUSIVE, OpenOption.INPUT_EXCLUSIVE),
            (OpenOption.INPUT_SHARED, OpenOption.INPUT_EXCLUSIVE),
        ],
    )
    def test_given_input_that_is_exclusive_when_opened_twice_then_2042_until_closed(
        self, first: int, second: int
    ) -> None:
        house = House()
        holder = house.client(options=first)
        with refused(2042):
            house.client(options=second)
        house.client(options=OpenOption.OUTPUT | OpenOption.BROWSE)
        holder.connection.close(holder.handle)
        house.client(options=second)

    def test_given_a_queue_that_is_not_shareable_when_opened_for_input_twice_then_2042(self) -> None:
        house = of_queue(shareable=False)
        house.client(options=OpenOption.INPUT_AS_Q_DEF)
        with refused(2042):
            house.client(options=OpenOption.INPUT_AS_Q_DEF)

    def test_given_a_closed_handle_when_used_or_closed_then_2019(self) -> None:
        client = House().client()
        client.connection.close(client.handle)
        with refused(2019):
            client.connection.close(client.handle)
        with refused(2019):
            client.get()
        with refused(2019):
            client.put(b"x")

    def test_given_another_connection_when_it_uses_a_handle_that_is_not_its_own_then_2019(self) -> None:
        house = House()
        client, stranger = house.client(), house.connect()
        with refused(2019):
            stranger.close(client.handle)

    def test_given_all_handles_open_when_one_more_is_opened_then_2017_until_one_is_closed(self) -> None:
        connection = House(Definition(max_handles=2)).connect()
        target = ObjectDescriptor(object_name=QUEUE)
        handle = connection.open(target, OpenOption.OUTPUT)
        connection.open(target, OpenOption.OUTPUT)
        with refused(2017):
            connection.open(target, OpenOption.OUTPUT)
        connection.close(handle)
        connection.open(target, OpenOption.OUTPUT)

    @pytest.mark.parametrize(
        ("right", "options"),
        [
            (Right.PUT, OpenOption.OUTPUT),
            (Right.GET, OpenOption.INPUT_SHARED),
            (Right.BROWSE, OpenOption.BROWSE),
            (Right.INQUIRE, OpenOption.INQUIRE),
        ],
    )
    def test_given_a_right_denied_when_opened_for_it_then_2035_and_others_are_let_in(
        self, right: Right, options: int
    ) -> None:
        house = House(Definition(denied=(("app", "DEV.*", right),)))
        with refused(2035):
            house.client(options=options)
        house.client(options=EVERYTHING & ~options)
        house.client(options=options, user="other")

    def test_given_puts_denied_when_put1_then_2035(self) -> None:
        connection = House(Definition(denied=(("app", QUEUE, Right.PUT),))).connect()
        with refused(2035):
            connection.put1(
                ObjectDescriptor(object_name=QUEUE), MessageDescriptor(), PutMessageOptions(), b""
            )


class TestPut:
    def test_given_a_plain_descriptor_when_put_then_the_queue_manager_fills_it_in(self) -> None:
        house = of_queue(default_persistence=1, default_priority=4)
        client = house.client(application="orders", application_type=28)
        put = client.put(b"x", ccsid=0, reply_to_queue="ANSWERS", correlation_id=ID_A)
        got = client.get().descriptor
        assert got == put
        assert (got.persistence, got.priority, got.ccsid, got.backout_count) == (1, 4, 1208, 0)
        assert (got.user, got.application_name, got.application_type) == ("app", "orders", 28)
        assert (got.put_date, got.put_time) == ("20231114", "22132050")
        assert (got.reply_to_queue, got.reply_to_queue_manager) == ("ANSWERS", "QM1")
        assert got.correlation_id == ID_A

    def test_given_a_message_id_when_put_then_it_is_kept_unless_a_new_one_is_asked_for(self) -> None:
        client = House().client()
        assert client.put(b"x", message_id=ID_A).message_id == ID_A
        new = client.put(
            b"x",
            PutOption.NEW_MSG_ID | PutOption.NEW_CORREL_ID,
            message_id=ID_A,
            correlation_id=ID_A,
        )
        assert len({ID_A, new.message_id, new.correlation_id}) == 3

    def test_given_a_queue_when_put1_then_the_message_is_on_it(self) -> None:
        house = House()
        target = ObjectDescriptor(object_name=QUEUE)
        house.connect().put1(target, MessageDescriptor(), PutMessageOptions(), b"one call")
        assert house.client().bodies() == [b"one call"]

    def test_given_a_priority_over_the_highest_when_put_then_it_is_kept_and_counts_as_the_highest(
        self,
    ) -> None:
        client = House().client()
        for number, priority in enumerate([8, 77, 9, 10]):
            client.put(b"%d" % number, priority=priority)
        assert client.bodies() == [b"1", b"2", b"3", b"0"]

    @pytest.mark.parametrize(
        ("reason", "descriptor"),
        [
            (2050, {"priority": -2}),
            (2047, {"persistence": 3}),
            (2013, {"expiry": 0}),
            (2013, {"expiry": -2}),
            (2029, {"message_type": 0}),
            (2027, {"message_type": 1}),
        ],
    )
    def test_given_a_descriptor_that_can_not_be_when_put_then_it_is_refused(
        self, reason: int, descriptor: dict[str, int]
    ) -> None:
        client = House().client()
        with refused(reason):
            client.put(b"x", **descriptor)
        assert client.bodies() == []

    @pytest.mark.parametrize("options", [0x2 | 0x4, 0x20 | 0x800, 0x20 | 0x4000])
    def test_given_options_that_exclude_each_other_or_are_not_there_when_put_then_2046(
        self, options: int
    ) -> None:
        client = House().client(options=EVERYTHING | OpenOption.SET_ALL_CONTEXT)
        with refused(2046):
            client.put(b"x", options)

    def test_given_a_queue_open_for_input_only_when_put_then_2039(self) -> None:
        with refused(2039):
            House().client(options=OpenOption.INPUT_SHARED).put(b"x")

    @pytest.mark.parametrize("option", [PutOption.NO_SYNCPOINT, PutOption.SYNCPOINT])
    def test_given_a_full_queue_when_put_then_2053_until_there_is_room(self, option: int) -> None:
        client = of_queue(max_depth=2).client()
        client.put(b"1", option)
        client.put(b"2", option)
        with refused(2053):
            client.put(b"3", option)
        client.connection.commit()
        client.get()
        client.put(b"3", option)
        client.connection.commit()
        assert client.bodies() == [b"2", b"3"]

    def test_given_a_queue_full_of_expired_messages_when_put_then_there_is_room(self) -> None:
        house = of_queue(max_depth=2)
        client = house.client()
        client.put(b"1", expiry=10)
        client.put(b"2", expiry=20)
        house.now += 1.5
        client.put(b"3")
        assert client.bodies() == [b"2", b"3"]

    def test_given_a_message_at_the_limit_of_the_queue_when_put_then_one_byte_more_is_2030(self) -> None:
        client = of_queue(max_message_length=100).client()
        client.put(bytes(100))
        with refused(2030):
            client.put(bytes(101))

    def test_given_a_message_over_the_limit_of_the_queue_manager_when_put_then_2031(self) -> None:
        client = House(Definition(max_message_length=100)).client()
        client.put(bytes(100))
        with refused(2031):
            client.put(bytes(101))


class TestGet:
    def test_given_priorities_when_got_then_highest_first_and_first_in_first_out_within(self) -> None:
        client = House().client()
        for body, priority in ((b"low 1", 0), (b"high 1", 9), (b"low 2", 0), (b"high 2", 9), (b"mid", 5)):
            client.put(body, priority=priority)
        assert client.bodies() == [b"high 1", b"high 2", b"mid", b"low 1", b"low 2"]

    def test_given_nothing_when_got_then_2033(self) -> None:
        with refused(2033):
            House().client().get()

    def test_given_gets_inhibited_when_got_or_browsed_then_2016(self) -> None:
        client = of_queue(get_inhibited=True).client()
        client.put(b"x")
        for options in (GetOption.NO_SYNCPOINT, FIRST):
            with refused(2016):
                client.get(options)

    @pytest.mark.parametrize(
        ("opened", "wanted", "reason"),
        [
            (OpenOption.OUTPUT, 0, 2037),
            (OpenOption.BROWSE, 0, 2037),
            (OpenOption.INPUT_SHARED, FIRST, 2036),
            (OpenOption.INPUT_SHARED, UNDER_CURSOR, 2036),
            (EVERYTHING, FIRST | NEXT, 2046),
            (EVERYTHING, FIRST | GetOption.SYNCPOINT, 2046),
            (EVERYTHING, GetOption.SYNCPOINT | GetOption.NO_SYNCPOINT, 2046),
            (EVERYTHING, GetOption.LOCK, 2046),
            (EVERYTHING, GetOption.MARK_BROWSE_HANDLE, 2046),
        ],
    )
    def test_given_a_get_that_was_not_opened_for_or_makes_no_sense_then_it_is_refused(
        self, opened: int, wanted: int, reason: int
    ) -> None:
        house = House()
        house.client().put(b"x")
        with refused(reason):
            house.client(options=opened).get(wanted)
        assert house.client().bodies() == [b"x"]

    def test_given_ids_when_got_by_them_then_only_those_come_in_order(self) -> None:
        client = House().client()
        for body, message_id, correlation_id in (
            (b"1", ID_A, ID_A),
            (b"2", ID_B, ID_A),
            (b"3", ID_A, ID_B),
            (b"4", ID_B, ID_B),
            (b"5", ID_B, ID_A),
        ):
            client.put(body, message_id=message_id, correlation_id=correlation_id)
        assert client.get(message_id=ID_B, correlation_id=ID_B).data == b"4"
        assert client.bodies(correlation_id=ID_A) == [b"1", b"2", b"5"]
        with refused(2033):
            client.get(message_id=ID_B)
        assert client.bodies(message_id=ID_A) == [b"3"]

    def test_given_a_priority_when_got_by_correlation_id_then_the_highest_comes_first(self) -> None:
        client = House().client()
        client.put(b"low", priority=1, correlation_id=ID_A)
        client.put(b"high", priority=2, correlation_id=ID_A)
        assert client.bodies(correlation_id=ID_A) == [b"high", b"low"]

    def test_given_ids_that_are_not_to_match_when_got_then_any_message_comes(self) -> None:
        client = House().client()
        client.put(b"x", message_id=ID_A)
        with refused(2033):
            client.get(message_id=ID_B)
        assert client.get(match=0, message_id=ID_B).data == b"x"

    def test_given_a_group_when_got_by_group_and_number_then_that_message_comes(self) -> None:
        client = House().client()
        for number in (1, 2, 3):
            client.put(b"%d" % number, group_id=ID_A, sequence_number=number)
        assert client.get(match=0x4 | 0x8, group_id=ID_A, sequence_number=2).data == b"2"
        with refused(2033):
            client.get(match=0x4, group_id=ID_B)

    def test_given_a_match_option_that_is_not_there_when_got_then_2247(self) -> None:
        client = House().client()
        client.put(b"x")
        with refused(2247):
            client.get(match=0x40)

    def test_given_too_small_a_buffer_when_got_then_2080_with_the_length_and_the_message_stays(self) -> None:
        client = House().client()
        client.put(b"0123456789")
        for options in (GetOption.SYNCPOINT, GetOption.NO_SYNCPOINT, FIRST):
            got = client.get(options, room=4)
            assert (got.reason, got.completion, got.length) == (Reason.TRUNCATED_MSG_FAILED, 1, 10)
        with refused(2034):
            client.get(UNDER_CURSOR)
        got = client.get(room=10)
        assert (got.data, got.reason, got.descriptor.backout_count) == (b"0123456789", Reason.NONE, 0)

    def test_given_truncation_accepted_when_got_then_2079_and_the_message_is_gone(self) -> None:
        client = House().client()
        client.put(b"0123456789")
        got = client.get(GetOption.ACCEPT_TRUNCATED_MSG, room=4)
        assert (got.reason, got.data, got.length) == (Reason.TRUNCATED_MSG_ACCEPTED, b"0123", 10)
        assert client.bodies() == []

    def test_given_text_when_got_with_a_conversion_then_it_is_in_the_ccsid_asked_for(self) -> None:
        client = House().client()
        client.put("é".encode("cp500"), ccsid=500, format="MQSTR")
        got = client.get(GetOption.CONVERT, ccsid=1208)
        assert (got.reason, got.data, got.descriptor.ccsid) == (Reason.NONE, "é".encode(), 1208)

    @pytest.mark.parametrize(
        ("message_format", "ccsid", "asked", "reason"),
        [
            ("", 500, 1208, 2110),
            ("MQSTR", 4711, 1208, 2111),
            ("MQSTR", 500, 4711, 2115),
            ("MQSTR", 1208, 500, 2119),
        ],
    )
    def test_given_what_cannot_be_converted_when_got_then_a_warning_and_the_message_as_it_is(
        self, message_format: str, ccsid: int, asked: int, reason: int
    ) -> None:
        client = House().client()
        client.put(b"\xff", ccsid=ccsid, format=message_format)
        got = client.get(GetOption.CONVERT, ccsid=asked)
        assert (got.reason, got.data, got.descriptor.ccsid) == (reason, b"\xff", ccsid)

    def test_given_an_expiry_when_its_time_has_come_then_the_message_is_not_there(self) -> None:
        house = House()
        client = house.client()
        client.put(b"short", expiry=10, correlation_id=ID_A)
        client.put(b"long", expiry=100, correlation_id=ID_A)
        house.now += 0.9
        assert client.browse() == [b"short", b"long"]
        house.now += 0.1
        assert client.inquire(3) == (2,)
        got = client.get(correlation_id=ID_A)
        assert (got.data, got.descriptor.expiry) == (b"long", 90)
        assert client.inquire(3) == (0,)

    def test_given_somebody_told_of_arrivals_when_committed_then_he_is_told_once(self) -> None:
        house = House()
        putter, waiter, told = house.client(), house.client(), []
        waiter.connection.on_arrival(waiter.handle, lambda: told.append(1))
        putter.put(b"1", PutOption.SYNCPOINT)
        assert told == []
        putter.connection.commit()
        assert told == [1]
        putter.put(b"2")
        assert told == [1]

    def test_given_somebody_told_of_arrivals_when_a_get_is_backed_out_then_he_is_told(self) -> None:
        house = House()
        getter, waiter, told = house.client(), house.client(), []
        getter.put(b"1")
        getter.get(GetOption.SYNCPOINT)
        waiter.connection.on_arrival(waiter.handle, lambda: told.append(1))
        getter.connection.back_out()
        assert told == [1]


class TestBrowse:
    def test_given_messages_when_browsed_then_all_are_seen_in_order_and_stay(self) -> None:
        client = House().client()
        for each in (b"1", b"2", b"3"):
            client.put(each)
        assert client.browse() == client.browse() == [b"1", b"2", b"3"]
        assert client.bodies() == [b"1", b"2", b"3"]

    def test_given_a_cursor_when_got_under_it_then_that_message_is_gone_and_browsing_goes_on(self) -> None:
        client = House().client()
        for each in (b"1", b"2", b"3"):
            client.put(each)
        client.get(FIRST)
        assert client.get(NEXT).data == b"2"
        assert client.get(GetOption.BROWSE_MSG_UNDER_CURSOR).data == b"2"
        assert client.get(UNDER_CURSOR).data == b"2"
        with refused(2034):
            client.get(UNDER_CURSOR)
        assert client.get(NEXT).data == b"3"
        assert client.bodies() == [b"1", b"3"]

    def test_given_no_cursor_when_got_under_it_then_2034(self) -> None:
        client = House().client()
        client.put(b"1")
        with refused(2034):
            client.get(UNDER_CURSOR)

    def test_given_the_message_under_the_cursor_got_by_another_when_got_then_2034(self) -> None:
        house = House()
        browser, other = house.client(), house.client()
        browser.put(b"1")
        browser.put(b"2")
        browser.get(FIRST)
        other.get(GetOption.SYNCPOINT)
        with refused(2034):
            browser.get(UNDER_CURSOR)
        other.connection.back_out()
        assert browser.get(UNDER_CURSOR).data == b"1"

    def test_given_ids_when_browsed_by_them_then_only_those_are_seen(self) -> None:
        client = House().client()
        for each, correlation_id in ((b"1", ID_A), (b"2", ID_B), (b"3", ID_A)):
            client.put(each, correlation_id=correlation_id)
        assert client.bodies(NEXT, correlation_id=ID_A) == [b"1", b"3"]

    def test_given_two_handles_when_browsed_then_each_has_a_cursor_of_its_own(self) -> None:
        house = House()
        one, two = house.client(), house.client()
        one.put(b"1")
        one.put(b"2")
        assert [one.get(NEXT).data, two.get(NEXT).data, one.get(NEXT).data] == [b"1", b"1", b"2"]
