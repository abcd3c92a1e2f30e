"""A destination away for ten minutes of a simulated clock: real ends, the real pump, circuit and retries."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import pytest
from structlog.testing import capture_logs

from bridge.aws.session import Clients, TimeOuts
from bridge.aws.sns import SnsTopic
from bridge.binding import Binding, load_binding
from bridge.circuit import Circuit
from bridge.message import Fault, Message, Rejection
from bridge.ports import Sink, Source
from bridge.pump import Pump
from bridge.retry import Retry
from bridge.route import run
from mock_mq.running import RunningQueueManager
from tests.bridge.ends import MemoryDeadLetters, MemorySink, MemorySource, Outcome, message
from tests.bridge.mq_ends import QUEUE, connections_to, sink, source
from tests.fixtures.aws import Aws
from tests.fixtures.fault_proxy import FaultProxy, Request

OUTAGE = 600.0
"""Seconds."""
WITHIN = 10.0
"""Seconds in which a route goes on once its destination is back."""
MESSAGES = 1000


class Time(threading.Event):
    """A clock, and the event that waits by it: whoever waits moves it on, past what is due meanwhile."""

    def __init__(self, *due: tuple[float, Callable[[], object]]) -> None:
        super().__init__()
        self.now = 0.0
        self.meanwhile: Callable[[], object] = lambda: None
        """What to do whenever somebody waits."""
        self._due = deque(sorted(due, key=lambda each: each[0]))

    def __call__(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.meanwhile()
        self.pass_by(timeout or 0.0)
        return self.is_set()

    def pass_by(self, seconds: float) -> None:
        until = self.now + seconds
        while self._due and self._due[0][0] <= until:
            self.now, happens = self._due.popleft()
            happens()
        self.now = until


@dataclass
class Route:
    """A route by that clock. It ends when `done` says so, and after a day at the latest."""

    time: Time
    source: Source
    sink: Sink
    done: Callable[[], bool]
    letters: MemoryDeadLetters = field(default_factory=MemoryDeadLetters)
    logs: list[Any] = field(default_factory=list)

    def run(self, **settings: Any) -> Pump:
        retry, circuit = Retry(2, self.time), Circuit("route", clock=self.time)
        pump = Pump("route", _Ending(self), self.sink, self.letters, retry, circuit, 5, **settings)
        with capture_logs() as logs:
            run(pump, self.time)
        self.logs = list(logs)
        return pump

    def said(self, event: str) -> list[Any]:
        return [each for each in self.logs if each["event"] == event]


class _Ending:
    """The route's source, which tells it to stop once all is done."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def __getattr__(self, name: str) -> Any:
        return getattr(self._route.source, name)

    def take(self, limit: int) -> Any:
        assert self._route.time.now < 86_400, "it does not get on"
        if self._route.done():
            self._route.time.set()
            return []
        return self._route.source.take(limit)


def refuse_connections(proxy: FaultProxy) -> None:
    proxy.stop()


def answer_503(proxy: FaultProxy) -> None:
    proxy.answer("PublishBatch", status=503, code="ServiceUnavailable", times=MESSAGES)


def throttle(proxy: FaultProxy) -> None:
    proxy.answer("PublishBatch", status=429, code="Throttled", times=MESSAGES)


def break_off(proxy: FaultProxy) -> None:
    proxy.drop("PublishBatch", after=False, times=MESSAGES)


def all_gone(waiting: MemorySource) -> bool:
    return not waiting.waiting


def published(requests: list[Request]) -> Counter[str]:
    """The bodies in these requests."""
    forms = [parse_qsl(each.body.decode()) for each in requests if each.action == "PublishBatch"]
    return Counter(value for form in forms for name, value in form if name.endswith(".Message"))


@pytest.mark.parametrize("away", [refuse_connections, answer_503, throttle])
def test_ten_minutes_without_sns_cost_no_message_its_place_and_it_goes_on_within_seconds(
    aws: Aws, fault_proxy: FaultProxy, queue_manager: RunningQueueManager, away: Callable[[FaultProxy], None]
) -> None:
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    count = MESSAGES if away is refuse_connections else 100
    for number in range(count):
        queue_manager.put(QUEUE, f"{number}")
    tried = 0

    def come_back() -> None:
        nonlocal tried
        tried = len(fault_proxy.requests)
        fault_proxy.mend()
        if away is refuse_connections:
            fault_proxy.start()

    away(fault_proxy)
    route = Route(
        Time((OUTAGE, come_back)),
        source(load_binding(), queue_manager),
        SnsTopic(Clients(), topic),
        done=lambda: queue_manager.depth(QUEUE) == 0,
    )
    pump = route.run()
    assert 0 <= pump.delivered_at - OUTAGE < WITHIN
    assert route.letters.letters == []
    assert published(fault_proxy.requests[tried:]) == Counter(map(str, range(count)))
    # Said when it opened and once a minute, however often it was tried.
    assert 10 <= len(route.said("route_waiting")) <= 11
    assert len(route.said("route_going_on")) == 1
    assert pump.tally.back_outs > 100


def test_ten_minutes_without_the_queue_manager_cost_no_message_its_place_either(
    queue_manager: RunningQueueManager, binding: Binding
) -> None:
    waiting = MemorySource.of(*(message(number) for number in range(MESSAGES)))
    queue_manager.stop()
    route = Route(
        Time((OUTAGE, queue_manager.start)),
        waiting,
        sink(binding, queue_manager),
        done=lambda: len(waiting.gone) == MESSAGES,
    )
    pump = route.run()
    assert 0 <= pump.delivered_at - OUTAGE < WITHIN
    assert route.letters.letters == []
    assert [each.data for each in queue_manager.browse(QUEUE)] == [each.message.body for each in waiting.gone]
    # Nothing was taken meanwhile: each receive would bring a message of SQS's nearer to a redrive.
    assert waiting.units[0] == 1
    assert len(waiting.units) == MESSAGES // 10 + 1
    assert 10 <= len(route.said("route_waiting")) <= 11


@pytest.mark.parametrize(
    "costs", [0.0, TimeOuts().connect, TimeOuts().read], ids=["refused", "no way", "silent"]
)
@pytest.mark.parametrize("outage", [1.0, 20.0, OUTAGE])
def test_whenever_a_destination_comes_back_its_route_goes_on_within_seconds(
    costs: float, outage: float
) -> None:
    # A hundred moments of its return, so that some fall right after a probe was sent that nobody answers.
    for moment in range(100):
        back_at = outage + moment / 10
        time = Time()

        def verdict(_message: Message, _attempt: int, time: Time = time, back_at: float = back_at) -> Outcome:
            if time.now >= back_at:
                return None
            time.pass_by(costs)
            return Rejection("away", Fault.DESTINATION)

        waiting = MemorySource.of(message(1))
        pump = Route(time, waiting, MemorySink(verdict), partial(all_gone, waiting)).run()
        assert 0 <= pump.delivered_at - back_at < WITHIN


def test_ten_minutes_of_answers_that_nobody_knows_cost_a_few_messages_their_place_and_no_more() -> None:
    time = Time()
    waiting = MemorySource.of(*(message(number) for number in range(MESSAGES)))
    unclear = MemorySink(
        lambda _m, _n: None if time.now >= OUTAGE else Rejection("SomethingNew", Fault.UNCLEAR)
    )
    route = Route(time, waiting, unclear, partial(all_gone, waiting))
    pump = route.run()
    assert len(route.letters.letters) <= 5
    assert len(unclear.arrived) + len(route.letters.letters) == MESSAGES
    assert 0 <= pump.delivered_at - OUTAGE < 60


def test_after_hours_it_goes_on_within_half_a_minute_and_no_message_was_received_too_often() -> None:
    hours = 4 * 3600.0
    time = Time()
    waiting = MemorySource.of(message(1))
    full = MemorySink(lambda _m, _n: None if time.now >= hours else Rejection("full", Fault.DESTINATION))
    pump = Route(time, waiting, full, lambda: bool(waiting.gone)).run()
    assert 0 <= pump.delivered_at - hours < 30
    # SQS moves a message to its redrive queue after a thousand receives at the most.
    assert waiting.gone[0].deliveries < 1000


def test_a_message_that_mq_refuses_without_a_known_reason_is_put_three_times_and_set_aside(
    queue_manager: RunningQueueManager, binding: Binding
) -> None:
    queue_manager.fault("fail", call="MQPUT", queue=QUEUE, reason=2046, times=3)  # MQRC_OPTIONS_ERROR
    waiting = MemorySource.of(message(1))
    route = Route(Time(), waiting, sink(binding, queue_manager), partial(all_gone, waiting))
    route.run()
    assert len(queue_manager.calls("MQPUT", QUEUE)) == 3
    (letter,) = route.letters.letters
    assert (letter.message.body, letter.attempts) == (message(1).body, 3)
    assert "2046" in letter.reason
    assert route.said("route_waiting") == []


DROP = {"do": "drop", "call": "MQCONN"}
REFUSE = {"do": "fail", "call": "MQOPEN", "reason": 2195}


@pytest.mark.parametrize("fault", [DROP, REFUSE], ids=["it breaks", "the queue can't be opened"])
def test_however_often_connecting_to_a_queue_manager_fails_connections_do_not_pile_up(
    queue_manager: RunningQueueManager, binding: Binding, fault: dict[str, Any]
) -> None:
    queue_manager.fault(**fault)
    waiting = MemorySource.of(message(1))
    time = Time((OUTAGE / 4, queue_manager.mend))
    opened: list[int] = []
    time.meanwhile = lambda: opened.append(connections_to(queue_manager.port))
    route = Route(time, waiting, sink(binding, queue_manager), partial(all_gone, waiting))
    route.run()
    assert len(opened) > 30
    assert max(opened) <= 1
    assert len(route.said("route_going_on")) == 1


@pytest.mark.parametrize("away", [answer_503, break_off])
def test_however_often_publishing_fails_connections_do_not_pile_up(
    aws: Aws, fault_proxy: FaultProxy, away: Callable[[FaultProxy], None]
) -> None:
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    away(fault_proxy)
    waiting = MemorySource.of(message(1))
    time = Time((OUTAGE / 4, fault_proxy.mend))
    opened: list[int] = []
    time.meanwhile = lambda: opened.append(fault_proxy.connections)
    Route(time, waiting, SnsTopic(Clients(), topic), partial(all_gone, waiting)).run()
    assert len(opened) > 30
    assert max(opened) <= 2
