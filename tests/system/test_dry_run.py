"""`bridge run --dry-run`: it says of each waiting message what the bridge makes of it, and moves none."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bridge.binding import CHOICE, load_binding
from mock_mq.core import QueueDefinition
from mock_mq.core.definition import Channel
from tests.bridge.mq_ends import Program, source
from tests.fixtures.bridge import StartBridge
from tests.system.ends import CANARY, read
from tests.system.set_up import CHANNEL, IN, OUT, STOCK, SetUp, right, unsilenced

__all__ = ["right", "unsilenced"]

QUESTIONS = {"GetQueueUrl", "GetQueueAttributes"}
LOOKS = {"MQCONN", "MQOPEN", "MQGET", "MQCLOSE", "MQBACK", "MQDISC"}


@pytest.fixture
def plain(right: SetUp) -> SetUp:
    """In plain TCP, with a FIFO topic whose messages a queue gets, at the end of the first route."""
    right.tls = None
    right.secret.clear()
    del right.reaching["cipher_spec"]
    right.definition = {
        "channels": (Channel(CHANNEL),),
        "queues": tuple(QueueDefinition(name) for name in (OUT, STOCK, IN)),
    }
    del right.configuration["routes"][2]["to"]["ledger"]
    right.configuration["http"] = {"port": 0}
    return right


def told(out: str, route: str) -> list[dict[str, Any]]:
    return [found for found in map(json.loads, out.splitlines()) if found["route"] == route]


@pytest.mark.parametrize("name", ["pymqi", "ibmmq"])
def test_what_it_says_is_what_then_arrives(
    plain: SetUp, name: str, monkeypatch: pytest.MonkeyPatch, start_bridge: StartBridge
) -> None:
    monkeypatch.setenv(CHOICE, name)
    aws, manager = plain.aws, plain.queue_manager
    topic, arrived = aws.make_fifo_topic()
    plain.configuration["routes"][0]["to"] = {"sns": topic, "group": "CorrelId"}
    manager.put(OUT, "größe".encode("cp500"), format="MQSTR", ccsid=500, correlation_id=b"c" * 24)
    manager.put(OUT, b"\0" * 2_000_000)
    manager.put(STOCK, b"")
    code, out, _ = plain.run("run", "--dry-run", "--json", "--bodies")
    assert code == 0
    text, large = told(out, "out")
    [empty] = told(out, "stock")
    assert (text["body"], text["text"], text["through_s3"], text["set_aside"]) == ("text", "größe", False, "")
    assert (large["body"], large["through_s3"], large["size"]) == ("base64", True, 2_000_000)
    assert (empty["body"], empty["order"]) == ("empty", {})
    assert (manager.depth(OUT), manager.depth(STOCK)) == (2, 1)
    assert {each.call for each in manager.calls()} <= LOOKS
    assert {each.action for each in plain.proxy.requests} <= QUESTIONS

    started = start_bridge(
        manager,
        *plain.configuration["routes"][:2],
        dead_letters=plain.configuration["dead_letters"]["bucket"],
        binding=name,
        offload=plain.configuration["offload"],
    )
    for said, got in zip((text, large), read(aws, arrived, 2), strict=True):
        attributes = {
            key: len(value["StringValue"].encode()) for key, value in got["MessageAttributes"].items()
        }
        assert attributes == said["attributes"]
        assert {key: got["Attributes"][key] for key in said["order"]} == said["order"]
    assert started.stop() == 0


def test_what_would_be_set_aside_is_said_with_why_and_a_missing_queue_hides_no_other(plain: SetUp) -> None:
    plain.definition["queues"] = (QueueDefinition(OUT), QueueDefinition(IN))
    del plain.configuration["offload"]
    manager, binding = plain.queue_manager, load_binding()
    program = Program(binding, manager)
    bad = program.put(CANARY.encode(), OUT)
    taking = source(binding, manager, OUT)
    for _ in range(5):
        taking.connect()
        assert len(taking.take(1)) == 1
        taking.back_out()
    taking.close()
    large = program.put(CANARY.encode() * 100_000, OUT)
    code, out, err = plain.run("run", "--dry-run")
    lines = out.splitlines()
    assert code == 1
    topic = plain.configuration["routes"][0]["to"]["sns"]
    assert lines[:3] == [
        f"out: mq:OUT -> sns:{topic}",
        f"  {bad.hex()}  13 bytes, no format, CCSID 1208, backed out 5 times",
        "    set aside: backed out 5 times: the threshold is 5",
    ]
    assert lines[3].startswith(f"  {large.hex()}  1,300,000 bytes")
    assert "is more than a message can have: configure offload" in lines[4]
    assert "in: 0 messages wait, not shown: SQS can't be browsed" in lines[6]
    assert err.startswith("stock: queue STOCK on QM1: there is no such queue (2085 ")


def test_it_shows_so_many_a_route_and_bodies_only_where_asked(plain: SetUp) -> None:
    for number in range(3):
        plain.queue_manager.put(OUT, f"{CANARY} {number}")
    code, out, _ = plain.run("run", "--dry-run", "--limit", "2")
    assert code == 0
    assert out.count(" bytes, MQSTR, CCSID 1208") == 2
    assert "  the first 2: --limit shows more\n" in out
    assert re.search(r"^    text, \d+ bytes in all$", out, re.MULTILINE)
    assert "    attributes, with their bytes: MQMsgId (48), " in out
    assert "stock: mq:STOCK" in out
    assert "  nothing waits\n" in out


@pytest.mark.parametrize(
    "options", [["--limit", "2"], ["--bodies"], ["--json"], ["--dry-run", "--limit", "0"]]
)
def test_what_has_no_meaning_is_bad_usage(plain: SetUp, options: list[str]) -> None:
    code, out, err = plain.run("run", *options)
    assert (code, out) == (2, "")
    assert "--limit" in err


def test_it_says_which_are_left_out_and_which_destination_each_of_the_others_goes_to(plain: SetUp) -> None:
    route = plain.configuration["routes"][0]
    topic = route["to"]["sns"]
    route["attributes"] = {"umlaut": "constant:ü"}
    route["filter"] = {"attributes": {"kind": [{"exists": False}]}, "descriptor": {"Priority": [4, 5]}}
    route["to"] = [
        {"sqs": "urgent", "when": {"descriptor": {"Priority": [5]}}, "format": "base64"},
        route["to"],
    ]
    for priority in (4, 5, 6):
        plain.queue_manager.put(OUT, CANARY, format="MQSTR", priority=priority)
    code, out, _ = plain.run("run", "--dry-run")
    assert code == 0
    assert out.count("umlaut (2)") == 2
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == f"out: mq:OUT -> sqs:urgent or sns:{topic}"
    told = [line for line in lines if line.startswith(("to ", "left out", "base64,", "text,"))]
    assert [each.partition(",")[0] for each in told] == [
        "left out: the route's filter does not match it",
        "to sqs:urgent",
        "base64",
        f"to sns:{topic}",
        "text",
    ]
