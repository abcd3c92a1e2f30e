"""Runs the routes in several processes, for Python keeps one to about one core; outside they are one bridge.

This one moves nothing: it starts the others, hears what they report, answers at the HTTP port, writes the
metrics, and has them stop. One that dies is started again: what it had in hand is handed out again by its
source, to any of them. When this one dies, the others stop: their connections to it break.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import structlog

from bridge.cloudwatch import writing
from bridge.configuration import Configuration
from bridge.errors import Stop
from bridge.http_server import serving
from bridge.process_report import Report, SeveralProcesses, absent, past

log = structlog.get_logger(__name__)

SILENT_AFTER = 60.0
"""Seconds without a report after which a process counts as stuck; it reports every second."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
"""Seconds until a process that died is started again; twice as long where it had not lived for `_LIVED`."""
_LIVED = 60.0
_ENDS_WITHIN = 28.0
"""Seconds: a process drains within 25, and ECS kills the task 30 after SIGTERM."""

DONE, FAILED = 0, 1
"""Exit codes."""


def run(configuration: Configuration, stop: threading.Event, *, silent_after: float = SILENT_AFTER) -> int:
    """Runs the routes until `stop` is set: 0 after a clean stop of all, 1 where one can't go on or end."""
    numbers = range(1, configuration.processes + 1)
    processes = [_Process(number, _share(configuration, number)) for number in numbers]
    view = SeveralProcesses(lambda: [report for each in processes for report in each.reports(silent_after)])
    try:
        with (
            serving(configuration.http.address, configuration.http.port, view),
            writing(configuration.cloudwatch, view),
        ):
            first = [each.name for each in configuration.routes if each.taken_by_one]
            log.info("processes_starting", processes=len(processes), only_in_the_first=first)
            code = _run(processes, stop)
    except Stop as e:
        log.error("bridge_stopped", reason=str(e))  # noqa: TRY400 - a person's mistake has no traceback
        return FAILED
    log.info("bridge_ended", exit_code=code, aws_requests=_requests(view))
    return code


def _share(configuration: Configuration, number: int) -> Configuration:
    """What a process has of the configuration: the first all routes, the others those that can be shared."""
    routes = tuple(each for each in configuration.routes if number == 1 or not each.taken_by_one)
    return configuration.model_copy(update={"routes": routes, "cloudwatch": None})


def _requests(view: SeveralProcesses) -> Mapping[str, int]:
    return {
        sample.labels["operation"]: int(sample.value)
        for family in view.collect()
        if family.name == "bridge_aws_requests"
        for sample in family.samples
    }


def _run(processes: Sequence[_Process], stop: threading.Event) -> int:
    threads = [
        threading.Thread(target=each.keep, args=(stop,), name=f"process {each.number}", daemon=True)
        for each in processes
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(1.0) and all(thread.is_alive() for thread in threads):
        pass
    stop.set()
    for each in processes:
        each.tell_to_stop()
    deadline = time.monotonic() + _ENDS_WITHIN
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = [each.number for each, thread in zip(processes, threads, strict=True) if thread.is_alive()]
    if late:
        log.error("drain_incomplete", processes=late, note="what they have in hand is handed out again")
    for each in processes:
        each.kill()
    return DONE if not late and all(each.code == DONE for each in processes) else FAILED


class _Process:
    """A place for a process: one after another has it. `code` is the last one's exit code, None before."""

    def __init__(self, number: int, configuration: Configuration) -> None:
        self.number = number
        self.code: int | None = None
        self._configuration = configuration
        self._routes = [route.name for route in configuration.routes]
        self._sending, self._changing = threading.Lock(), threading.Lock()
        self._running: tuple[subprocess.Popen[bytes], Connection[Any, Any]] | None = None
        self._gone = Report()
        self._last = absent(self.number, self._routes)
        self._heard_at = time.monotonic()

    def reports(self, silent_after: float) -> Sequence[Report]:
        """What the process said last, unless that is so many seconds ago; what those before it have done."""
        with self._changing:
            gone, last, silent = self._gone, self._last, time.monotonic() - self._heard_at
        if silent <= silent_after:
            return [last, gone]
        reason = f"the process has told nothing for {silent:.0f} s"
        return [absent(self.number, self._routes, reason, stuck=True), past(last), gone]

    def keep(self, stop: threading.Event) -> None:
        """Has a process run until `stop` is set, or until one can't go on, which sets it."""
        wait = _FIRST_WAIT
        while not stop.is_set():
            began = time.monotonic()
            try:
                self.code = self._run_one(stop)
            except OSError as e:
                log.error("process_not_started", process=self.number, reason=e.strerror)  # noqa: TRY400
                self.code = FAILED
            if stop.is_set() or self.code == FAILED:
                stop.set()
                return
            if time.monotonic() - began >= _LIVED:
                wait = _FIRST_WAIT
            how = _how(self.code)
            log.error("process_died", process=self.number, reason=how, again_in_seconds=wait)
            with self._changing:
                self._gone = past(self._gone, self._last)
                self._last = absent(self.number, self._routes, f"the process {how}; it is started again")
                self._heard_at = time.monotonic()
            stop.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def tell_to_stop(self) -> None:
        """Has the process that there is stop; none is started once `stop` is set."""
        with self._changing:
            running = self._running
        if running:
            with self._sending, suppress(OSError):  # it may have ended
                running[1].send("stop")

    def kill(self) -> None:
        """Ends it, where it has not."""
        with self._changing:
            if self._running:
                self._running[0].kill()

    def _run_one(self, stop: threading.Event) -> int:
        """Runs one to its end: its exit code. Raises `OSError` where none can be started."""
        here, there = Pipe()
        with here:
            with there, self._changing:
                if stop.is_set():
                    return DONE
                process = subprocess.Popen(  # noqa: S603 - it is ourselves
                    _COMMAND, stdin=there.fileno(), env=_environment()
                )
                self._running = process, here
                self._heard_at = time.monotonic()
            with suppress(EOFError, OSError):  # it has ended
                with self._sending:
                    here.send((self.number, self._configuration))
                while True:
                    report = here.recv()
                    with self._changing:
                        self._last, self._heard_at = report, time.monotonic()
            code = process.wait()
            with self._changing:
                self._running = None
        return code


_COMMAND = (sys.executable, "-P", "-m", "bridge.process")


def _environment() -> Mapping[str, str]:
    """Has it import what this one does, from wherever that is."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}, which nobody told it to"
    name = signal.Signals(-code).name
    return f"was killed by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
