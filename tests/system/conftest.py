"""Fixture `plain`: a queue manager with the queues of these tests, in plain TCP."""

from __future__ import annotations

import pytest

from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.system.ends import QUEUES


@pytest.fixture
def plain(start_queue_manager: StartQueueManager) -> RunningQueueManager:
    return start_queue_manager(queues=QUEUES)
