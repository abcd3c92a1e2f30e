"""Fixtures for tests of MQ programs: `queue_manager`, and `start_queue_manager` for more, or other ones.

pytest finds them by itself once this package is installed. Each queue manager listens on a port of its own
on 127.0.0.1, starts in milliseconds, and is gone after the test.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from mock_mq.core import Definition
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS


class StartQueueManager(Protocol):
    """Starts one more: `definition` are the fields of `mock_mq.core.Definition`."""

    def __call__(
        self, *, tls: TLS | None = None, heartbeat: int = 300, **definition: Any
    ) -> RunningQueueManager:
        """Gives it, listening; it is stopped after the test."""


@pytest.fixture
def start_queue_manager() -> Iterator[StartQueueManager]:
    """As many queue managers as a test wants, all stopped after it.

    An object of a binding's that is collected disconnects: on a server's own thread that would wait for an
    answer of that very thread. So what a test leaves behind is collected here, and nowhere else.
    """
    gc.disable()
    with ExitStack() as running:
        running.callback(gc.enable)

        def start(*, tls: TLS | None = None, heartbeat: int = 300, **definition: Any) -> RunningQueueManager:
            started = RunningQueueManager(Definition(**definition), tls=tls, heartbeat=heartbeat)
            running.callback(started.close)
            return started

        yield start
        gc.collect()


@pytest.fixture
def queue_manager(start_queue_manager: StartQueueManager) -> RunningQueueManager:
    """QM1 as IBM's developer image has it, in plain TCP."""
    return start_queue_manager()
