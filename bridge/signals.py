"""How the bridge is told to stop: SIGTERM from whatever runs it, SIGINT from a terminal."""

from __future__ import annotations

import os
import signal
import threading

_AWAITED = frozenset({signal.SIGTERM, signal.SIGINT})


def stop_on_signals(stop: threading.Event) -> None:
    """Lets SIGTERM and SIGINT set `stop`; a SIGINT after that ends the process at once, with exit code 130.

    To be called by the main thread before any other is started. A thread waits for the signals instead of a
    handler: a handler runs in the midst of whatever the main thread does, and could wait for ever for a lock
    of the event's that the main thread holds.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    threading.Thread(target=_wait, args=(stop,), name="signals", daemon=True).start()


def _wait(stop: threading.Event) -> None:
    while True:
        received = signal.sigwait(_AWAITED)
        if received == signal.SIGINT and stop.is_set():
            os._exit(128 + signal.SIGINT)
        stop.set()
