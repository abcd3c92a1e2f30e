"""Random sequences of MQI calls: clients over a socket are answered what the documentation says."""

from __future__ import annotations

from collections import Counter

import pytest

from bridge.binding import Binding
from mock_mq.pytest_plugin import StartQueueManager
from tests.mock_mq.sequences.model import Model
from tests.mock_mq.sequences.steps import QUEUES, sequence
from tests.mock_mq.sequences.through_python import PythonClients

LENGTH, SEEDS = 250, 12


@pytest.mark.parametrize("seed", range(SEEDS))
def test_each_call_is_answered_as_documented(
    binding: Binding, start_queue_manager: StartQueueManager, seed: int
) -> None:
    steps = sequence(seed, LENGTH)
    clients = PythonClients(binding, start_queue_manager(queues=QUEUES))
    answered = clients.answers(steps)
    clients.close()
    model = Model()
    for number, (step, answer) in enumerate(zip(steps, answered, strict=True)):
        assert answer == model.answer(step), f"seed {seed}, step {number}: {step}"


def test_the_sequences_see_what_they_are_for() -> None:
    reasons: Counter[int] = Counter()
    for seed in range(SEEDS):
        model = Model()
        reasons.update(model.answer(step).get("reason", -1) for step in sequence(seed, LENGTH))
    assert reasons.keys() >= {
        0,
        2016,
        2033,
        2034,
        2036,
        2037,
        2038,
        2039,
        2040,
        2042,
        2051,
        2053,
        2079,
        2080,
        2085,
    }
    assert reasons[0] > 0.35 * SEEDS * LENGTH
