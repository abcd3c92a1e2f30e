"""Blow after blow at random points, both ways at once: `make test` a slice, `make torture` the whole."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from mock_mq.pytest_plugin import StartQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge
from tests.fixtures.fault_proxy import FaultProxy
from tests.torture.plan import plan
from tests.torture.progress import shown
from tests.torture.report import Report
from tests.torture.routes import QUEUES, ROUTES
from tests.torture.run import Run

WHOLE = os.environ.get("TORTURE") == "whole"
MESSAGES = int(os.environ.get("TORTURE_MESSAGES", "10000" if WHOLE else "600"))
FAULTS = 270 if WHOLE else 24
"""Each way."""


@pytest.mark.timeout(3600 if WHOLE else 240)
def test_blow_after_blow_loses_nothing_and_into_mq_doubles_nothing(
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    report: Report,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = int(os.environ.get("TORTURE_SEED", str(random.randrange(2**32))))
    with ExitStack() as stack, ThreadPoolExecutor(len(ROUTES)) as pool:
        runs = []
        for name, make in ROUTES.items():
            route = make(aws, start_queue_manager(queues=QUEUES, heartbeat=1))
            proxy = stack.enter_context(FaultProxy(aws.url))
            blows = plan(name, seed=seed, messages=MESSAGES, faults=FAULTS, thorough=WHOLE)
            runs.append(Run(route, proxy, start_bridge, blows, messages=MESSAGES, seed=seed))
        with capsys.disabled():
            performed = [pool.submit(run.perform) for run in runs]
            shown(runs, performed, seed=seed)
        accounts = [each.result() for each in performed]
    for account in accounts:
        report.add(account)
    for account in accounts:
        verdict = account.verdict
        assert (verdict.lost, verdict.unexpected, verdict.still_there) == (set(), set(), 0), f"seed {seed}"
        assert account.early == [], f"seed {seed}"
        assert len(account.struck) == FAULTS
    out, into = accounts
    assert into.verdict.duplicates == 0, f"seed {seed}"
    assert out.verdict.duplicates <= out.may_double, f"seed {seed}"


def test_the_same_seed_gives_the_same_faults() -> None:
    for route in ROUTES:
        first, second, other = (
            plan(route, seed=seed, messages=1_000, faults=200, thorough=True) for seed in (1, 1, 2)
        )
        assert first == second != other
