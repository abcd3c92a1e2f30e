"""When a route goes on, and how long it waits."""

from __future__ import annotations

import itertools

from structlog.testing import capture_logs

from bridge.circuit import Circuit


def circuit(start: float = 0.0, step: float = 0.0) -> Circuit:
    times = itertools.count(start, step)
    return Circuit("orders", clock=lambda: next(times), jitter=lambda: 1.0)


def test_waits_grow_and_are_capped() -> None:
    made = circuit()
    waits = [made.failed("away", delivering=True) for _ in range(12)]
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(waits) == 30.0
    assert waits == sorted(waits)


def test_what_a_person_has_to_mend_is_tried_slowly() -> None:
    made = circuit()
    waits = [made.failed("not authorised", delivering=False, slowly=True) for _ in range(12)]
    assert waits[0] == 5.0
    assert max(waits) == 60.0


def test_waits_are_spread_at_random() -> None:
    least, most = circuit(), circuit()
    least.jitter = lambda: 0.0
    assert least.failed("away", delivering=True) * 2 == most.failed("away", delivering=True)


def test_a_delivery_closes_it_and_an_empty_source_does_not_when_the_destination_was_away() -> None:
    made = circuit()
    made.failed("throttled", delivering=True)
    made.idle()
    assert not made.closed
    assert made.reason == "throttled"
    made.succeeded()
    assert made.closed
    assert made.reason == ""


def test_reaching_both_sides_closes_it_when_only_a_connection_had_failed() -> None:
    made = circuit()
    made.failed("no queue manager", delivering=False)
    made.idle()
    assert made.closed


def test_a_source_that_is_away_meanwhile_proves_nothing_about_the_destination() -> None:
    made = circuit()
    made.failed("throttled", delivering=True)
    made.failed("no queue manager", delivering=False)
    made.idle()
    assert not made.closed


def test_it_says_how_long_it_has_lasted() -> None:
    made = circuit(step=70.0)
    with capture_logs() as logs:
        for _ in range(3):
            made.failed("away", delivering=True)
        made.succeeded()
    assert [each["since_seconds"] for each in logs[:3]] == [0.0, 70.0, 140.0]
    assert logs[3]["after_seconds"] == 210.0


def test_it_is_said_once_a_state_and_once_a_minute() -> None:
    made = circuit(step=1.0)
    with capture_logs() as logs:
        for _ in range(100):
            made.failed("away", delivering=True)
        made.failed("away for another reason", delivering=True)
        made.succeeded()
        made.succeeded()
    events = [each["event"] for each in logs]
    assert events.count("route_going_on") == 1
    assert 2 <= events.count("route_waiting") <= 4
    assert {each["reason"] for each in logs if "reason" in each} == {"away", "away for another reason"}
