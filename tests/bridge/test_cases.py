"""`bridge test` as its user types it: cases beside a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bridge.test_cli import bridge

TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders.fifo"
CONFIGURATION = f"""
queue_manager: {{name: QM1, connections: ["localhost(1414)"], channel: BRIDGE.SVRCONN}}
dead_letters: {{bucket: orders-dead-letters}}
routes:
  - name: orders-out
    from: {{mq: ORDERS.OUT}}
    filter:
      attributes: {{Kind: [PAYMENT, {{prefix: REF}}]}}
    attributes: {{kind: "property:Kind", Kind: nothing, origin: constant:mainframe, priority: Priority}}
    to:
      - sqs: large
        when: {{body: {{amount: [{{numeric: [">", 100]}}]}}}}
        format: cloudevents
      - {{sns: "{TOPIC}", group: "property:kind"}}
  - name: orders-in
    from: {{sqs: orders-in}}
    descriptor: {{Priority: "property:priority"}}
    to:
      - {{mq: URGENT, when: {{descriptor: {{Priority: [{{numeric: [">", 6]}}]}}}}}}
      - {{mq: ORDERS.IN, when: {{attributes: {{kind: [{{exists: false}}]}}}}}}
  - {{name: events-in, from: {{sqs: events, format: cloudevents}}, to: {{mq: EVENTS, ccsid: 500}}}}
"""
CASES = [
    {
        "name": "a large payment is an event on a queue of its own",
        "route": "orders-out",
        "given": {
            "body": '{"amount": 250.10}',
            "attributes": {"Kind": "PAYMENT"},
            "descriptor": {"CodedCharSetId": 500, "Priority": 4, "MsgId": "6d" * 24},
        },
        "expect": {
            "to": "sqs:large",
            "json": {"data": {"amount": 250.10}, "id": "6d" * 24, "source": "queue://QM1/ORDERS.OUT"},
            "attributes": {"kind": "PAYMENT", "origin": "mainframe", "priority": 4},
            "absent": ["Kind"],
        },
    },
    {
        "name": "a small refund goes to the topic, in its group",
        "route": "orders-out",
        "given": {"body": '{"amount": 25}', "attributes": {"Kind": "REFUND"}},
        "expect": {"to": f"sns:{TOPIC}", "group": "REFUND", "body": '{"amount": 25}'},
    },
    {
        "name": "all else is left out",
        "route": "orders-out",
        "given": {"body": "", "attributes": {"Kind": "INFO"}},
        "expect": {"filtered": True},
    },
    {
        "name": "a payment that is no JSON is set aside",
        "route": "orders-out",
        "given": {"file": "payment.bin", "attributes": {"Kind": "PAYMENT"}},
        "expect": {"set_aside": "not JSON"},
    },
    {
        "name": "an urgent order",
        "route": "orders-in",
        "given": {"body": "order", "attributes": {"priority": 7}},
        "expect": {
            "to": "mq:URGENT",
            "body": "order",
            "descriptor": {"Priority": 7, "Format": "MQSTR"},
            "attributes": {"priority": 7},
        },
    },
    {
        "name": "an order of a kind that nobody takes",
        "route": "orders-in",
        "given": {"body": "order", "attributes": {"kind": "x"}},
        "expect": {"set_aside": "none of the route's destinations takes it"},
    },
    {
        "name": "bytes in base64",
        "route": "orders-in",
        "given": {"body": "/wA=", "attributes": {"MQBodyEncoding": "base64"}},
        "expect": {"to": "mq:ORDERS.IN", "base64": "/wA="},
    },
    {
        "name": "an event's data, in the mainframe's code page",
        "route": "events-in",
        "given": {
            "body": '{"specversion": "1.0", "id": "1", "source": "/shop", "type": "t", "data": {"n": 1}}'
        },
        "expect": {
            "body": '{"n": 1}',
            "attributes": {"ce_source": "/shop"},
            "descriptor": {"CodedCharSetId": 500},
        },
    },
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.yaml"
    path.write_text(CONFIGURATION)
    (tmp_path / "payment.bin").write_bytes(b"\xff\0")
    return path


def write(config: Path, cases: Any, name: str = "orders.test.yaml") -> Path:
    path = config.parent / name
    path.write_text(cases if isinstance(cases, str) else yaml.safe_dump(cases, sort_keys=False))
    return path


def test_cases_beside_the_configuration_are_tried_and_nothing_is_connected_to(config: Path) -> None:
    write(config, CASES[:4])
    write(config, CASES[4:], "others.test.yaml")
    result = bridge("test", "--config", str(config), AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"ok    {config.parent}/orders.test.yaml:1: {CASES[0]['name']}"
    assert [each[:4] for each in lines[:-1]] == ["ok  "] * 8
    assert lines[-1] == "8 cases, 0 failed"


def test_a_case_that_fails_tells_each_difference(config: Path) -> None:
    wrong: list[dict[str, Any]] = [{**case, "expect": {}} for case in CASES]
    wrong[0]["expect"] = {
        "to": "sqs:small",
        "body": "x",
        "json": {"data": {"amount": 1}, "nothing": 1},
        "attributes": {"kind": "REFUND", "Kind": "PAYMENT", "priority": True},
        "absent": ["origin"],
        "descriptor": {"Priority": 5},
        "group": "g",
    }
    wrong[1]["expect"] = {"filtered": True}
    wrong[2]["expect"] = {"set_aside": "x"}
    wrong[3]["expect"] = {"set_aside": "too large"}
    wrong[4]["expect"] = {"set_aside": "x"}
    wrong[5]["expect"] = {"to": "mq:URGENT"}
    wrong[6]["expect"] = {"base64": "AA==", "json": {"a": 1}}
    wrong[7]["expect"] = {"filtered": True}
    write(config, wrong)
    result = bridge("test", "--config", str(config))
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "8 cases, 8 failed"
    told = [line.strip() for line in result.stdout.splitlines() if line.startswith("        ")]
    assert told[0] == "to: expected 'sqs:small', was 'sqs:large'"
    assert [each.split(":")[0] for each in told[:10]] == [
        "to",
        "body",
        "group",
        "json.data",
        "json.nothing",
        "attributes.kind",
        "attributes.Kind",
        "attributes.priority",
        "attributes.origin",
        "descriptor.Priority",
    ]
    assert "attributes.Kind: expected 'PAYMENT', was not there" in told
    assert told[10] == f"not left out: sent to sns:{TOPIC}"
    assert told[11] == "it was left out by the filter"
    assert told[12].startswith("set aside: body: not JSON in the message's CCSID")
    assert told[13] == "not set aside: sent to mq:URGENT"
    assert told[14].startswith("set aside: none of the route's destinations takes it")
    assert told[15].startswith("base64: ")
    assert told[16].startswith("json: the body is no JSON object")
    assert told[17] == "not left out: sent to mq:EVENTS"


@pytest.mark.parametrize("ccsid", [500, 0])
def test_a_text_that_its_ccsid_has_not_is_told_of_as_such(config: Path, ccsid: int) -> None:
    given = {"body": "№", "descriptor": {"CodedCharSetId": ccsid}, "attributes": {"Kind": "PAYMENT"}}
    write(config, [{**CASES[1], "given": given}])
    result = bridge("test", "--config", str(config))
    assert (result.returncode, result.stderr) == (1, "")
    assert f"given.body: not text in CCSID {ccsid}: give its bytes in base64" in result.stdout


def test_a_file_may_be_named(config: Path) -> None:
    elsewhere = write(config, CASES[4:5], "elsewhere.yaml")
    result = bridge("test", str(elsewhere), "--config", str(config))
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "1 case, 0 failed")
    result = bridge("test", str(elsewhere), BRIDGE_CONFIG=CONFIGURATION)
    assert result.returncode == 0


CASE = "- {name: n, route: orders-in, given: {body: x}, expect: {filtered: true}}\n"
MISTAKES: dict[str, tuple[str, str]] = {
    "no list": ("name: x", ":1: the document: is not a list of cases: start each with a dash"),
    "not YAML": ("- [", ":1: the document: is not YAML: "),
    "no given": (CASE.replace("given: {body: x}, ", ""), ":1: [0].given: is missing: a case has name, route"),
    "an unknown key": (CASE.replace("body", "bdy"), ":1: [0].given.bdy: is not a known key: docs/shaping.md"),
    "an unknown route": (
        CASE.replace("orders-in", "orders-inn"),
        "[0].route: is no route's name: write orders-in",
    ),
    "an unknown field": (
        CASE.replace("body: x", "descriptor: {Prority: 1}"),
        "[0].given.descriptor: Prority is no field of the descriptor: write Priority",
    ),
    "two bodies": (
        CASE.replace("body: x", "body: x, base64: eA=="),
        "more than one of body, base64 and file: keep one",
    ),
    "no base64": (
        CASE.replace("body: x", "base64: '?'"),
        "[0].given.base64: is not base64: write the bytes so",
    ),
    "no such file": (CASE.replace("body: x", "file: nothing"), "[0].given.file: can't be read (No such file"),
    "nothing expected": (CASE.replace("filtered: true", ""), "[0].expect: expects nothing: write to, body"),
    "two ends": (CASE.replace("true", "true, to: x"), "is not sent: keep one of these alone"),
    "a second one": (CASE + "\n" + CASE.replace("body", "bdy"), ":3: [1].given.bdy"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_case_is_told_with_its_line_and_no_case_is_tried(config: Path, name: str) -> None:
    text, words = MISTAKES[name]
    path = write(config, text)
    result = bridge("test", "--config", str(config))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{path}:")
    assert words in result.stderr


def test_no_cases_at_all_is_a_mistake(config: Path) -> None:
    result = bridge("test", "--config", str(config))
    assert (result.returncode, result.stdout) == (2, "")
    assert (
        result.stderr
        == f"{config.parent}: there is no *.test.yaml: write one (docs/shaping.md), or name it\n"
    )
    result = bridge("test", str(config.parent / "no.yaml"), "--config", str(config))
    assert result.returncode == 2
    assert "no.yaml: can't be read (No such file or directory): name a file of cases" in result.stderr
