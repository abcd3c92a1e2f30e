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
    assert max(waits) == 5.0
    assert waits == sorted(waits)


def test_a_long_outage_is_asked_after_a_hundredth_of_its_length_and_every_half_minute_at_least() -> None:
    made = Circuit(
        "orders", clock=itertools.chain([0.0], itertools.count(600, 600)).__next__, jitter=lambda: 1.0
    )
    waits = [made.failed("away", delivering=True) for _ in range(20)]
    assert waits[4:6] == [8.0, 16.0], "not a hundredth of 2400 and 3000 yet"
    assert waits[10:] == [30.0] * 10


def test_whoever_was_kept_waiting_for_an_answer_has_waited_already() -> None:
    made = circuit()
    waits = [made.failed("silent", delivering=True, took=3.0) for _ in range(12)]
    assert waits == [0.5] * 3 + [1.0] + [2.0] * 8


def test_what_a_person_has_to_mend_in_the_middle_of_an_outage_starts_with_a_short_wait_again() -> None:
    made = circuit()
    for _ in range(20):
        made.failed("no connection", delivering=True)
    assert made.failed("not authorised", delivering=True, slowly=True) == 5.0
    assert made.failed("no connection", delivering=True) == 0.5


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
    assert [(each["event"], each.get("reason")) for each in logs] == [
        ("route_waiting", "away"),
        ("route_waiting", "away"),
        ("route_waiting", "away for another reason"),
        ("route_going_on", None),
    ]


def test_two_reasons_in_turn_are_said_once_a_minute_each() -> None:
    made = circuit(step=1.0)
    with capture_logs() as logs:
        for number in range(600):
            made.failed(f"host {number % 2} refused", delivering=True)
    assert len(logs) == 2 * 10


def test_a_reason_that_is_another_each_time_is_said_three_times_a_minute() -> None:
    made = circuit(step=1.0)
    with capture_logs() as logs:
        for number in range(600):
            made.failed(f"request {number:x} failed", delivering=True)
    assert len(logs) == 3 * 10


def test_a_circuit_that_opens_and_closes_all_the_time_is_said_three_times_a_minute() -> None:
    made = circuit(step=1.0)
    with capture_logs() as logs:
        for _ in range(300):  # each failure and each recovery takes a second of the clock
            made.failed("throttled", delivering=True)
            made.succeeded()
    events = [each["event"] for each in logs]
    assert events[:2] == ["route_waiting", "route_going_on"]
    assert events.count("route_waiting") == events.count("route_going_on")
    assert events.count("route_waiting") <= 3 * 10


def test_what_could_not_be_said_when_it_opened_is_said_when_its_minute_is_over() -> None:
    made = circuit(step=1.0)
    with capture_logs() as logs:
        for _ in range(3):
            made.failed("throttled", delivering=True)
            made.succeeded()
        for _ in range(60):
            made.failed("throttled", delivering=True)
    assert [each["event"] for each in logs].count("route_waiting") == 4
    assert logs[-1]["event"] == "route_waiting"


def test_setting_aside_is_a_state_of_its_own_that_a_delivery_ends() -> None:
    made = circuit()
    with capture_logs() as logs:
        made.set_aside("throttled")
        assert (made.closed, made.waiting, made.probing, made.reason) == (False, False, True, "throttled")
        made.failed("bucket away", delivering=True)
        assert made.waiting
        made.set_aside("throttled")
        made.idle()
        assert (made.closed, made.waiting) == (False, False)
        made.succeeded()
    assert made.closed
    assert [each["event"] for each in logs] == ["route_setting_aside", "route_waiting", "route_going_on"]
