"""`bridge dead-letters replay` as a process: killed, twice at once, beside a bridge, to SQS and to MQ."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import CANARY, IN, OUT, SMALL, letters, read, send
from tests.system.operator import Operator, message, set_aside

LEDGER = "LEDGER"
LETTERS, KILLS = 70, 10


@pytest.mark.timeout(240)
def test_ten_kills_at_random_moments_lose_nothing_and_double_only_what_was_in_hand(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("KILL_SEED", str(random.randrange(2**32))))
    moments = random.Random(seed)
    bucket, queue = aws.make_bucket(), aws.make_queue()
    set_aside(bucket, "out", (message(number) for number in range(LETTERS)))
    operator = Operator(
        tmp_path, bucket, [{"name": "out", "from": {"mq": OUT}, "to": {"sqs": aws.queue_arn(queue)}}]
    )
    everything = ("replay", "--all", "--yes", "--patience", "0")

    arrived_after_each = []
    for _ in range(KILLS):
        due = aws.counts(queue)[0] + moments.randrange(1, 5)
        with operator.start(*everything) as process:
            eventually(lambda due=due: aws.counts(queue)[0] >= due, what=f"{due} (seed {seed})")  # type: ignore[misc]
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(moments.uniform(0, 0.1))
            process.kill()
        arrived_after_each.append(aws.counts(queue)[0])
    last = operator.run(*everything)
    assert last.returncode == 0, last.stderr
    assert operator.run(*everything).stdout == f"{LETTERS} replayed before\n"

    found = Counter(each["Body"] for each in aws.read_all(queue))
    wanted = {f"body {number}" for number in range(LETTERS)}
    doubled = found.total() - len(found)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills, seed {seed} (KILL_SEED={seed} repeats it): {LETTERS} letters, "
            f"lost {len(wanted - set(found))}, unexpected {len(set(found) - wanted)}, duplicates {doubled}; "
            f"arrived after each: {arrived_after_each}\n"
        )
    assert set(found) == wanted, f"seed {seed}"
    assert doubled <= KILLS, f"seed {seed}"


def test_of_two_replays_at_once_the_second_leaves_the_letter_in_hand_to_the_first(
    aws: Aws, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    bucket, queue = aws.make_bucket(), aws.make_queue()
    set_aside(bucket, "out", [message(1), message(2)])
    operator = Operator(
        tmp_path, bucket, [{"name": "out", "from": {"mq": OUT}, "to": {"sqs": aws.queue_arn(queue)}}]
    )
    answered = fault_proxy.hold("SendMessageBatch")
    with operator.start("replay", "--all", "--yes") as first:
        fault_proxy.wait_for("SendMessageBatch", 1)
        with operator.start("replay", "--all", "--yes") as second:
            fault_proxy.wait_for("SendMessageBatch", 2)  # the letter that the first has not come to
            answered.set()
            out, _ = first.communicate(timeout=60)
            other, _ = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert (out, other) == ("1 sent, 1 replayed before\n",) * 2
    assert sorted(each["Body"] for each in aws.read_all(queue)) == ["body 1", "body 2"]


def test_told_to_stop_it_finishes_what_is_in_hand_and_says_that_there_is_more(
    aws: Aws, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    bucket, queue = aws.make_bucket(), aws.make_queue()
    set_aside(bucket, "out", [message(1), message(2)])
    operator = Operator(
        tmp_path, bucket, [{"name": "out", "from": {"mq": OUT}, "to": {"sqs": aws.queue_arn(queue)}}]
    )
    answered = fault_proxy.hold("SendMessageBatch")
    with operator.start("replay", "--all", "--yes") as process:
        fault_proxy.wait_for("SendMessageBatch", 1)
        process.send_signal(signal.SIGTERM)
        answered.set()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "1 sent\n")
    assert "interrupted: run it again for the rest" in err
    assert operator.run("replay", "--all", "--yes").stdout == "1 sent, 1 replayed before\n"
    assert sorted(each["Body"] for each in aws.read_all(queue)) == ["body 1", "body 2"]


def test_what_mq_refused_stays_with_its_new_reason_and_goes_elsewhere(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, tmp_path: Path
) -> None:
    bucket, queue = aws.make_bucket(), aws.make_queue()
    routes = [
        {"name": "in", "from": {"sqs": queue, "wait": 0}, "to": {"mq": SMALL}},
        {"name": "other", "from": {"sqs": aws.make_queue(), "wait": 0}, "to": {"mq": IN}},
    ]
    text = f"{CANARY} é " + "x" * 1000
    with_bridge = start_bridge(plain, *routes, dead_letters=bucket)
    aws.sqs.send_message(
        QueueUrl=queue,
        MessageBody=text,
        MessageAttributes={"colour": {"DataType": "String", "StringValue": "blue"}},
    )
    where = with_bridge.wait_for("message_set_aside")["where"]
    secret = aws.make_secret(json.dumps({"user": "app", "password": CANARY}))
    operator = Operator(
        tmp_path, bucket, routes, plain, {"BRIDGE_MQ_BINDING": "ibmmq"}, f"secretsmanager:{secret}"
    )

    refused = operator.run("replay", where, "--yes")
    assert (refused.returncode, refused.stdout) == (1, "1 refused\n")
    assert "in: 1 letter to mq:SMALL" in refused.stderr
    assert "refused: queue SMALL on QM1" in refused.stderr
    assert "2030" in refused.stderr
    shown = operator.run("show", where)
    assert "to mq:SMALL: queue SMALL on QM1" in shown.stdout

    operator.environment["BRIDGE_MQ_BINDING"] = "pymqi"
    sent = operator.run("replay", "--reason", "MQRC_MSG_TOO_BIG", "--to", "other", "--yes")
    assert (sent.returncode, sent.stdout) == (0, "1 sent\n"), sent.stderr
    [arrived] = plain.browse(IN)
    assert arrived.data.endswith(text.encode())
    assert b"<colour>blue</colour>" in arrived.data
    assert CANARY not in refused.stderr + sent.stderr + shown.stdout


def test_a_letter_whose_payload_was_missing_goes_back_to_its_queue_and_arrives(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, tmp_path: Path
) -> None:
    bucket, payloads, queue = aws.make_bucket(), aws.make_bucket(), aws.make_queue()
    routes = [{"name": "in", "from": {"sqs": queue, "wait": 0}, "to": {"mq": IN}}]
    bridge = start_bridge(plain, *routes, dead_letters=bucket, offload={"bucket": payloads})
    pointer = json.dumps(
        [
            "software.amazon.payloadoffloading.PayloadS3Pointer",
            {"s3BucketName": payloads, "s3Key": "the-key"},
        ]
    )
    aws.sqs.send_message(
        QueueUrl=queue,
        MessageBody=pointer,
        MessageAttributes={
            "ExtendedPayloadSize": {"DataType": "Number", "StringValue": "11"},
            "logo": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
        },
    )
    bridge.wait_for("message_set_aside")
    aws.s3.put_object(Bucket=payloads, Key="the-key", Body=b"the payload")
    operator = Operator(tmp_path, bucket, routes, plain)

    elsewhere = operator.run("replay", "--all", "--to", "in", "--yes")
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "1 without a destination\n")
    assert "can go back there only: leave --to out" in elsewhere.stderr
    back = operator.run("replay", "--all", "--yes")
    assert (back.returncode, back.stdout) == (0, "1 sent\n"), back.stderr
    eventually(lambda: plain.depth(IN) == 1, what="the payload on MQ")
    [arrived] = plain.browse(IN)
    assert arrived.data.endswith(b"the payload")
    assert b"<logo dt='bin.hex'>00FF</logo>" in arrived.data


@pytest.mark.parametrize("binding", ["pymqi", "ibmmq"])
def test_with_a_ledger_even_the_one_in_hand_is_put_once_beside_the_running_bridge(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    tmp_path: Path,
    binding: str,
) -> None:
    queue_manager = start_queue_manager(queues=(QueueDefinition(IN), QueueDefinition(LEDGER)))
    bucket, queue = aws.make_bucket(), aws.make_queue()
    routes = [{"name": "in", "from": {"sqs": queue, "wait": 0}, "to": {"mq": IN, "ledger": LEDGER}}]
    send(aws, queue, "through the bridge")
    start_bridge(queue_manager, *routes, dead_letters=bucket, binding=binding)
    eventually(lambda: queue_manager.depth(IN) == 1, what="the bridge has the ledger open")
    set_aside(bucket, "in", [message(1)])
    operator = Operator(tmp_path, bucket, routes, queue_manager, {"BRIDGE_MQ_BINDING": binding})

    fault_proxy.drop("PutObject", after=False, times=3, where="/replayed-")
    unmarked = operator.run("replay", "--all", "--yes")
    assert unmarked.returncode == 1
    assert "it has arrived, but could not be marked as replayed" in unmarked.stderr
    again = operator.run("replay", "--all", "--yes", "--patience", "0")
    assert (again.returncode, again.stdout) == (0, "1 sent\n"), again.stderr
    assert '"already_put"' in again.stderr
    assert queue_manager.depth(IN) == 2


def test_to_a_fifo_queue_the_one_in_hand_arrives_once(
    aws: Aws, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    bucket, queue = aws.make_bucket(), aws.make_fifo_queue()
    set_aside(bucket, "out", [message(1)])
    operator = Operator(
        tmp_path, bucket, [{"name": "out", "from": {"mq": OUT}, "to": {"sqs": aws.queue_arn(queue)}}]
    )
    fault_proxy.drop("PutObject", after=False, times=3, where="/replayed-")
    assert operator.run("replay", "--all", "--yes").returncode == 1
    assert operator.run("replay", "--all", "--yes", "--patience", "0").returncode == 0
    assert [each["Body"] for each in read(aws, queue, 1)] == ["body 1"]


def test_damaged_letters_and_those_of_routes_that_are_gone_are_named_and_the_others_sent(
    aws: Aws, tmp_path: Path
) -> None:
    bucket, (topic, queue) = aws.make_bucket(), aws.make_topic()
    damaged, *_ = set_aside(bucket, "out", [message(1), message(2)])
    set_aside(bucket, "gone", [message(3), message(4)])
    aws.s3.put_object(Bucket=bucket, Key=f"{damaged}/body", Body=b"body x")
    operator = Operator(tmp_path, bucket, [{"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}])
    ran = operator.run("replay", "--all", "--yes", "--rate", "50")
    assert (ran.returncode, ran.stdout) == (1, "1 sent, 1 damaged, 2 without a destination\n")
    assert f"{damaged}: damaged: the body is not the one that was set aside" in ran.stderr
    assert "2 letters without a destination: route gone is not in the configuration" in ran.stderr
    assert [each["Body"] for each in read(aws, queue, 1)] == ["body 2"]
    assert len(letters(aws, bucket)) == 4
