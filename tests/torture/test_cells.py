"""The matrix. `make test` tries a kill after each call, `make torture` every cell, and writes a report."""

from __future__ import annotations

import os

import pytest

from mock_mq.pytest_plugin import StartQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge
from tests.fixtures.fault_proxy import FaultProxy
from tests.torture.cells import CELLS, Cell, Deed, problems
from tests.torture.report import Report
from tests.torture.routes import QUEUES
from tests.torture.stand import Stand

TRIED = [cell for cell in CELLS if os.environ.get("TORTURE") == "whole" or cell.deed is Deed.KILL_AFTER]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("cell", TRIED, ids=str)
def test_nothing_is_lost_and_into_mq_nothing_doubled(
    cell: Cell,
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    report: Report,
) -> None:
    queue_manager = start_queue_manager(queues=QUEUES, heartbeat=1)
    with report.of(cell) as entry:
        verdict, hopeless = Stand(aws, fault_proxy, queue_manager, start_bridge).try_out(cell)
        entry.verdict, entry.problems = verdict, problems(cell, verdict, hopeless)
    assert entry.problems == [], verdict
