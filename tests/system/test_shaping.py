"""Filter, choice, attributes and CloudEvents in the bridge as it runs, between both ends' real programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bridge.binding import CHOICE, Binding
from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from tests.bridge.mq_ends import source
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.system.ends import letters, read
from tests.system.operator import Operator

QUEUES = tuple(QueueDefinition(name) for name in ("OUT", "NORMAL", "URGENT"))
AMOUNT = {"body": {"amount": [{"numeric": [">", 100]}]}}


def test_what_leaves_mq_is_filtered_chosen_for_and_wrapped_as_configured(
    aws: Aws, start_queue_manager: StartQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    manager = start_queue_manager(queues=QUEUES)
    bucket, large = aws.make_bucket(), aws.make_queue()
    topic, rest = aws.make_topic()
    bridge = start_bridge(
        manager,
        {
            "name": "out",
            "from": {"mq": "OUT"},
            "filter": {"descriptor": {"Priority": [{"numeric": ["<", 9]}]}},
            "attributes": {"origin": "constant:mainframe", "reply_to": "ReplyToQ"},
            "to": [
                {"sqs": large, "when": AMOUNT, "format": "cloudevents"},
                {"sns": topic, "when": {"body": {"amount": [{"exists": True}]}}},
            ],
        },
        dead_letters=bucket,
        binding=binding.name,
    )
    for number in range(25):
        body = json.dumps({"amount": 90 + number, "number": number})
        manager.put("OUT", body, format="MQSTR", priority=4, reply_to_queue="REPLIES")
        manager.put("OUT", body, format="MQSTR", priority=9)
    manager.put("OUT", '{"amont": 1}', format="MQSTR", priority=4)
    manager.put("OUT", "no JSON", format="MQSTR", priority=4)

    events = [json.loads(each["Body"]) for each in read(aws, large, 14)]
    assert sorted(each["data"]["number"] for each in events) == list(range(11, 25))
    assert {(each["specversion"], each["source"]) for each in events} == {
        ("1.0", f"queue://{manager.name}/OUT")
    }
    others = read(aws, rest, 11)
    assert sorted(json.loads(each["Body"])["number"] for each in others) == list(range(11))
    told = {
        name: others[0]["MessageAttributes"][name]["StringValue"]
        for name in ("origin", "reply_to", "MQReplyToQ")
    }
    assert told == {"origin": "mainframe", "reply_to": "REPLIES", "MQReplyToQ": "REPLIES"}
    eventually(lambda: len(letters(aws, bucket)) == 2, what="two dead letters")
    why = letters(aws, bucket)
    assert why['{"amont": 1}'].startswith("none of the route's destinations takes it")
    assert why["no JSON"].startswith("body: not JSON")
    eventually(lambda: manager.depth("OUT") == 0, what="an empty queue")
    assert bridge.stop() == 0


def test_what_leaves_sqs_is_chosen_for_by_what_was_set_in_it_and_replayed_by_the_same(
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
    tmp_path: Path,
) -> None:
    manager = start_queue_manager(queues=QUEUES)
    queue, bucket = aws.make_queue(), aws.make_bucket()
    route: dict[str, Any] = {
        "name": "in",
        "from": {"sqs": queue, "format": "cloudevents"},
        "descriptor": {"Priority": "property:priority", "CorrelId": "property:ce_id"},
        "to": [
            {"mq": "URGENT", "when": {"descriptor": {"Priority": [{"numeric": [">", 6]}]}}},
            {"mq": "NORMAL"},
        ],
    }
    bridge = start_bridge(manager, route, dead_letters=bucket, binding=binding.name)
    for number in range(12):
        event = {
            "specversion": "1.0",
            "id": f"order {number}",
            "source": "/shop",
            "type": "order",
            "data": number,
        }
        priority = str(number) if number < 10 else "high"
        aws.sqs.send_message(
            QueueUrl=queue,
            MessageBody=json.dumps(event),
            MessageAttributes={"priority": {"DataType": "String", "StringValue": priority}},
        )
    eventually(lambda: (manager.depth("URGENT"), manager.depth("NORMAL")) == (3, 7), what="ten messages")
    taking = source(binding, manager, "URGENT")
    taking.connect()
    urgent = sorted((each.message for each in taking.take(10)), key=lambda each: each.body)
    taking.commit()
    taking.close()
    assert [(each.body, each.descriptor.priority) for each in urgent] == [(b"7", 7), (b"8", 8), (b"9", 9)]
    assert urgent[0].descriptor.correlation_id.rstrip(b"\0") == b"order 7"
    assert urgent[0].properties["ce_source"].value == "/shop"
    eventually(lambda: len(letters(aws, bucket)) == 2, what="two dead letters")
    assert set(letters(aws, bucket).values()) == {"descriptor Priority: not an integer of 32 bits"}
    assert bridge.stop() == 0

    route["descriptor"] = {"Priority": "constant:8"}
    replayed = Operator(tmp_path, bucket, [route], manager, {CHOICE: binding.name}).run(
        "replay", "--all", "--yes"
    )
    assert replayed.returncode == 0, replayed.stderr
    assert (manager.depth("URGENT"), manager.depth("NORMAL")) == (2, 7)
