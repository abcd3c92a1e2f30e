"""A sequence through pymqi or ibmmq, over the stand-in client library and a socket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.binding import Binding
from mock_mq.constants import Selector
from mock_mq.running import RunningQueueManager
from tests.mock_mq.client.program import Program
from tests.mock_mq.sequences.steps import CLIENTS, Outcome, Step


class PythonClients:
    """As many connections as a sequence has clients."""

    def __init__(self, binding: Binding, queue_manager: RunningQueueManager) -> None:
        self._binding, self._queue_manager = binding, queue_manager
        self._programs = [self._connected() for _ in range(CLIENTS)]
        self._queues: list[dict[str, Any]] = [{} for _ in range(CLIENTS)]

    def answers(self, steps: Sequence[Step]) -> list[Outcome]:
        """What each step was answered."""
        return [self._answer(step) for step in steps]

    def close(self) -> None:
        """Disconnects them all."""
        for program in self._programs:
            program.connection.disconnect()

    def _connected(self) -> Program:
        return Program(self._binding, self._queue_manager)

    def _answer(self, step: Step) -> Outcome:
        queue = self._queues[step["client"]].get(step["slot"])
        needs_queue = step["do"] in ("close", "put", "get", "depth", "inhibit")
        if (needs_queue and queue is None) or (step["do"] == "open" and queue is not None):
            return {"skipped": True}
        try:
            done: Outcome = getattr(self, f"_{step['do']}")(step, self._programs[step["client"]], queue)
        except self._binding.mq.MQMIError as e:
            return {"reason": e.reason}
        return {"reason": 0} | done

    def _open(self, step: Step, program: Program, _queue: Any) -> Outcome:
        opened = program.mq.Queue(program.connection)
        opened.open(step["queue"].encode(), step["options"])
        self._queues[step["client"]][step["slot"]] = opened
        return {}

    def _close(self, step: Step, _program: Program, queue: Any) -> Outcome:
        del self._queues[step["client"]][step["slot"]]
        queue.close()
        return {}

    def _put(self, step: Step, program: Program, queue: Any) -> Outcome:
        queue.put(bytes.fromhex(step["body"]), self._descriptor(step, program), self._options(step, program))
        return {}

    def _put1(self, step: Step, program: Program, _queue: Any) -> Outcome:
        body = bytes.fromhex(step["body"])
        program.connection.put1(
            step["queue"].encode(), body, self._descriptor(step, program), self._options(step, program)
        )
        return {}

    def _get(self, step: Step, program: Program, queue: Any) -> Outcome:
        md = self._descriptor(step, program)
        gmo = program.mq.GMO(Version=2, Options=step["options"], MatchOptions=3)
        reason = 0
        try:
            body = queue.get(step["room"], md, gmo)
        except self._binding.mq.MQMIError as e:
            if e.reason != 2079:
                raise
            reason, body = e.reason, e.message
        return {
            "reason": reason,
            "body": body.hex(),
            "priority": md.Priority,
            "persistence": md.Persistence,
            "correlationId": md.CorrelId.hex(),
            "backouts": md.BackoutCount,
        }

    def _depth(self, _step: Step, _program: Program, queue: Any) -> Outcome:
        return {"depth": queue.inquire(int(Selector.CURRENT_Q_DEPTH))}

    def _inhibit(self, step: Step, _program: Program, queue: Any) -> Outcome:
        selector = Selector.INHIBIT_GET if step["which"] == "get" else Selector.INHIBIT_PUT
        queue.set(int(selector), step["value"])
        return {}

    def _commit(self, _step: Step, program: Program, _queue: Any) -> Outcome:
        program.connection.commit()
        return {}

    def _backout(self, _step: Step, program: Program, _queue: Any) -> Outcome:
        program.connection.backout()
        return {}

    def _reconnect(self, step: Step, program: Program, _queue: Any) -> Outcome:
        program.connection.disconnect()
        self._queues[step["client"]].clear()
        self._programs[step["client"]] = self._connected()
        return {}

    def _descriptor(self, step: Step, program: Program) -> Any:
        return program.mq.MD(
            Version=2,
            Priority=step.get("priority", -1),
            Persistence=step.get("persistence", 2),
            MsgId=bytes.fromhex(step["messageId"]),
            CorrelId=bytes.fromhex(step["correlationId"]),
        )

    def _options(self, step: Step, program: Program) -> Any:
        return program.mq.PMO(Options=step["options"])
