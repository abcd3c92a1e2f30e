"""One of several processes: `python -m bridge.process`, started by `bridge.processes` and by nobody else.

Its standard input is a connection to the one that started it. From there comes first what to run; then what
the others tell, see `Excused`; and `STOP`, or the connection's end, which means the same. The other way go
reports, the last when the routes have ended, and what the others are to know.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection

import structlog

from bridge import log as logging
from bridge import signals
from bridge.errors import Stop
from bridge.process_channel import STOP, Channel, Excused
from bridge.process_report import Report
from bridge.supervisor import DONE, FAILED, Routes
from bridge.view import View

log = structlog.get_logger(__name__)

REPORT_EVERY = 1.0
"""Seconds."""


def main() -> int:
    """Runs the routes that it is told to: the exit code."""
    channel = Channel(Connection(os.dup(sys.stdin.fileno())))
    stop = threading.Event()
    signals.stop_on_signals(stop)
    try:
        order = channel.receive()
    except (EOFError, OSError):
        return FAILED
    if order == STOP:
        return DONE
    number, configuration = order
    logging.configure(process=number)
    try:
        # The first looks at the queues for all.
        routes = Routes(configuration, looks=number == 1, excused=partial(_tell, channel))
        listener = threading.Thread(target=_listen, args=(channel, routes, stop), name="told", daemon=True)
        listener.start()
        with _reporting(channel, number, routes.view):
            return routes.run(stop)
    except Stop as e:
        log.error("process_stopped", reason=str(e))  # noqa: TRY400 - a person's mistake has no traceback
    except Exception:
        log.exception("process_failed")
    return FAILED


def _tell(channel: Channel, route: str, identities: Collection[str]) -> None:
    """For the others. What they do not come to know costs such a message one of its tries."""
    channel.offer(Excused(route, identities))


def _listen(channel: Channel, routes: Routes, stop: threading.Event) -> None:
    try:
        with suppress(EOFError, OSError):
            while (told := channel.receive()) != STOP:
                if told.route in routes.redeliveries:
                    routes.redeliveries[told.route].excused(told.identities)
    finally:
        stop.set()


@contextmanager
def _reporting(channel: Channel, number: int, view: View) -> Iterator[None]:
    """Reports again and again until left, and once more then."""
    ended = threading.Event()

    def report() -> None:
        with suppress(OSError):  # whoever started it is gone: `_listen` has it stop
            while not ended.is_set():
                channel.send(Report.of(number, view))
                ended.wait(REPORT_EVERY)
            channel.send(Report.of(number, view))

    thread = threading.Thread(target=report, name="reports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(2 * REPORT_EVERY)


if __name__ == "__main__":
    sys.exit(main())
