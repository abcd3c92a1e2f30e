"""Fixture `plain`: a queue manager with the queues of these tests, in plain TCP."""

from __future__ import annotations

import pytest

from tests.fixtures.queue_manager import RunningQueueManager, StartQueueManager
from tests.system.ends import QUEUES


@pytest.fixture
def plain(start_queue_manager: StartQueueManager) -> RunningQueueManager:
    return start_queue_manager(queues=QUEUES)
