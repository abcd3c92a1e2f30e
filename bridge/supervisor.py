"""Runs every route in threads of its own until told to stop; then each finishes what it has in hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial

import structlog

from bridge.access import Access
from bridge.assembly import Assembly, make_key_repository, read_credentials
from bridge.aws.session import Clients
from bridge.binding import load_binding
from bridge.circuit import Circuit
from bridge.cloudwatch import writing
from bridge.configuration import Configuration
from bridge.credentials import Credentials
from bridge.errors import Away, Stop
from bridge.gate import Gate
from bridge.health import Health
from bridge.http_server import serving
from bridge.metrics import Metrics
from bridge.pump import Pump
from bridge.redelivery import Redeliveries
from bridge.rotation import Rotation
from bridge.route import run as run_route
from bridge.view import OneProcess

log = structlog.get_logger(__name__)

DONE, FAILED = 0, 1
"""Exit codes."""

LOOK_EVERY = 30.0
"""Seconds between two looks at the depth of the queues."""

_WATCHERS_END_WITHIN = 2.0

DRAIN_WITHIN = 25.0
"""Seconds: ECS kills a task 30 s after SIGTERM unless it is told otherwise."""


def run(configuration: Configuration, stop: threading.Event, *, summary_every: float = 300.0) -> int:
    """Runs the routes until `stop` is set: 0 after a clean stop, 1 where a route could not go on or end.

    What each has done is logged at its end, and every `summary_every` seconds if it has done anything since.
    """
    try:
        routes = Routes(configuration)
        with serving(configuration.http.address, configuration.http.port, routes.view):
            code = routes.run(stop, summary_every=summary_every)
    except Stop as e:
        log.error("bridge_stopped", reason=str(e))  # noqa: TRY400 - a person's mistake has no traceback
        return FAILED
    log.info("bridge_ended", exit_code=code, aws_requests=routes.clients.requests)
    return code


class Routes:
    """The routes of a configuration, in this process. `view` is what they tell of themselves, from now on.

    Raises `Stop` where there is no MQ binding. `looks` says whether it is this process that looks at the
    depth of the queues: it takes a connection. `excused` is told the route and the identities of messages
    that it had to give back for nothing that is wrong with them; `redeliveries` remember those, by route.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        looks: bool = True,
        excused: Callable[[str, Collection[str]], None] = lambda _route, _identities: None,
    ) -> None:
        self._configuration = configuration
        self._looks = looks
        self._binding = load_binding()
        self.clients = Clients()
        self._waiting = Circuit("credentials")
        names = [route.name for route in configuration.routes]
        self.redeliveries = {name: Redeliveries(tell=partial(excused, name)) for name in names}
        health = Health(names, starting=self._waiting)
        self.view = OneProcess(health, Metrics(health, lambda: self.clients.requests))

    def run(self, stop: threading.Event, *, summary_every: float = 300.0) -> int:
        """Runs them until `stop` is set: the exit code. Raises `Stop` where none can be begun with."""
        configuration, health, metrics = self._configuration, self.view.health, self.view.metrics
        credentials = _credentials(configuration, self.clients, stop, self._waiting)
        if stop.is_set():
            return DONE
        with closing(Access(credentials, make_key_repository(configuration, credentials))) as access:
            assembly = Assembly(
                configuration, self.clients, self._binding, access, Gate(), stop, self.redeliveries
            )
            metrics.reconnects = assembly.reconnects
            metrics.certificate_until = access.valid_until
            health.pumps = assembly.pumps()
            with (
                _traced(configuration, health.pumps),
                writing(configuration.cloudwatch, metrics),
                _watched(assembly, metrics, looks=self._looks),
            ):
                return _run(health, stop, summary_every)


def _credentials(
    configuration: Configuration, clients: Clients, stop: threading.Event, circuit: Circuit
) -> Credentials | None:
    """The credentials, waited for while Secrets Manager is away; none of the routes runs without them."""
    while not stop.is_set():
        began = circuit.clock()
        try:
            credentials = read_credentials(configuration, clients)
        except Away as e:
            took = circuit.clock() - began
            stop.wait(circuit.failed(str(e), delivering=False, slowly=e.slowly, took=took))
        else:
            circuit.succeeded()
            return credentials
    return None


@contextmanager
def _traced(configuration: Configuration, pumps: Sequence[Pump]) -> Iterator[None]:
    """Follows every message of these pumps, where that is configured."""
    if configuration.tracing is None:
        yield
        return
    from bridge.tracing import Tracing  # noqa: PLC0415 - OpenTelemetry is not loaded unless it is wanted

    tracing = Tracing(configuration.tracing.endpoint)
    for pump in pumps:
        tracing.follow(pump)
    try:
        yield
    finally:
        tracing.close()


@contextmanager
def _watched(assembly: Assembly, metrics: Metrics, *, looks: bool) -> Iterator[None]:
    """Looks at the queues and the credentials, whether or not the routes get on."""
    ended = threading.Event()
    watchers: dict[str, Callable[[threading.Event], None]] = {}
    if looks and (depths := assembly.depths(every=LOOK_EVERY)):
        metrics.backlogs = lambda: depths.by_route
        watchers["depth of the queues"] = depths.run
    settings = assembly.configuration.queue_manager
    if settings.credentials:
        rotation = Rotation(
            lambda: read_credentials(assembly.configuration, assembly.clients),
            lambda found: make_key_repository(assembly.configuration, found),
            assembly.access,
            assembly.gate,
            every=settings.credentials_refresh,
        )
        watchers["credentials"] = rotation.run
    # Daemons: a call to a queue manager that does not answer must not keep the process.
    threads = [
        threading.Thread(target=watcher, args=(ended,), name=name, daemon=True)
        for name, watcher in watchers.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(_WATCHERS_END_WITHIN)


def _run(health: Health, stop: threading.Event, summary_every: float) -> int:
    clean: list[str] = []
    pumps = health.pumps

    def work(pump: Pump) -> None:
        log.info("route_started", route=pump.route, source=pump.source.name, destination=pump.sink.name)
        try:
            with pump.gate.user():
                run_route(pump, stop)
            clean.append(pump.route)
        except Stop as e:
            health.ended[pump.route] = str(e)
            log.error("route_stopped", route=pump.route, reason=str(e))  # noqa: TRY400 - as above
        log.info("route_ended", route=pump.route, **asdict(pump.tally))

    # Daemons, so that one that hangs in a call can't keep the process beyond its time.
    threads = [threading.Thread(target=work, args=(pump,), name=pump.route, daemon=True) for pump in pumps]
    for thread in threads:
        thread.start()
    said = [asdict(pump.tally) for pump in pumps]
    due = time.monotonic() + summary_every
    while not stop.is_set() and any(thread.is_alive() for thread in threads):
        stop.wait(min(1.0, summary_every))
        if time.monotonic() >= due:
            said = _summarise(pumps, said)
            due = time.monotonic() + summary_every
    deadline = time.monotonic() + DRAIN_WITHIN
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = [thread.name for thread in threads if thread.is_alive()]
    if late:
        log.error("drain_incomplete", routes=late, note="what they have in hand is handed out again")
    return DONE if len(clean) == len(pumps) else FAILED


def _summarise(pumps: Sequence[Pump], said: list[dict[str, int]]) -> list[dict[str, int]]:
    """Logs the tallies that differ from what was said last; returns them all."""
    tallies = [asdict(pump.tally) for pump in pumps]
    for pump, tally, before in zip(pumps, tallies, said, strict=True):
        if tally != before:
            log.info("route_summary", route=pump.route, **tally)
    return tallies
