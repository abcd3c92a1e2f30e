"""A queue manager from a file: what it makes, and every mistake in it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_mq import definition_file
from mock_mq.constants import QueueType
from mock_mq.core import Authority, Channel, ChannelRule, Definition, QueueDefinition, Right
from mock_mq.core.access import RuleType
from mock_mq.faults import Deed, Fault

BASE = Definition(queues=(QueueDefinition("KEPT"),))


def read(tmp_path: Path, text: str, name: str = "qm.yaml") -> tuple[Definition, tuple[Fault, ...]]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return definition_file.read(file, BASE)


def test_everything_that_a_file_may_have(tmp_path: Path) -> None:
    made, faults = read(
        tmp_path,
        """
        queue_manager: PAYMENTS
        queues:
          - ORDERS.IN
          - {name: ORDERS.OUT, max_depth: 10, backout_threshold: 3}
          - {name: ORDERS, type: ALIAS, target: ORDERS.OUT}
        rules: [TEST.*]
        channels:
          - {name: ORDERS.SVRCONN, cipher_spec: ANY_TLS13}
        users:
          bridge:
            password: secret
            rights: {"ORDERS.*": [get, browse], "ORDERS.IN": [put]}
          other: {password: more}
        channel_rules:
          - {channel: "*", type: ADDRESSMAP, matches: "10.*"}
        dead_letter_queue: KEPT
        max_connections: 7
        faults:
          - {do: fail, call: MQPUT, every: 100, reason: 2053}
        mqsc: |
          DEFINE QLOCAL(BY.MQSC) MAXDEPTH(2)
        """,
    )
    assert made.name == "PAYMENTS"
    assert {each.name: each for each in made.queues} == {
        "KEPT": QueueDefinition("KEPT"),
        "ORDERS.IN": QueueDefinition("ORDERS.IN"),
        "ORDERS.OUT": QueueDefinition("ORDERS.OUT", max_depth=10, backout_threshold=3),
        "ORDERS": QueueDefinition("ORDERS", QueueType.ALIAS, target="ORDERS.OUT"),
        "BY.MQSC": QueueDefinition("BY.MQSC", max_depth=2),
    }
    assert made.rules == (QueueDefinition("TEST.*"),)
    assert made.channels == (Channel("ORDERS.SVRCONN", cipher_spec="ANY_TLS13"),)
    assert dict(made.users) == {"bridge": "secret", "other": "more"}
    assert set(made.authorities) == {
        Authority("bridge", "", frozenset({Right.CONNECT})),
        Authority("bridge", "ORDERS.*", frozenset({Right.GET, Right.BROWSE})),
        Authority("bridge", "ORDERS.IN", frozenset({Right.PUT})),
    }
    assert made.channel_rules == (ChannelRule("*", RuleType.ADDRESS, "10.*"),)
    assert (made.dead_letter_queue, made.max_connections) == ("KEPT", 7)
    assert faults == (Fault(Deed.FAIL, "MQPUT", every=100, reason=2053),)


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == (BASE, ())


def test_a_file_of_mqsc_is_known_by_its_name(tmp_path: Path) -> None:
    made, _ = read(tmp_path, "DEFINE QLOCAL(A)\n", "qm.mqsc")
    assert [each.name for each in made.queues] == ["KEPT", "A"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("queues: [a b]", "queues.0"),
        ("queue: [A]", "queue: Extra inputs are not permitted"),
        ("queues:\n  - {name: A, max_dept: 1}", "max_dept"),
        ("users: {a: {password: p, rights: {Q: [fly]}}}", "users.a.rights.Q.0"),
        ("faults: [{do: fail}]", "fail needs a reason"),
        ("faults: [{do: dance}]", "faults.0.do"),
        ("mqsc: DEFINE QLOCAL(A", "line 1"),
        ("queues: [", "not YAML"),
        ("- a list", "valid dictionary"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(definition_file.DefinitionError) as refused:
        read(tmp_path, text)
    assert told in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path))


def test_every_mistake_is_told_at_once_and_no_password(tmp_path: Path) -> None:
    with pytest.raises(definition_file.DefinitionError) as refused:
        read(tmp_path, "users: {a: {password: [canary]}, b: {passwort: canary}}\ncolour: red\n")
    assert len(str(refused.value).splitlines()) == 4
    assert "canary" not in str(refused.value)
