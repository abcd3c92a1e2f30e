"""A route at work: one unit of work after the other, and several at once while there is a backlog.

A queue manager answers one call of a connection at a time, and commits all that is open on it. So a route
with a backlog is moved by several pumps, each with a connection and a unit of work of its own: while one
waits for AWS, the others get and commit.
"""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from pathlib import Path

import structlog

from bridge.errors import Away, BridgeError, Stop
from bridge.pump import Pump

log = structlog.get_logger(__name__)

_LINGER = 60.0
"""Seconds for which a pump beside the first keeps its connection when it is not needed any more; and after
which one that could not connect tries again."""
_LOOK_EVERY = 0.2
"""Seconds between two looks at whether to stop."""


def run(pump: Pump, stop: threading.Event) -> None:
    """Moves units of work until `stop` is set; whatever is away is waited for. Raises `Stop`."""
    ended = threading.Event()
    helpers = [_Helper(each, stop, ended) for each in pump.beside]
    try:
        while pump.gate.pass_through(pump.let_go, stop):
            _go_round(pump, stop)
            if pump.is_outrun:
                for helper in helpers:
                    helper.start()
    finally:
        ended.set()
        for helper in helpers:
            helper.join()
        pump.let_go()


@dataclass(slots=True)
class _Helper:
    """A pump beside the first, at work on a thread of its own as long as it is needed.

    `ended` says that the first has ended.
    """

    pump: Pump
    stop: threading.Event
    ended: threading.Event
    thread: threading.Thread | None = None
    not_before: float = 0.0
    """When it may try to connect again."""

    def start(self) -> None:
        """Has it work, where it does not."""
        if (self.thread and self.thread.is_alive()) or self.pump.circuit.clock() < self.not_before:
            return
        self.thread = threading.Thread(target=self._run, name=self.pump.route, daemon=True)
        self.thread.start()

    def join(self) -> None:
        """Returns when it does not work any more."""
        if self.thread:
            self.thread.join()

    def _run(self) -> None:
        pump = self.pump
        with pump.gate.user():
            try:
                self._work()
            except (Away, Stop) as e:
                # The first goes on, and meets the same where it concerns the route.
                self.not_before = pump.circuit.clock() + _LINGER
                log.warning("connection_beside_not_made", route=pump.route, reason=str(e))
            finally:
                pump.let_go()
                pump.passed_at = 0.0

    def _work(self) -> None:
        """Raises `Away` and `Stop` where it can't connect."""
        pump = self.pump
        needed_at = pump.circuit.clock()
        while pump.gate.pass_through(pump.let_go, self.stop) and not self.ended.is_set():
            pump.passed_at = pump.circuit.clock()
            if pump.is_outrun:
                pump.source.connect()
                pump.sink.connect()
                _go_round(pump, self.stop)
                needed_at = pump.circuit.clock()
            elif pump.passed_at - needed_at < _LINGER:
                pump.wait_for_a_backlog(_LOOK_EVERY, self.stop)
            else:
                return


def _go_round(pump: Pump, stop: threading.Event) -> None:
    """Moves one unit of work, or waits for what is away. Raises `Stop`."""
    pump.passed_at = pump.circuit.clock()
    try:
        pump.move()
    except Away as e:
        pump.connected = False
        seconds = 0.0 if stop.is_set() else pump.failed(e, pump.circuit.clock() - pump.passed_at)
    except BridgeError:
        raise
    except Exception as e:  # noqa: BLE001 - a bug of ours must not end the route, nor spin
        pump.connected = False
        pump.let_go()
        name = type(e).__name__
        # Not its text, which may quote a body.
        log.error("route_failed", route=pump.route, error=name, at=_places(e))  # noqa: TRY400
        seconds = pump.failed(Away(f"internal error: {name}"), 0.0)
    else:
        return
    # Not before here: as long as the error is held, so are the bodies that were in hand.
    pump.gate.wait(seconds, stop)


def _places(error: BaseException) -> list[str]:
    """Where an error came from, outermost first."""
    return [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
