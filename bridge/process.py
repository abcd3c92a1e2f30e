"""One of several processes: `python -m bridge.process`, started by `bridge.processes` and by nobody else.

Its standard input is a connection to the one that started it. That says what to run first, and by anything
more, or by its end, that it is time to stop. The other way go reports, the last when the routes have ended.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

import structlog

from bridge import log as logging
from bridge import signals
from bridge.errors import Stop
from bridge.process_report import Report
from bridge.supervisor import FAILED, Routes
from bridge.view import View

log = structlog.get_logger(__name__)

REPORT_EVERY = 1.0
"""Seconds."""


def main() -> int:
    """Runs the routes that it is told to: the exit code."""
    channel: Connection[Report, Any] = Connection(os.dup(sys.stdin.fileno()))
    stop = threading.Event()
    signals.stop_on_signals(stop)
    try:
        number, configuration = channel.recv()
    except EOFError:
        return FAILED
    logging.configure(process=number)
    threading.Thread(target=_listen, args=(channel, stop), name="told to stop", daemon=True).start()
    try:
        # The first looks at the queues for all.
        routes = Routes(configuration, looks=number == 1)
        with _reporting(channel, number, routes.view):
            return routes.run(stop)
    except Stop as e:
        log.error("process_stopped", reason=str(e))  # noqa: TRY400 - a person's mistake has no traceback
    except Exception:
        log.exception("process_failed")
    return FAILED


def _listen(channel: Connection[Report, Any], stop: threading.Event) -> None:
    with suppress(EOFError, OSError):
        channel.recv()
    stop.set()


@contextmanager
def _reporting(channel: Connection[Report, Any], number: int, view: View) -> Iterator[None]:
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
