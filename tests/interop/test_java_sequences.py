"""The same random sequences through IBM's Java client, through the stand-in, and by the documentation."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bridge.binding import load_binding
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.interop.conftest import options_of
from tests.interop.judge import Judge
from tests.mock_mq.sequences.model import Model
from tests.mock_mq.sequences.steps import CLIENTS, QUEUES, Outcome, Step, sequence
from tests.mock_mq.sequences.through_python import PythonClients

LENGTH, SEEDS = 250, 8
_COMPARED = ("reason", "body", "priority", "persistence", "correlationId", "backouts", "depth")


class JavaClients:
    """As many connections as a sequence has clients."""

    def __init__(self, judge: Judge, queue_manager: RunningQueueManager) -> None:
        self._clients = [judge.connect("mqi", **options_of(queue_manager)) for _ in range(CLIENTS)]
        self._open: list[set[str]] = [set() for _ in range(CLIENTS)]

    def answers(self, steps: Sequence[Step]) -> list[Outcome]:
        return [self._answer(step) for step in steps]

    def close(self) -> None:
        for client in self._clients:
            client("disconnect")

    def _answer(self, step: Step) -> Outcome:
        is_open = self._open[step["client"]]
        needs_queue = step["do"] in ("close", "put", "get", "depth", "inhibit")
        if (needs_queue and step["slot"] not in is_open) or (
            step["do"] == "open" and step["slot"] in is_open
        ):
            return {"skipped": True}
        arguments = {name: value for name, value in step.items() if name not in ("client", "do")}
        answer = self._clients[step["client"]](step["do"], **arguments)
        if step["do"] == "open" and not answer["reason"]:
            is_open.add(step["slot"])
        if step["do"] == "close":
            is_open.discard(step["slot"])
        if step["do"] == "reconnect":
            is_open.clear()
        told = _COMPARED if step["do"] in ("get", "depth") else _COMPARED[:1]
        return {name: answer[name] for name in told if name in answer}


def without_refused_put1(steps: Sequence[Step]) -> list[Step]:
    """IBM's class throws an MQPUT1's refusal again for every further one, without a call, until a commit."""
    model = Model()
    return [step for step in steps if not model.answer(step).get("reason") or step["do"] != "put1"]


@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS))
def test_java_and_the_stand_in_are_answered_the_same(
    judge: Judge, start_queue_manager: StartQueueManager, seed: int
) -> None:
    steps = without_refused_put1(sequence(seed, LENGTH))
    java = JavaClients(judge, start_queue_manager(queues=QUEUES))
    python = PythonClients(load_binding("pymqi"), start_queue_manager(queues=QUEUES))
    through_java, through_python = java.answers(steps), python.answers(steps)
    java.close()
    python.close()
    model = Model()
    for number, (step, one, other) in enumerate(zip(steps, through_java, through_python, strict=True)):
        assert one == other == model.answer(step), f"seed {seed}, step {number}: {step}"
