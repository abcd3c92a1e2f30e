"""Tries again: what a sink has refused and might yet take, after a while, and only that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_result, sleep_using_event
from tenacity.wait import wait_base, wait_random_exponential

from bridge.errors import Away
from bridge.message import Fault, Message, Rejection
from bridge.ports import Sink

DEFAULT_WAIT = wait_random_exponential(multiplier=0.25, max=5)
"""Seconds: at random up to 0.25, 0.5, 1, ..., 5 (full jitter)."""

STOPPING = Rejection("the bridge is stopping", Fault.DESTINATION)
"""No verdict: it was told to stop before it came to one."""


@dataclass(frozen=True, slots=True)
class Retry:
    """`retries` further attempts, with `wait` before each (seconds, as tenacity counts them).

    `stop` ends the waiting. If nothing was delivered by then, that was the last attempt, and no verdict on
    any message; if something was, the others get their attempts at once: giving back the unit would double
    it. `sleep` waits for that long; by default it does so until `stop` is set.
    """

    retries: int
    stop: threading.Event
    wait: wait_base = DEFAULT_WAIT
    sleep: Callable[[float], None] | None = None

    def deliver(
        self,
        sink: Sink,
        messages: Sequence[Message],
        *,
        probing: bool = False,
        again: Callable[[int], None] = lambda _: None,
    ) -> list[Rejection | None]:
        """Each message's last outcome, in the order given; None for what the sink has confirmed.

        A sink that is away altogether rejects with `Fault.DESTINATION`, so this raises `Stop` only. `probing`
        says that it was away before: that it still is ends the attempts. `again` is told of how many messages
        each further attempt is.
        """
        if not messages:
            return []
        outcomes: list[Rejection | None] = [None] * len(messages)
        pending = list(range(len(messages)))

        def attempt() -> bool:
            """Tries those that are pending; True where another try may help."""
            for index, outcome in zip(pending, _tried(sink, [messages[i] for i in pending]), strict=True):
                outcomes[index] = outcome
            pending[:] = [index for index in pending if _may_yet_be_taken(outcomes[index])]
            return bool(pending)

        def before_another(_state: RetryCallState) -> None:
            again(len(pending))

        def enough(state: RetryCallState) -> bool:
            if state.attempt_number > self.retries:
                return True
            if probing and None not in outcomes and any(map(_is_away, outcomes)):
                return True
            if not self.stop.is_set() or None in outcomes:
                return False
            for index in pending:
                outcomes[index] = STOPPING
            return True

        Retrying(
            stop=enough,
            wait=self.wait,
            sleep=self.sleep or sleep_using_event(self.stop),
            retry=retry_if_result(bool),
            before_sleep=before_another,
            retry_error_callback=_give_up,
        )(attempt)
        return outcomes


def _tried(sink: Sink, messages: Sequence[Message]) -> Sequence[Rejection | None]:
    try:
        sink.connect()
        return sink.deliver(messages)
    except Away as e:
        return [Rejection(str(e), Fault.DESTINATION, e.slowly)] * len(messages)


def _is_away(outcome: Rejection | None) -> bool:
    return outcome is not None and outcome.fault is Fault.DESTINATION


def _may_yet_be_taken(outcome: Rejection | None) -> bool:
    return outcome is not None and outcome.fault is not Fault.MESSAGE


def _give_up(_state: RetryCallState) -> bool:
    return False
