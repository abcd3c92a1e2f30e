"""Who may come in over a channel and who may do what, as IBM's client is told."""

from __future__ import annotations

from typing import Any

import pytest

from mock_mq.core.access import Authority, ChannelRule, Right, RuleType
from mock_mq.core.definition import Channel
from mock_mq.pytest_plugin import StartQueueManager
from tests.fixtures.certificates import Certificates
from tests.interop.conftest import Reachable, Stores, mutual_tls, options_of, tls_options
from tests.interop.judge import Judge, Refused

NAME = "DEV.APP.SVRCONN"
TLS_1_2, TLS_1_3 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"


@pytest.fixture
def refusal(
    judge: Judge, start_queue_manager: StartQueueManager, certificates: Certificates, stores: Stores
) -> Any:
    """The reason that a client is told, 0 where it gets in; it goes over mutual TLS where it has a cipher."""

    def connect(cipher: str = "", **definition: Any) -> int:
        running = start_queue_manager(tls=mutual_tls(certificates) if cipher else None, **definition)
        secure = tls_options(stores) | {"cipher": cipher} if cipher else {}
        reachable = Reachable(running, options_of(running) | {"user": "app", "password": ""} | secure)
        try:
            reachable.connect(judge, "base")("disconnect")
        except Refused as e:
            return e.reason
        return 0

    return connect


@pytest.mark.parametrize(
    ("spec", "cipher", "reason"),
    [
        ("ANY_TLS12_OR_HIGHER", TLS_1_2, 0),
        ("ANY_TLS13", TLS_1_3, 0),
        ("TLS_AES_256_GCM_SHA384", TLS_1_3, 0),
        ("ECDHE_RSA_AES_256_GCM_SHA384", TLS_1_2, 0),
        ("ANY_TLS13", TLS_1_2, 2397),
        ("ECDHE_RSA_AES_128_GCM_SHA256", TLS_1_2, 2397),
        ("ANY_TLS12_OR_HIGHER", "", 2397),
    ],
)
def test_a_channel_s_cipher_spec(refusal: Any, spec: str, cipher: str, reason: int) -> None:
    assert refusal(cipher, channels=(Channel(NAME, cipher_spec=spec),)) == reason


@pytest.mark.parametrize(("peer", "reason"), [("CN=*", 0), ("CN=somebody else", 2397)])
def test_a_channel_s_peer_name(refusal: Any, peer: str, reason: int) -> None:
    assert refusal(TLS_1_3, channels=(Channel(NAME, peer_name=peer),)) == reason


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (ChannelRule("*", RuleType.ADDRESS, "127.*"), 2035),
        (ChannelRule("*", RuleType.ADDRESS, "10.*"), 0),
        (ChannelRule("*", RuleType.BLOCK_USER, "app"), 2035),
        (ChannelRule("*", RuleType.USER, "app", "mapped"), 0),
    ],
)
def test_channel_rules(refusal: Any, rule: ChannelRule, reason: int) -> None:
    assert refusal(channel_rules=(rule,)) == reason


def test_a_certificate_s_rule_says_who_a_client_is(refusal: Any) -> None:
    rule = ChannelRule("*", RuleType.CERTIFICATE, "CN=*", "payer")
    rights = frozenset({Right.CONNECT})
    nobody_else = (Authority("app", "*", frozenset()), Authority("payer", "*", rights))
    assert refusal(TLS_1_3, channel_rules=(rule,), authorities=nobody_else) == 0
    assert refusal(TLS_1_3, authorities=nobody_else) == 2035


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        (Channel(NAME, stopped=True), 2537),
        (Channel(NAME, max_instances=0), 2537),
        (Channel(NAME, server_connection=False), 2539),
    ],
)
def test_channels_that_let_nobody_in(refusal: Any, channel: Channel, reason: int) -> None:
    assert refusal(channels=(channel,)) == reason


def test_no_more_connections_than_there_may_be(refusal: Any) -> None:
    assert refusal(max_connections=0) == 2537


@pytest.mark.parametrize(
    ("right", "reason"), [(Right.PUT, {"put": 0, "get": 2035}), (Right.GET, {"put": 2035, "get": 0})]
)
def test_authorities_of_a_queue(
    judge: Judge, start_queue_manager: StartQueueManager, right: Right, reason: dict[str, int]
) -> None:
    rights = frozenset({Right.CONNECT, right, Right.INQUIRE})
    running = start_queue_manager(authorities=(Authority("app", "*", rights),))
    java = judge.connect("mqi", **options_of(running), user="app", password="")
    told = {
        "put": java("open", slot="0", queue="DEV.QUEUE.1", options=0x10)["reason"],
        "get": java("open", slot="1", queue="DEV.QUEUE.1", options=0x2)["reason"],
    }
    assert told == reason
