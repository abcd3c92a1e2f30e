"""Who may come in, as whom, and what for."""

from __future__ import annotations

import pytest

from mock_mq.constants import OpenOption
from mock_mq.core import Definition
from mock_mq.core.access import Authority, Caller, ChannelRule, Right, RuleType, fits, name_matches
from mock_mq.core.definition import Channel
from mock_mq.wire.structures import MessageDescriptor, ObjectDescriptor, PutMessageOptions
from tests.mock_mq.core.house import QUEUE, House, refused

CHANNEL = "DEV.APP.SVRCONN"
NAME = "CN=orders,OU=Payments,O=Bank"
HERE = Caller("10.1.2.3", certificate_name=NAME, cipher="TLS_AES_256_GCM_SHA384", protocol="TLSv1.3")


def rules(*given: ChannelRule) -> House:
    return House(Definition(channel_rules=given))


def rule(kind: RuleType, matches: str, user: str = "", channel: str = "DEV.*") -> ChannelRule:
    return ChannelRule(channel, kind, matches, user)


class TestChannelRules:
    def test_given_a_certificate_s_rule_then_its_user_whoever_the_client_said(self) -> None:
        house = rules(rule(RuleType.CERTIFICATE, "CN=orders,O=Bank", "payer"))
        assert house.connect(user="root", caller=HERE).user == "payer"

    @pytest.mark.parametrize(
        "kind_and_pattern",
        [(RuleType.ADDRESS, "10.1.*"), (RuleType.CERTIFICATE, "OU=Pay*"), (RuleType.USER, "app")],
    )
    def test_given_a_rule_without_a_user_then_2035(self, kind_and_pattern: tuple[RuleType, str]) -> None:
        with refused(2035):
            rules(rule(*kind_and_pattern)).connect(caller=HERE)

    @pytest.mark.parametrize(
        "given",
        [
            rule(RuleType.ADDRESS, "192.168.*"),
            rule(RuleType.CERTIFICATE, "CN=others"),
            rule(RuleType.USER, "other"),
            rule(RuleType.ADDRESS, "*", channel="ADMIN.*"),
        ],
    )
    def test_given_a_rule_about_others_then_in(self, given: ChannelRule) -> None:
        assert rules(given).connect(caller=HERE).user == "app"

    def test_given_several_rules_then_the_certificate_s_before_the_user_s_before_the_address_s(self) -> None:
        by = (
            rule(RuleType.ADDRESS, "*", "by-address"),
            rule(RuleType.USER, "app", "by-user"),
            rule(RuleType.CERTIFICATE, "CN=*", "by-name"),
        )
        assert rules(*by).connect(caller=HERE).user == "by-name"
        assert rules(*by[:2]).connect(caller=HERE).user == "by-user"

    def test_given_a_narrower_rule_then_it_is_an_exception_to_the_wider(self) -> None:
        house = rules(rule(RuleType.ADDRESS, "*"), rule(RuleType.ADDRESS, "10.1.*", "app"))
        assert house.connect(caller=HERE).user == "app"
        with refused(2035):
            house.connect(caller=Caller("172.16.0.1"))

    def test_given_a_blocked_user_then_out_also_where_a_rule_makes_him_of_another(self) -> None:
        house = rules(rule(RuleType.BLOCK_USER, "mqm", channel="*"), rule(RuleType.ADDRESS, "10.*", "mqm"))
        with refused(2035):
            house.connect(caller=HERE)
        with refused(2035):
            house.connect(user="mqm", caller=Caller("172.16.0.1"))

    def test_given_mcauser_then_whoever_connects_is_that_user(self) -> None:
        house = House(Definition(channels=(Channel(CHANNEL, user="bridge"),)))
        assert house.connect(user="root").user == "bridge"


class TestChannels:
    @pytest.mark.parametrize(
        ("channel", "caller", "reason"),
        [
            (Channel(CHANNEL, stopped=True), HERE, 2537),
            (Channel(CHANNEL, cipher_spec="ANY_TLS12_OR_HIGHER"), Caller("10.1.2.3"), 2393),
            (Channel(CHANNEL, cipher_spec="ANY_TLS12"), HERE, 2393),
            (Channel(CHANNEL, cipher_spec="TLS_AES_128_GCM_SHA256"), HERE, 2393),
            (Channel(CHANNEL, peer_name="CN=others"), HERE, 2398),
            (Channel(CHANNEL, peer_name="CN=orders"), Caller("10.1.2.3"), 2398),
            (Channel(CHANNEL, server_connection=False), HERE, 2539),
        ],
    )
    def test_given_a_client_that_does_not_fit_then_the_reason(
        self, channel: Channel, caller: Caller, reason: int
    ) -> None:
        with refused(reason):
            House(Definition(channels=(channel,))).queue_manager.admit(CHANNEL, caller)

    def test_given_one_that_fits_then_the_channel(self) -> None:
        channel = Channel(CHANNEL, cipher_spec="ANY_TLS12_OR_HIGHER", peer_name="CN=orders,O=B*")
        assert House(Definition(channels=(channel,))).queue_manager.admit(CHANNEL, HERE) is channel

    def test_given_as_many_instances_as_there_may_be_then_2537_until_one_ends(self) -> None:
        house = House(Definition(channels=(Channel(CHANNEL, max_instances=2), Channel("B"))))
        first, _second = house.connect(), house.connect()
        with refused(2537):
            house.connect()
        house.connect(channel="B")
        first.disconnect()
        house.connect()


@pytest.mark.parametrize(
    ("spec", "protocol", "cipher", "fit"),
    [
        ("ANY", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", True),
        ("ANY_TLS13", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", False),
        ("ECDHE_RSA_AES_256_GCM_SHA384", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", True),
        ("ECDHE_RSA_AES_128_GCM_SHA256", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", False),
        ("TLS_AES_256_GCM_SHA384", "TLSv1.3", "TLS_AES_256_GCM_SHA384", True),
        ("ANY_TLS12_OR_HIGHER", "", "", False),
    ],
)
def test_given_a_cipher_spec_then_those_of_its_name_or_version_fit(
    spec: str, protocol: str, cipher: str, fit: bool
) -> None:
    assert fits(spec, Caller("", cipher=cipher, protocol=protocol)) is fit


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("CN=orders", True),
        ("CN=ord*", True),
        ("O=Bank, CN=orders", True),
        ('CN="orders"', True),
        ("CN=order", False),
        ("CN=orders,OU=Cards", False),
        ("C=GB", False),
    ],
)
def test_given_a_peer_name_then_every_part_of_it_has_to_be_there(pattern: str, matches: bool) -> None:
    assert name_matches(pattern, NAME) is matches


class TestAuthorities:
    def may(self, *rights: Right) -> House:
        granted = frozenset({Right.CONNECT, *rights})
        return House(Definition(authorities=(Authority("app", "DEV.*", granted),)))

    @pytest.mark.parametrize(
        ("right", "option"),
        [
            (Right.GET, OpenOption.INPUT_SHARED),
            (Right.PUT, OpenOption.OUTPUT),
            (Right.BROWSE, OpenOption.BROWSE),
            (Right.INQUIRE, OpenOption.INQUIRE),
            (Right.SET, OpenOption.SET),
        ],
    )
    def test_given_a_right_then_that_and_no_other(self, right: Right, option: int) -> None:
        house = self.may(right)
        house.client(options=option)
        for other in {0x2, 0x8, 0x10, 0x20, 0x40} - {int(option)}:
            with refused(2035):
                house.client(options=other)

    def test_given_a_right_on_some_queues_then_not_on_others(self) -> None:
        with refused(2035):
            self.may(Right.PUT).client("SYSTEM.ADMIN.COMMAND.QUEUE", OpenOption.OUTPUT)

    def test_given_no_right_to_put_then_none_to_put_one(self) -> None:
        connection = self.may(Right.GET).connect()
        with refused(2035):
            connection.put1(
                ObjectDescriptor(object_name=QUEUE), MessageDescriptor(), PutMessageOptions(), b""
            )

    def test_given_no_right_to_connect_then_2035(self) -> None:
        with refused(2035):
            House(Definition(authorities=(Authority("app", "*", frozenset({Right.GET})),))).connect()

    def test_given_nobody_said_what_a_user_may_then_everything(self) -> None:
        self.may().client(user="other")
