"""Threads for calls that can't be interrupted: used again and again, and left behind on a stop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeVar

Result = TypeVar("Result")


class Workers:
    """As many threads as there are calls at a time, up to `most`; further calls wait for one.

    They are daemons, so that a call holds up no exit.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = Lock()
        self._threads = 0
        self._free = 0
        """Threads without a call, less the calls that no thread has taken yet."""

    def submit(self, call: Callable[[], Result]) -> Future[Result]:
        """Begins a call. Not after `close`."""
        future: Future[Result] = Future()

        def run() -> None:
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 - raised again by whoever asks for the result
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._free > 0 or self._threads == self._most:
                self._free -= 1
            else:
                self._threads += 1
                Thread(target=self._work, name=self._name, daemon=True).start()
        self._calls.put(run)
        return future

    def close(self) -> None:
        """Ends each thread once its call is done; waits for none."""
        with self._lock:
            for _ in range(self._threads):
                self._calls.put(None)

    def _work(self) -> None:
        while (run := self._calls.get()) is not None:
            run()
            del run  # and with it what came of it, which may be large
            with self._lock:
                self._free += 1
