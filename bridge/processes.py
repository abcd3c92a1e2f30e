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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from tempfile import TemporaryDirectory

import structlog

from bridge.cloudwatch import writing
from bridge.configuration import Configuration
from bridge.errors import Stop
from bridge.http_server import serving
from bridge.process_channel import STOP, Channel, Excused
from bridge.process_report import Report, SeveralProcesses, absent, past
from bridge.redelivery import Redeliveries

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
    processes = _Processes(configuration)
    view = SeveralProcesses(lambda: processes.reports(silent_after))
    try:
        with (
            serving(configuration.http.address, configuration.http.port, view),
            writing(configuration.cloudwatch, view),
        ):
            first = [each.name for each in configuration.routes if each.taken_by_one]
            log.info("processes_starting", processes=configuration.processes, only_in_the_first=first)
            code = processes.run(stop)
    except Stop as e:
        log.error("bridge_stopped", reason=str(e))  # noqa: TRY400 - a person's mistake has no traceback
        return FAILED
    log.info("bridge_ended", exit_code=code, aws_requests=_requests(view))
    return code


def _requests(view: SeveralProcesses) -> Mapping[str, int]:
    return {
        sample.labels["operation"]: int(sample.value)
        for family in view.collect()
        if family.name == "bridge_aws_requests"
        for sample in family.samples
    }


class _Excuses:
    """What one process tells of messages goes to the others; one that is started later gets all of it."""

    def __init__(self, configuration: Configuration) -> None:
        self._by_route = {route.name: Redeliveries() for route in configuration.routes}
        self._listeners: list[Channel] = []
        self._changing = threading.Lock()

    def tell(self, told: Excused, teller: Channel) -> None:
        """Has the others know."""
        with self._changing:
            self._by_route[told.route].excused(told.identities)
            listeners = [each for each in self._listeners if each is not teller]
        for each in listeners:
            each.offer(told)

    @contextmanager
    def listening(self, channel: Channel) -> Iterator[None]:
        """Has a process know what is known, and what comes until this is left. Raises `OSError`."""
        with self._changing:
            known = [Excused(name, each.all_excused) for name, each in self._by_route.items()]
            self._listeners.append(channel)
        try:
            for each in known:
                if each.identities:
                    channel.send(each)
            yield
        finally:
            with self._changing:
                self._listeners.remove(channel)


class _Processes:
    """All of them."""

    def __init__(self, configuration: Configuration) -> None:
        excuses = _Excuses(configuration)
        self._all = [
            _Process(number, _share(configuration, number), excuses)
            for number in range(1, configuration.processes + 1)
        ]

    def reports(self, silent_after: float) -> Sequence[Report]:
        """What each has told."""
        return [report for each in self._all for report in each.reports(silent_after)]

    def run(self, stop: threading.Event) -> int:
        """Runs them until `stop` is set, or one can't go on: the exit code."""
        threads = [
            threading.Thread(target=each.keep, args=(stop,), name=f"process {each.number}", daemon=True)
            for each in self._all
        ]
        for thread in threads:
            thread.start()
        while not stop.wait(1.0) and all(thread.is_alive() for thread in threads):
            pass
        stop.set()
        for each in self._all:
            each.tell_to_stop()
        deadline = time.monotonic() + _ENDS_WITHIN
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [each.number for each, thread in zip(self._all, threads, strict=True) if thread.is_alive()]
        if late:
            log.error("drain_incomplete", processes=late, note="what they have in hand is handed out again")
        for each in self._all:
            each.kill()
        return DONE if not late and all(each.code == DONE for each in self._all) else FAILED


def _share(configuration: Configuration, number: int) -> Configuration:
    """What a process has of the configuration: the first all routes, the others those that can be shared."""
    routes = tuple(each for each in configuration.routes if number == 1 or not each.taken_by_one)
    return configuration.model_copy(update={"routes": routes, "cloudwatch": None})


class _Process:
    """A place for a process: one after another has it. `code` is the last one's exit code, None before."""

    def __init__(self, number: int, configuration: Configuration, excuses: _Excuses) -> None:
        self.number = number
        self.code: int | None = None
        self._configuration = configuration
        self._excuses = excuses
        self._routes = [route.name for route in configuration.routes]
        self._changing = threading.Lock()
        self._running: tuple[subprocess.Popen[bytes], Channel] | None = None
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
            with self._changing:
                self._gone = past(self._gone, self._last)
                self._last = absent(self.number, self._routes, f"the process {how}; it is started again")
                self._heard_at = time.monotonic()
            log.error("process_died", process=self.number, reason=how, again_in_seconds=wait)
            stop.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def tell_to_stop(self) -> None:
        """Has the process that there is stop; none is started once `stop` is set."""
        with self._changing:
            running = self._running
        if running:
            with suppress(OSError):  # it may have ended
                running[1].send(STOP)

    def kill(self) -> None:
        """Ends it, where it has not."""
        with self._changing:
            if self._running:
                self._running[0].kill()

    def _run_one(self, stop: threading.Event) -> int:
        """Runs one to its end: its exit code. Raises `OSError` where none can be started."""
        here, there = Pipe()
        # Its own, for one that is killed leaves its key repository behind.
        with Channel(here) as channel, TemporaryDirectory(prefix="bridge-process-") as directory:
            with there, self._changing:
                if stop.is_set():
                    return DONE
                process = subprocess.Popen(  # noqa: S603 - it is ourselves
                    _COMMAND, stdin=there.fileno(), env=_environment(directory)
                )
                self._running = process, channel
                self._heard_at = time.monotonic()
            with suppress(EOFError, OSError):  # it has ended
                channel.send((self.number, self._configuration))
                with self._excuses.listening(channel):
                    while True:
                        self._hear(channel.receive(), channel)
            code = process.wait()
            with self._changing:
                self._running = None
        return code

    def _hear(self, told: Report | Excused, channel: Channel) -> None:
        if isinstance(told, Excused):
            self._excuses.tell(told, channel)
        else:
            with self._changing:
                self._last, self._heard_at = told, time.monotonic()


_COMMAND = (sys.executable, "-P", "-m", "bridge.process")


def _environment(directory: str) -> Mapping[str, str]:
    """Has it import what this one does, from wherever that is, and keep its files in that directory."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": directory}


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}, which nobody told it to"
    name = signal.Signals(-code).name
    return f"was killed by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
