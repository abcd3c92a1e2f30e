"""What several processes say together, as whoever watches the bridge gets it."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from prometheus_client.core import GaugeMetricFamily, Metric
from structlog.testing import capture_logs

from bridge import processes
from bridge.metrics import OF_SEVERAL
from bridge.process_report import Report, SeveralProcesses, absent, past
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import QUEUE
from tests.bridge.test_metrics_document import measured
from tests.bridge.test_supervisor import configured
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import eventually


def route(state: str = "running", **more: Any) -> dict[str, Any]:
    """As a process tells of one."""
    told = {
        "name": "out",
        "source": "mq:OUT",
        "destination": "sns:topic",
        "ready": state == "running",
        "state": state,
        "reason": "",
        "seconds_since_delivery": None,
        "delivered": 1,
        "dead_letters": 0,
        "backlog": None,
        "oldest_seconds": None,
        "errors": [],
    }
    assert not more.keys() - told.keys()
    return told | more


def together(*routes: dict[str, Any]) -> dict[str, Any]:
    """What processes that tell this of a route say of it together."""
    reports = [Report(number, routes=[each]) for number, each in enumerate(routes, 1)]
    (found,) = SeveralProcesses(lambda: reports).details()["routes"]
    return dict(found)


def test_a_route_is_as_ready_as_the_least_ready_of_its_processes_and_the_reason_names_who_says_it() -> None:
    assert together(route(), route()) == route(delivered=2)
    found = together(route(), route("waiting", reason="throttled"), route("setting_aside", reason="denied"))
    assert (found["ready"], found["state"]) == (False, "waiting")
    assert found["reason"] == "process 2: throttled; process 3: denied"
    assert together(*[route("waiting", reason="throttled")] * 2)["reason"] == "throttled"
    some = together(route("waiting", reason="away"), route(), route("waiting", reason="away"))
    assert some["reason"] == "processes 1, 3: away"


def test_figures_are_summed_ages_the_greatest_and_errors_the_newest_five() -> None:
    errors = [{"at": f"2026-11-27T00:00:0{n}+00:00", "reason": str(n)} for n in range(8)]
    found = together(
        route(delivered=2, dead_letters=1, backlog=7, oldest_seconds=3.0, errors=errors[4::-1]),
        route(delivered=3, dead_letters=1, seconds_since_delivery=9.0, errors=errors[:4:-1]),
        route(delivered=0, seconds_since_delivery=4.0),
    )
    assert (found["delivered"], found["dead_letters"], found["backlog"]) == (5, 2, 7)
    assert (found["oldest_seconds"], found["seconds_since_delivery"]) == (3.0, 4.0)
    assert [each["reason"] for each in found["errors"]] == ["7", "6", "5", "4", "3"]


def test_a_process_that_is_gone_leaves_what_it_has_counted_and_its_place_is_unready() -> None:
    gone = past(Report(2, routes=[route(delivered=5)], metrics=gauges(bridge_in_flight=9)))
    reports = [Report(1, routes=[route()]), absent(2, ["out"], "the process was killed"), gone]
    view = SeveralProcesses(lambda: reports)
    (found,) = view.details()["routes"]
    assert (found["delivered"], found["state"], found["reason"]) == (
        6,
        "starting",
        "process 2: the process was killed",
    )
    assert not view.report()["ready"]
    samples = {sample.name: sample.value for family in view.collect() for sample in family.samples}
    assert samples == {"bridge_route_ready": 0.0}


def gauges(**values: float) -> list[Metric]:
    return [GaugeMetricFamily(name, "", value=value) for name, value in values.items()]


def test_counters_and_histograms_are_summed_and_gauges_each_as_it_is_meant() -> None:
    one = list(measured().collect())
    view = SeveralProcesses(lambda: [Report(1, metrics=one), Report(2, metrics=one)])
    before = {(each.name, *each.labels.values()): each.value for family in one for each in family.samples}
    after = {(s.name, *s.labels.values()): s.value for family in view.collect() for s in family.samples}
    grow = {family.name for family in one if family.type in {"counter", "histogram"}}
    assert after.keys() == before.keys()
    for key, value in after.items():
        grows = any(key[0].startswith(name) for name in grow)
        assert value == (2 if grows or OF_SEVERAL[key[0]] is sum else 1) * before[key], key
    # Each gauge that there is has its rule, and each rule its gauge.
    assert {family.name for family in one if family.type == "gauge"} == set(OF_SEVERAL)


def ask(port: int, path: str) -> tuple[int, Any]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as e:
        return e.code, json.load(e)


def started_here() -> list[int]:
    """The processes of a bridge that runs in this one."""
    found = [
        int(each)
        for task in Path("/proc/self/task").iterdir()
        for each in (task / "children").read_text().split()
    ]
    return [each for each in found if b"bridge.process" in Path(f"/proc/{each}/cmdline").read_bytes()]


def test_a_process_that_hangs_is_stuck_until_it_goes_on(aws: Aws, queue_manager: RunningQueueManager) -> None:
    settings = configured(
        queue_manager,
        aws.make_bucket(),
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": aws.make_topic()[0]}},
    ).model_copy(update={"processes": 2})
    stop = threading.Event()
    with capture_logs() as events, ThreadPoolExecutor() as pool:
        running = pool.submit(processes.run, settings, stop, silent_after=3.0)
        try:
            eventually(lambda: any(each["event"] == "http_listening" for each in list(events)))
            (port,) = [each["port"] for each in events if each["event"] == "http_listening"]
            eventually(lambda: ask(port, "/readyz")[0] == 200)
            assert ask(port, "/healthz") == (200, {"alive": True, "stuck": []})
            hangs, _ = started_here()
            os.kill(hangs, signal.SIGSTOP)
            eventually(lambda: ask(port, "/healthz")[0] == 503)
            (stuck,) = ask(port, "/healthz")[1]["stuck"]
            assert re.match(r"process [12]: the process has told nothing for \d+ s", stuck)
            assert ask(port, "/readyz")[0] == 503
            os.kill(hangs, signal.SIGCONT)
            eventually(lambda: ask(port, "/readyz")[0] == 200)
        finally:
            stop.set()
        assert running.result(30) == 0
