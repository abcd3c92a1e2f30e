"""Looking at queues: depth, age of what is first, and what is known when the queue manager is away."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from bridge.binding import Binding
from bridge.mq_depth import Backlog, MqDepths
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import QUEUE, Program, connection, source

OTHER = "DEV.QUEUE.2"


class Look:
    """One look at a time, an hour from now."""

    def __init__(self, binding: Binding, queue_manager: RunningQueueManager) -> None:
        self._depths = MqDepths(
            connection(binding, queue_manager),
            {"out": QUEUE, "also": QUEUE, "other": OTHER},
            every=0,
            now=lambda: datetime.now(UTC) + timedelta(hours=1),
        )

    def __call__(self) -> dict[str, Backlog]:
        stop = threading.Event()
        thread = threading.Thread(target=self._depths.run, args=(stop,))
        thread.start()
        # `every` is 0: it looks again and again until then, and once to its end.
        threading.Event().wait(0.2)
        stop.set()
        thread.join(30)
        return dict(self._depths.by_route)


@pytest.fixture
def look(binding: Binding, queue_manager: RunningQueueManager) -> Look:
    return Look(binding, queue_manager)


def test_depth_and_age_are_by_route_and_an_empty_queue_has_no_age(
    look: Look, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    program = Program(binding, queue_manager)
    program.put(b"first", QUEUE)
    program.put(b"second", QUEUE)
    found = look()
    assert found["other"] == Backlog(0, None)
    assert found["out"] == found["also"]
    assert found["out"].depth == 2
    assert found["out"].oldest_age is not None
    assert 3590 < found["out"].oldest_age < 3660
    assert queue_manager.depth(QUEUE) == 2


def test_what_a_route_has_in_hand_counts_no_longer_and_is_back_when_it_is_backed_out(
    look: Look, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    program = Program(binding, queue_manager)
    program.put(b"in hand", QUEUE)
    program.put(b"waiting", QUEUE)
    taking = source(binding, queue_manager)
    taking.connect()
    assert len(taking.take(1)) == 1
    assert look()["out"].depth == 1
    taking.close()
    assert look()["out"].depth == 2


def test_what_is_put_and_not_committed_counts_but_is_not_waiting(
    look: Look, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    program = Program(binding, queue_manager)
    program.put_uncommitted(b"not yet", QUEUE)
    assert look()["out"] == Backlog(1, None)
    program.commit()
    found = look()["out"]
    assert (found.depth, found.oldest_age is None) == (1, False)


def test_while_the_queue_manager_is_away_nothing_is_known_and_then_it_is_again(
    look: Look, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    assert set(look()) == {"out", "also", "other"}
    queue_manager.stop()
    assert look() == {}
    queue_manager.start()
    assert set(look()) == {"out", "also", "other"}
