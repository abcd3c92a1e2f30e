"""A call that can't be interrupted, given up when the bridge stops or wants the route at the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from threading import Thread
from typing import TypeVar

from bridge.gate import Told

_LOOK_EVERY = 0.2
"""Seconds between two looks at whether to stop while the call waits."""

Received = TypeVar("Received")


def unless_stopped(
    stop: Told, call: Callable[[], Sequence[Received]], give_back: Callable[[Sequence[Received]], None]
) -> Sequence[Received]:
    """What `call` returns or raises; nothing, at once, when `stop` is set.

    The call then goes on in a thread of its own (a daemon, so that it holds up no exit), and what it still
    returns is given back. Should the process end before, the far side's own time-out does that.
    """
    if stop.is_set():
        return []
    outcome: Future[Sequence[Received]] = Future()

    def run() -> None:
        try:
            received = call()
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits; nobody does after a stop
            raised = error
            _settle(lambda: outcome.set_exception(raised))
            return
        if not _settle(lambda: outcome.set_result(received)):
            give_back(received)

    Thread(target=run, name="long poll", daemon=True).start()
    while not wait([outcome], timeout=_LOOK_EVERY).done:
        # Cancelling fails, and the result is taken, where the call has just returned.
        if stop.is_set() and outcome.cancel():
            return []
    return outcome.result()


def _settle(settle: Callable[[], None]) -> bool:
    """Settles a future; False where it was cancelled before."""
    try:
        settle()
    except InvalidStateError:
        return False
    return True
