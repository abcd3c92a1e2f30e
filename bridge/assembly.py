"""From a configuration to its routes: which source, which sink, with what each needs."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bridge import configuration as configured
from bridge.access import Access
from bridge.aws.dead_letters import S3DeadLetters
from bridge.aws.fifo import Fifo
from bridge.aws.secrets import fetch_secret
from bridge.aws.session import Clients
from bridge.aws.sns import SnsTopic
from bridge.aws.sqs_destination import SqsDestination
from bridge.aws.sqs_source import SqsSource
from bridge.binding import Binding
from bridge.body_format import writer
from bridge.circuit import Circuit
from bridge.configuration import Configuration
from bridge.credentials import Credentials, CredentialsError, from_directory, from_json
from bridge.errors import Stop
from bridge.gate import Gate
from bridge.key_repository import DEFAULT_LABEL, KeyRepository
from bridge.mapping import CloudMessage, to_cloud
from bridge.message import Message
from bridge.mq_addresses import MqAddresses, MqReplies
from bridge.mq_connection import MqConnection
from bridge.mq_depth import MqDepths
from bridge.mq_ledger import MqLedger
from bridge.mq_sink import MqSink
from bridge.mq_source import MqSource
from bridge.ports import Sink, Source
from bridge.pump import Pump
from bridge.redelivery import Redeliveries
from bridge.replying import addressed
from bridge.requesting import Requesting
from bridge.retry import Retry
from bridge.room import Room
from bridge.shaping.change import Change
from bridge.shaping.choosing import ChoosingSink, chosen
from bridge.shaping.filtering import FilteringSource
from bridge.tally import Tally

FROM_MQ = 80
"""Messages in a unit of work from MQ: several requests' for one MQCMIT, and enough to fill them."""
BESIDE = 4
"""Further connections of a route from MQ while there is a backlog, where nobody keeps an order."""
FROM_SQS = 50
"""Messages in a unit of work from SQS."""


def read_credentials(configuration: Configuration, clients: Clients) -> Credentials | None:
    """The credentials that are configured; raises `Away` where Secrets Manager is, `Stop` if they are bad."""
    reference = configuration.queue_manager.credentials
    if reference is None:
        return None
    try:
        if reference.kind == "file":
            credentials = from_directory(Path(reference.where))
        else:
            credentials = from_json(fetch_secret(reference.where, clients))
    except CredentialsError as e:
        raise Stop(f"credentials {reference.kind}:{reference.where}: {e}") from None
    if credentials.certificate and not configuration.queue_manager.cipher_spec:
        raise Stop(
            f"credentials {reference.kind}:{reference.where}: a certificate, but no cipher_spec: "
            "set queue_manager.cipher_spec, or leave the certificate out for plain TCP"
        )
    return credentials


def make_key_repository(
    configuration: Configuration, credentials: Credentials | None
) -> KeyRepository | None:
    """The key repository for them, where TLS is configured; raises `Stop` if it can't be made."""
    if credentials is None or not configuration.queue_manager.cipher_spec:
        return None
    label = configuration.queue_manager.certificate_label or DEFAULT_LABEL
    try:
        return KeyRepository(credentials, label)
    except CredentialsError as e:
        raise Stop(f"credentials: {e}") from None
    except OSError as e:
        raise Stop(
            f"the key repository can't be written ({e.strerror}): name another directory with TMPDIR"
        ) from None


@dataclass(frozen=True, slots=True)
class Assembly:
    """Makes routes. Every MQ end has a connection of its own: MQCMIT commits all that is open on one."""

    configuration: Configuration
    clients: Clients
    binding: Binding
    access: Access
    gate: Gate
    stop: threading.Event
    redeliveries: Mapping[str, Redeliveries]
    """What each route remembers."""
    connections: dict[str, list[MqConnection]] = field(default_factory=lambda: defaultdict(list))
    """Those made for each route."""

    def pumps(self) -> list[Pump]:
        """A pump a route, in the configuration's order."""
        letters = S3DeadLetters(self.clients, self.configuration.dead_letters.bucket)
        return [self._pump(route, letters) for route in self.configuration.routes]

    def _pump(self, route: configured.Route, letters: S3DeadLetters) -> Pump:
        settings = self.configuration.dead_letters
        tally, room = Tally(), Room(self.configuration.in_flight)
        from_mq = isinstance(route.source, configured.MqSource)
        pump = Pump(
            route=route.name,
            source=self._source(route, tally, room),
            sink=self._sink(route, tally),
            dead_letters=letters,
            retry=Retry(settings.retries, self.stop),
            circuit=Circuit(route.name),
            backout_threshold=settings.backout_threshold,
            most=FROM_MQ if from_mq else FROM_SQS,
            holds=settings.when_away == "hold",
            gate=self.gate,
            tally=tally,
            redeliveries=self.redeliveries[route.name],
        )
        if from_mq and not keeps_order(route):
            pump.beside = [
                pump.another(self._source(route, tally, room, beside=True), self._sink(route, tally))
                for _ in range(BESIDE)
            ]
        return pump

    def depths(self, every: float) -> MqDepths | None:
        """What looks at the MQ queues that routes take from, every so many seconds; None where none does."""
        queues = {
            route.name: route.source.mq
            for route in self.configuration.routes
            if isinstance(route.source, configured.MqSource)
        }
        return MqDepths(self._connection(), queues, every=every, gate=self.gate) if queues else None

    def reconnects(self) -> Mapping[str, int]:
        """How often each route had to connect anew to the queue manager."""
        return {
            route: sum(max(0, each.connects - 1) for each in made) for route, made in self.connections.items()
        }

    def _sink(self, route: configured.Route, tally: Tally) -> Sink:
        return make_sink(
            self.configuration, route, self.clients, self._connection, offloaded=tally.count_offload
        )

    def _source(self, route: configured.Route, tally: Tally, room: Room, *, beside: bool = False) -> Source:
        source = self._unfiltered(route, tally, room, beside=beside)
        return FilteringSource(source, route.filter, tally.leave_out) if route.filter else source

    def _unfiltered(self, route: configured.Route, tally: Tally, room: Room, *, beside: bool) -> Source:
        if isinstance(route.source, configured.MqSource):
            connection = self._connection("" if beside else route.name)
            source = MqSource(
                connection,
                route.source.mq,
                stop=self.gate.or_closing(self.stop),
                exclusive=keeps_order(route),
                room=room,
            )
            if route.source.addresses is None:
                return source
            return MqReplies(source, MqAddresses(connection, route.source.addresses))
        # They agree on how MQ's side of a message is written, which is checked with the configuration.
        to = route.sinks[0]
        if not isinstance(to, configured.MqSink):
            raise Stop(f"route {route.name}: what comes from SQS goes to MQ: give `to` a key mq")
        return SqsSource(
            self.clients,
            route.source.sqs,
            ccsid=to.ccsid,
            format=to.format,
            encoding=route.source.format or "",
            wait=route.source.wait,
            offload=self.configuration.offload,
            stop=self.gate.or_closing(self.stop),
            by_deduplication_id=to.ledger_id == "MessageDeduplicationId",
            most_bytes=self.configuration.in_flight,
            offloaded=tally.count_offload,
            undeleted=tally.count_possible_duplicates,
            traced=self.configuration.tracing is not None,
        )

    def _connection(self, route: str = "") -> MqConnection:
        made = MqConnection(self.binding, self.configuration.queue_manager, self.access)
        if route:
            self.connections[route].append(made)
        return made


def make_sink(
    configuration: Configuration,
    route: configured.Route,
    clients: Clients,
    connection: Callable[[str], MqConnection],
    *,
    guest: bool = False,
    offloaded: Callable[[], None] = lambda: None,
) -> Sink:
    """A route's destination, or what chooses among several; a `guest` is beside a bridge.

    `connection` makes one for a route's name; `offloaded` is called for each body that went through S3.
    """
    return chosen_among(
        route,
        [
            _sink(configuration, route, sink, clients, connection, guest=guest, offloaded=offloaded)
            for sink in route.sinks
        ],
    )


def chosen_among(route: configured.Route, sinks: Sequence[Sink]) -> Sink:
    """What changes messages as a route says and chooses for each among its destinations, made already."""
    change = Change(route.attributes, route.descriptor)
    if isinstance(route.source, configured.MqSource) and route.source.addresses:
        return ChoosingSink(sinks, partial(addressed, route.name, route.sinks), change)
    patterns = [sink.when for sink in route.sinks]
    if patterns == [None] and not change:
        return sinks[0]
    return ChoosingSink(sinks, partial(chosen, patterns), change)


def _sink(
    configuration: Configuration,
    route: configured.Route,
    sink: configured.Destination,
    clients: Clients,
    connection: Callable[[str], MqConnection],
    *,
    guest: bool,
    offloaded: Callable[[], None],
) -> Sink:
    if isinstance(sink, configured.MqSink):
        made = connection(route.name)
        ledger = MqLedger(made, sink.ledger, guest=guest) if sink.ledger else None
        return MqSink(made, sink.mq, ledger, requesting_of(route, sink))
    offload, fifo, write = configuration.offload, fifo_of(route, sink), writer_for(configuration, route, sink)
    if isinstance(sink, configured.SnsSink):
        return SnsTopic(clients, sink.sns, offload, fifo, write=write, offloaded=offloaded)
    traced = configuration.tracing is not None
    return SqsDestination(clients, sink.sqs, offload, fifo, write=write, offloaded=offloaded, traced=traced)


def requesting_of(route: configured.Route, sink: configured.MqSink) -> Requesting | None:
    """How a destination of a route's gets requests; None where it gets none."""
    if sink.reply_to_queue is None or sink.addresses is None:
        return None
    return Requesting(route.name, sink.reply_to_queue, sink.addresses)


def writer_for(
    configuration: Configuration, route: configured.Route, sink: configured.AwsSink
) -> Callable[[Message], CloudMessage]:
    """What makes AWS's message of one of ours for this destination."""
    # IBM's own form of a queue's address, from its JMS classes.
    taken_from = route.source.mq if isinstance(route.source, configured.MqSource) else route.source.sqs
    address = f"queue://{configuration.queue_manager.name}/{taken_from}"
    return partial(to_cloud, write=writer(sink.format, source=address, event_type=sink.event_type))


def keeps_order(route: configured.Route) -> bool:
    """Whether a destination of the route's keeps the order of messages, so that their source has to."""
    return any(fifo_of(route, sink) for sink in route.sinks)


def fifo_of(route: configured.Route, sink: configured.Destination) -> Fifo | None:
    """How a destination of a route's orders messages; None where it does not."""
    if isinstance(sink, configured.MqSink):
        return None
    name = sink.sns if isinstance(sink, configured.SnsSink) else sink.sqs
    return Fifo(sink.group, otherwise=route.name) if name.endswith(".fifo") else None
