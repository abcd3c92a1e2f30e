"""All routes of a configuration in one process: a real queue manager, a real AWS emulator, told to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from bridge import configuration, supervisor
from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import QUEUE, Program
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import eventually
from tests.fixtures.fault_proxy import FaultProxy

Events = list[Any]


def configured(
    queue_manager: RunningQueueManager, bucket: str, *routes: dict[str, Any], **more: Any
) -> configuration.Configuration:
    """A configuration as `bridge run` would read it."""
    content = {
        "queue_manager": {
            "name": queue_manager.name,
            "connections": [queue_manager.connection_name],
            "channel": queue_manager.channel,
            **more,
        },
        "dead_letters": {"bucket": bucket},
        "http": {"port": 0},
        "routes": list(routes),
    }
    return configuration.load(None, {"BRIDGE_CONFIG": yaml.safe_dump(content)})


class Run:
    """`supervisor.run` on a thread of its own."""

    def __init__(self, settings: configuration.Configuration, **options: Any) -> None:
        self.stop = threading.Event()
        self._code: Future[int] = Future()
        self._thread = threading.Thread(target=self._work, args=(settings, options), daemon=True)
        self._thread.start()

    def _work(self, settings: configuration.Configuration, options: dict[str, Any]) -> None:
        try:
            self._code.set_result(supervisor.run(settings, self.stop, **options))
        except BaseException as e:
            self._code.set_exception(e)
            raise

    def code(self, within: float = 30.0) -> int:
        return self._code.result(within)

    def told_to_stop(self) -> int:
        self.stop.set()
        return self.code()


@pytest.fixture
def events() -> Iterator[Events]:
    with capture_logs() as logs:
        yield logs


def said(events: Events, event: str) -> list[Any]:
    return [each for each in list(events) if each["event"] == event]


def test_routes_run_side_by_side_and_end_cleanly_with_their_figures(
    aws: Aws,
    queue_manager: RunningQueueManager,
    binding: Binding,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRIDGE_MQ_BINDING", binding.name)
    topic, subscribed = aws.make_topic()
    incoming = aws.make_queue()
    program = Program(binding, queue_manager)
    for number in range(12):
        program.put(b"%02d" % number, Format=b"MQSTR")
    aws.sqs.send_message(QueueUrl=incoming, MessageBody="hello")
    running = Run(
        configured(
            queue_manager,
            aws.make_bucket(),
            {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": topic}},
            {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": "DEV.QUEUE.2"}},
        )
    )
    eventually(lambda: queue_manager.depth(QUEUE) == 0 and aws.counts(incoming) == (0, 0))
    assert running.told_to_stop() == 0
    assert sorted(each["Body"] for each in aws.read_all(subscribed)) == [f"{n:02}" for n in range(12)]
    assert program.get("DEV.QUEUE.2")[0] == b"hello"
    assert {each["binding"] for each in said(events, "mq_library")} == {binding.name}
    ended = {each["route"]: each for each in said(events, "route_ended")}
    assert (ended["out"]["messages"], ended["out"]["delivered_bytes"], ended["out"]["dead_letters"]) == (
        12,
        24,
        0,
    )
    assert (ended["in"]["messages"], ended["in"]["units"]) == (1, 1)
    assert [each["exit_code"] for each in said(events, "bridge_ended")] == [0]


def test_what_a_route_has_done_is_said_now_and_then_and_not_while_it_does_nothing(
    aws: Aws, queue_manager: RunningQueueManager, binding: Binding, events: Events
) -> None:
    topic, _ = aws.make_topic()
    settings = configured(
        queue_manager, aws.make_bucket(), {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": topic}}
    )
    running = Run(settings, summary_every=0.05)
    Program(binding, queue_manager).put(b"one", Format=b"MQSTR")
    eventually(lambda: bool(said(events, "route_summary")))
    assert running.told_to_stop() == 0
    assert [(each["route"], each["messages"]) for each in said(events, "route_summary")] == [("out", 1)]


def test_a_route_that_can_not_go_on_ends_with_1_and_the_others_go_on_until_then(
    aws: Aws,
    queue_manager: RunningQueueManager,
    binding: Binding,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "no URL at all")
    topic, _ = aws.make_topic()
    running = Run(
        configured(
            queue_manager,
            aws.make_bucket(),
            {"name": "bad", "from": {"mq": "DEV.QUEUE.2"}, "to": {"sqs": "some-queue"}},
            {"name": "good", "from": {"mq": QUEUE}, "to": {"sns": topic}},
        )
    )
    eventually(lambda: bool(said(events, "route_stopped")))
    (stopped,) = said(events, "route_stopped")
    assert stopped["route"] == "bad"
    assert "AWS_ENDPOINT_URL" in stopped["reason"]
    Program(binding, queue_manager).put(b"one", Format=b"MQSTR")
    eventually(lambda: queue_manager.depth(QUEUE) == 0)
    assert running.told_to_stop() == 1


def test_when_no_route_is_left_it_ends_by_itself(
    aws: Aws, queue_manager: RunningQueueManager, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "no URL at all")
    route = {"name": "bad", "from": {"mq": QUEUE}, "to": {"sqs": "some-queue"}}
    assert Run(configured(queue_manager, aws.make_bucket(), route)).code() == 1
    assert len(said(events, "route_stopped")) == 1


def test_a_mistake_in_the_surroundings_is_one_plain_line_and_1(
    aws: Aws, queue_manager: RunningQueueManager, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = {"name": "out", "from": {"mq": QUEUE}, "to": {"sqs": "some-queue"}}
    secret = aws.make_secret("canary, and no JSON")
    assert Run(configured(queue_manager, "bucket", route, credentials=f"secretsmanager:{secret}")).code() == 1
    monkeypatch.setenv("BRIDGE_MQ_BINDING", "cobol")
    assert Run(configured(queue_manager, "bucket", route)).code() == 1
    reasons = [each["reason"] for each in said(events, "bridge_stopped")]
    assert reasons[0].startswith(f"credentials secretsmanager:{secret}: ")
    assert reasons[1:] == ["BRIDGE_MQ_BINDING: 'cobol' is no MQ binding: choose pymqi or ibmmq"]
    assert "canary" not in str(events)
    assert not any("exc_info" in each for each in events)


def test_secrets_manager_away_at_start_is_said_and_waited_for(
    aws: Aws, fault_proxy: FaultProxy, queue_manager: RunningQueueManager, binding: Binding, events: Events
) -> None:
    fault_proxy.drop("GetSecretValue", after=False, times=2)
    secret = aws.make_secret('{"user": "bridge", "password": "canary"}')
    topic, _ = aws.make_topic()
    running = Run(
        configured(
            queue_manager,
            aws.make_bucket(),
            {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": topic}},
            credentials=f"secretsmanager:{secret}",
        )
    )
    Program(binding, queue_manager).put(b"one", Format=b"MQSTR")
    eventually(lambda: queue_manager.depth(QUEUE) == 0)
    assert running.told_to_stop() == 0
    assert [secret in each["reason"] for each in said(events, "route_waiting")] == [True]
    assert "canary" not in str(events)


def test_told_to_stop_while_secrets_manager_is_away_it_ends_at_once(
    aws: Aws, fault_proxy: FaultProxy, queue_manager: RunningQueueManager, events: Events
) -> None:
    fault_proxy.answer("GetSecretValue", status=503, code="ServiceUnavailable", times=50)
    route = {"name": "out", "from": {"mq": QUEUE}, "to": {"sqs": "some-queue"}}
    running = Run(configured(queue_manager, "bucket", route, credentials="secretsmanager:any"))
    eventually(lambda: bool(said(events, "route_waiting")))
    assert running.told_to_stop() == 0


def test_told_to_stop_while_everything_is_away_it_ends_cleanly(
    aws: Aws, queue_manager: RunningQueueManager, events: Events
) -> None:
    queue_manager.stop()
    routes: list[dict[str, Any]] = [
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sqs": "no-such-queue"}},
        {"name": "in", "from": {"sqs": aws.make_queue(), "wait": 20}, "to": {"mq": QUEUE}},
    ]
    running = Run(configured(queue_manager, "no-such-bucket", *routes))
    eventually(lambda: {each["route"] for each in said(events, "route_waiting")} == {"out", "in"})
    assert running.told_to_stop() == 0
    assert said(events, "drain_incomplete") == []
