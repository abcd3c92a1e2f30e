"""A console of a running queue manager."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mock_mq.console import Console
from mock_mq.running import RunningQueueManager


@pytest.fixture
def console(queue_manager: RunningQueueManager) -> Iterator[Console]:
    running = Console(queue_manager.core, queue_manager.loop)
    yield running
    running.close()
