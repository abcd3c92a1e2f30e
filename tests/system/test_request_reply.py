"""Request and reply across the bridge: programs in AWS ask, one on MQ answers, each gets its own answers."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from bridge.binding import load_binding
from bridge.cli import app
from bridge.message import Message, Property
from bridge.mq_sink import MqSink
from bridge.requesting import Requesting
from mock_mq.core import Channel, QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import Answering, connection
from tests.documents import DOCS, program
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.system.ends import letters, read
from tests.system.operator import Operator
from tests.system.set_up import unsilenced

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["unsilenced"]

QUOTES, REPLIES, ADDRESSES, LEDGER = "QUOTES", "REPLIES", "ADDRESSES", "LEDGER"
APPLICATION = "APPLICATION.SVRCONN"
"""The channel that the program on MQ uses: what goes wrong for the bridge does not for it."""


@pytest.fixture
def queue_manager(start_queue_manager: StartQueueManager) -> RunningQueueManager:
    names = (QUOTES, REPLIES, ADDRESSES, LEDGER)
    return start_queue_manager(
        queues=tuple(QueueDefinition(name) for name in names),
        channels=(Channel("BRIDGE.SVRCONN"), Channel(APPLICATION)),
    )


@contextmanager
def answering(
    queue_manager: RunningQueueManager, binding: str, *, passes_correlation: bool = False
) -> Iterator[list[bytes]]:
    """Requests are answered meanwhile; gives their MsgIds."""
    done, answered = threading.Event(), []

    def work() -> None:
        application = Answering(load_binding(binding), queue_manager, APPLICATION)
        while not done.is_set():
            if request := application.answer(QUOTES, passes_correlation=passes_correlation):
                answered.append(bytes(request.MsgId))

    thread = threading.Thread(target=work)
    thread.start()
    yield answered
    done.set()
    thread.join(30)


def ask(aws: Aws, queue: str, *bodies: str, to: str) -> None:
    """Requests whose correlations are made of their bodies."""
    for start in range(0, len(bodies), 10):
        entries = [
            {
                "Id": str(number),
                "MessageBody": body,
                "MessageAttributes": {
                    "ReplyTo": {"DataType": "String", "StringValue": to},
                    "CorrelationId": {"DataType": "String", "StringValue": f"№ {body.partition(' ')[2]}"},
                },
            }
            for number, body in enumerate(bodies[start : start + 10])
        ]
        answer = aws.sqs.send_message_batch(QueueUrl=queue, Entries=entries)  # type: ignore[arg-type]
        assert not answer.get("Failed")


def told(answers: list[MessageTypeDef]) -> Counter[tuple[str, str, str]]:
    """Body, correlation and address of each."""
    return Counter(
        (
            each["Body"],
            each["MessageAttributes"]["CorrelationId"]["StringValue"],
            each["MessageAttributes"]["ReplyTo"]["StringValue"],
        )
        for each in answers
    )


def routes(name: str, requests: str, replies: str, to: Any, **more: str) -> list[dict[str, Any]]:
    """The route of requests and that of their answers."""
    asking = {"mq": QUOTES, "reply_to_queue": replies, "addresses": ADDRESSES, **more}
    return [
        {"name": name, "from": {"sqs": requests, "wait": 1}, "to": asking},
        {"name": f"{name}-replies", "from": {"mq": replies, "addresses": ADDRESSES}, "to": to},
    ]


@pytest.mark.parametrize(
    ("binding", "passes_correlation"),
    [("pymqi", False), ("ibmmq", True)],
    ids=["copies MsgId", "passes CorrelId"],
)
def test_a_hundred_requests_of_two_requesters_each_get_their_own_answer(
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
    binding: str,
    passes_correlation: bool,
) -> None:
    ours, theirs, replies, bucket = aws.make_queue(), aws.make_queue(), aws.make_queue(), aws.make_bucket()
    topic, subscribed = aws.make_topic()
    arn = aws.queue_arn(replies)
    bridge = start_bridge(
        queue_manager,
        *routes("ours", ours, REPLIES, [{"sqs": replies}, {"sns": topic}]),
        routes("theirs", theirs, REPLIES, {})[0],
        dead_letters=bucket,
        binding=binding,
    )
    with answering(queue_manager, binding, passes_correlation=passes_correlation):
        ask(aws, ours, *(f"ours {number}" for number in range(50)), to=arn)
        ask(aws, theirs, *(f"theirs {number}" for number in range(50)), to=topic)
        back, published = read(aws, replies, 50), read(aws, subscribed, 50)
    assert told(back) == Counter((f"OURS {number}", f"№ {number}", arn) for number in range(50))
    assert told(published) == Counter((f"THEIRS {number}", f"№ {number}", topic) for number in range(50))
    assert {
        json.loads(each["MessageAttributes"]["MQDescriptor"]["StringValue"])["MsgType"] for each in back
    } == {2}
    assert bridge.stop() == 0
    assert letters(aws, bucket) == {}


@pytest.mark.timeout(180)
def test_kills_and_commits_in_doubt_leave_no_request_without_an_answer_and_put_none_twice(
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted, kills = {f"quote {number}" for number in range(60)}, 3
    seed = int(os.environ.get("KILL_SEED", str(random.randrange(2**32))))
    moments = random.Random(seed)
    requests, replies = aws.make_queue(VisibilityTimeout="3"), aws.make_queue()
    bucket = aws.make_bucket()
    both = routes("quotes", requests, REPLIES, {"sqs": replies}, ledger=LEDGER)
    ask(aws, requests, *sorted(wanted), to=replies)
    # The bridge's commits are in doubt: at first what was in hand was backed out, later it took effect.
    before = queue_manager.fault("drop", call="MQCMIT", nth=2, times=kills, channel=queue_manager.channel)
    after = queue_manager.fault("drop-after", call="MQCMIT", every=2, channel=queue_manager.channel)
    with answering(queue_manager, "pymqi") as answered:
        for number in range(kills):
            binding = moments.choice(("pymqi", "ibmmq"))
            started = start_bridge(queue_manager, *both, dead_letters=bucket, binding=binding)
            due = (number + 1) * len(wanted) // (kills + 2)
            eventually(lambda due=due: queue_manager.depth(LEDGER) >= due, what=f"{due} (seed {seed})")  # type: ignore[misc]
            started.kill_after(moments.uniform(0, 0.1))
        last = start_bridge(queue_manager, *both, dead_letters=bucket)
        found: Counter[tuple[str, str, str]] = Counter()

        def all_answered() -> bool:
            found.update(told(aws.read_all(replies)))
            return len(found) >= len(wanted) and aws.counts(requests) == (0, 0)

        eventually(all_answered, within=60, what=f"every answer (seed {seed})")
        eventually(lambda: queue_manager.depth(REPLIES) == 0, what=f"nothing left over (seed {seed})")
    assert last.stop() == 0
    found.update(told(aws.read_all(replies)))
    in_doubt = queue_manager.happened(before) + queue_manager.happened(after)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{kills} kills, {in_doubt} commits in doubt, seed {seed} (KILL_SEED={seed} repeats it): "
            f"{len(wanted)} requests, {len(answered)} put, {len(found)} answered, "
            f"{found.total() - len(found)} answers twice\n"
        )
    expected = {(body.upper(), f"№ {body.partition(' ')[2]}", replies) for body in wanted}
    assert set(found) == expected, f"seed {seed}"
    assert len(answered) == len(set(answered)) == len(wanted), f"seed {seed}"
    assert letters(aws, bucket) == {}, f"seed {seed}"
    assert queue_manager.happened(before) == kills
    assert queue_manager.happened(after) > 0


def test_what_nobody_asked_for_or_may_not_have_is_set_aside_and_replayed_once_that_is_mended(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, tmp_path: Path
) -> None:
    requests, replies, others, bucket = (
        aws.make_queue(),
        aws.make_queue(),
        aws.make_queue(),
        aws.make_bucket(),
    )
    arn = aws.queue_arn(others)
    both = routes("quotes", requests, REPLIES, {"sqs": replies})
    bridge = start_bridge(queue_manager, *both, dead_letters=bucket)
    with answering(queue_manager, "pymqi"):
        queue_manager.put(REPLIES, "unasked", correlation_id=b"x" * 24)
        ask(aws, requests, "quote 1", to=replies)
        ask(aws, requests, "quote 2", to=arn)
        ask(aws, requests, "quote 3", to="not an address")
        bridge.wait_for("message_set_aside", count=3)
        assert told(read(aws, replies, 1)) == Counter({("QUOTE 1", "№ 1", replies): 1})
    assert bridge.stop() == 0
    set_aside = letters(aws, bucket)
    assert set_aside.keys() == {"unasked", "QUOTE 2", "quote 3"}
    assert set_aside["unasked"].startswith(
        "no request is known that it answers: it came more than a day after"
    )
    assert set_aside["QUOTE 2"] == (
        f"reply address {arn} is none of route quotes-replies's destinations: add it to `to`"
    )
    assert set_aside["quote 3"].startswith("attribute ReplyTo: neither an SQS queue's name, URL or ARN nor")

    operator = Operator(tmp_path, bucket, routes("quotes", requests, REPLIES, {"sqs": others}), queue_manager)
    sent = operator.run("replay", "--route", "quotes-replies", "--yes")
    assert (sent.returncode, sent.stdout) == (1, "1 sent, 1 refused\n"), sent.stderr
    assert "it has no reply address: no request is known that it answers" in sent.stderr
    assert told(aws.read_all(others)) == Counter({("QUOTE 2", "№ 2", arn): 1})


def test_a_dry_run_finds_the_requesters_of_answers_that_wait(
    aws: Aws, queue_manager: RunningQueueManager, tmp_path: Path, unsilenced: None
) -> None:
    binding = load_binding("pymqi")
    both = routes("quotes", aws.make_queue(), REPLIES, {"sqs": "replies"})
    asking = MqSink(
        connection(binding, queue_manager), QUOTES, None, Requesting("quotes", REPLIES, ADDRESSES)
    )
    application = Answering(binding, queue_manager)
    for number, address in enumerate(("replies", "elsewhere")):
        told = {"ReplyTo": Property(address), "CorrelationId": Property("1234")}
        assert asking.deliver([Message(b"quote", properties=told, source_id=str(number))]) == [None]
        application.answer(QUOTES)
    queue_manager.put(REPLIES, "unasked")
    Operator(tmp_path, aws.make_bucket(), both, queue_manager).command()  # writes the configuration
    ran = CliRunner().invoke(app, ["run", "--dry-run", "--config", str(tmp_path / "operator.yaml")])
    assert ran.exit_code == 0, ran.output
    first, second, third = ran.stdout.partition("quotes-replies: ")[2].split(" bytes, MQSTR, ")[1:]
    assert "ReplyTo (7), CorrelationId (4)" in first
    assert "set aside: reply address elsewhere is none of route quotes-replies's destinations" in second
    assert "set aside: no request is known that it answers" in third
    assert queue_manager.depth(REPLIES) == 3


def test_the_documented_requester_gets_its_answer(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, tmp_path: Path
) -> None:
    requests, replies = aws.make_queue(), aws.make_queue()
    both = routes("quotes", requests, REPLIES, {"sqs": replies})
    start_bridge(queue_manager, *both, dead_letters=aws.make_bucket())
    file = tmp_path / "requester.py"
    file.write_text(program(DOCS / "messages.md", "requester.py"), encoding="utf-8")
    with answering(queue_manager, "pymqi"):
        ran = subprocess.run(
            [sys.executable, str(file), requests, replies, "eur/usd 1,000,000"],
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
    assert (ran.returncode, ran.stdout) == (0, "EUR/USD 1,000,000\n"), ran.stderr
    assert aws.counts(replies) == (0, 0)
