"""Where dead letters go when they are sent again; what MQ needs is read only where one goes to MQ."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

from bridge import configuration as configured
from bridge.access import Access
from bridge.assembly import make_key_repository, make_sink, read_credentials
from bridge.aws import as_received
from bridge.aws.session import Clients
from bridge.aws.sqs_destination import SqsDestination
from bridge.binding import Binding, load_binding
from bridge.configuration import Configuration, QueueManager
from bridge.letters import Particulars
from bridge.mq_connection import MqConnection
from bridge.ports import Sink
from bridge.replay import Nowhere


class Destinations:
    """A sink a route, made when first asked for; `to` names a route whose destination is meant for all.

    A message that could not be made one of MQ's, and was kept as its source had it, goes back there: the
    bridge is to read it, and fetch its payload, again. A context manager.
    """

    def __init__(self, configuration: Configuration, clients: Clients, to: str = "") -> None:
        self._configuration = configuration
        self._clients = clients
        self._to = to
        self._routes = {route.name: route for route in configuration.routes}
        self._sinks: dict[tuple[str, bool], Sink] = {}
        self._stack = ExitStack()
        self._mq: tuple[Binding, QueueManager, Access] | None = None

    def __enter__(self) -> Destinations:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def sink_for(self, letter: Particulars) -> Sink:
        """Raises `Nowhere`; where it goes to MQ also `Away` and `Stop`, for the credentials."""
        if letter.as_received and self._to:
            raise Nowhere(f"it is as {letter.source} had it, and can go back there only: leave --to out")
        name = self._to or letter.route
        key = (name, letter.as_received)
        if key not in self._sinks:
            self._sinks[key] = self._source(letter) if letter.as_received else self._sink(self._route(name))
            self._stack.callback(self._sinks[key].close)
        return self._sinks[key]

    def _route(self, name: str) -> configured.Route:
        if name not in self._routes:
            raise Nowhere(
                f"route {name} is not in the configuration: add it, or name another's destination with --to"
            )
        return self._routes[name]

    def _sink(self, route: configured.Route) -> Sink:
        return make_sink(self._configuration, route, self._clients, self._connection, guest=True)

    def _source(self, letter: Particulars) -> Sink:
        source = self._route(letter.route).source
        if not isinstance(source, configured.SqsSource):
            raise Nowhere(f"it is as {letter.source} had it, but route {letter.route} takes from MQ now")
        if source.sqs.endswith(".fifo"):
            raise Nowhere(
                f"it is as {letter.source} had it, but its message group is not kept: export it, and send it "
                "there yourself"
            )
        return SqsDestination(self._clients, source.sqs, write=as_received.to_cloud)

    def _connection(self, _route: str) -> MqConnection:
        if self._mq is None:
            credentials = read_credentials(self._configuration, self._clients)
            access = Access(credentials, make_key_repository(self._configuration, credentials))
            self._stack.callback(access.close)
            self._mq = load_binding(), self._configuration.queue_manager, access
        return MqConnection(*self._mq)
