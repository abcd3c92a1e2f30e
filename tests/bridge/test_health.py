"""Alive, ready, stuck: three questions, answered from what the pumps say of themselves."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from bridge.circuit import Circuit
from bridge.errors import Away
from bridge.health import STUCK_AFTER, Health
from bridge.pump import Pump
from bridge.retry import Retry
from bridge.route import run
from tests.bridge.ends import MemoryDeadLetters, MemorySink, MemorySource, message
from tests.fixtures.bridge import eventually


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Rig:
    """A route by hand: `health` knows it, `stop` ends its loop after a unit of work."""

    source: MemorySource = field(default_factory=MemorySource)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        circuit = Circuit("out", clock=self.clock)
        retry = Retry(0, self.stop)
        self.pump = Pump("out", self.source, MemorySink(), MemoryDeadLetters(), retry, circuit, 5)
        self.health = Health(["out"], Circuit("credentials"), clock=self.clock, pumps=[self.pump])

    def once_around(self) -> None:
        self.source.after_take = self.stop.set
        run(self.pump, self.stop)
        self.stop.clear()
        self.source.after_take = lambda: None

    @property
    def state(self) -> tuple[str, bool]:
        (route,) = self.health.report()["routes"]
        return route["state"], route["ready"]


def test_a_route_is_ready_once_both_sides_are_connected_and_no_sooner() -> None:
    rig = Rig()
    assert (rig.state, rig.health.ready) == (("starting", False), False)
    rig.once_around()
    assert (rig.state, rig.health.ready) == (("running", True), True)


def test_a_route_that_waits_is_not_ready_though_it_was_connected() -> None:
    rig = Rig(MemorySource.of(message(1)))
    rig.once_around()
    rig.pump.circuit.failed("throttled", delivering=True)
    assert (rig.state, rig.health.ready) == (("waiting", False), False)
    rig.pump.circuit.succeeded()
    assert rig.state == ("running", True)


def test_a_route_whose_messages_are_set_aside_for_a_destination_that_is_away_is_not_ready_and_says_so() -> (
    None
):
    rig = Rig()
    rig.once_around()
    rig.pump.circuit.set_aside("throttled")
    assert (rig.state, rig.health.ready) == (("setting_aside", False), False)
    (route,) = rig.health.report()["routes"]
    assert route["reason"] == "throttled"
    rig.pump.circuit.succeeded()
    assert rig.state == ("running", True)


def test_a_route_whose_source_goes_away_is_not_ready_until_it_is_connected_again() -> None:
    rig = Rig()
    rig.once_around()
    rig.source.connect_errors.append(Away("2009"))
    thread = threading.Thread(target=run, args=(rig.pump, rig.stop))
    thread.start()
    eventually(lambda: rig.state == ("waiting", False))
    assert not rig.pump.connected
    rig.source.after_take = rig.stop.set
    eventually(lambda: rig.state == ("running", True))
    thread.join(30)


def test_a_route_that_has_stopped_says_why_and_is_never_ready() -> None:
    rig = Rig()
    rig.once_around()
    rig.health.ended["out"] = "no region"
    (route,) = rig.health.report()["routes"]
    assert (route["state"], route["ready"], route["reason"]) == ("stopped", False, "no region")
    assert not rig.health.ready


def test_a_loop_that_does_not_come_round_is_stuck_one_that_has_ended_or_not_begun_is_not() -> None:
    rig = Rig()
    rig.clock.now += 10 * STUCK_AFTER
    assert rig.health.stuck() == []
    rig.once_around()
    rig.clock.now += STUCK_AFTER
    assert rig.health.stuck() == []
    rig.clock.now += 1
    assert rig.health.stuck() == ["out"]
    rig.health.ended["out"] = "no region"
    assert rig.health.stuck() == []


def test_the_time_since_the_last_delivery_is_told() -> None:
    rig = Rig(MemorySource.of(message(1)))
    (route,) = rig.health.report()["routes"]
    assert route["seconds_since_delivery"] is None
    rig.once_around()
    rig.clock.now += 12.34
    (route,) = rig.health.report()["routes"]
    assert route["seconds_since_delivery"] == 12.3
