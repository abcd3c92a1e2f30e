"""The queue manager as the routes need it: credentials, each address, TLS, channel, and every queue.

Queues are opened by what the routes open them with, so with the very options; nothing is put or got.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

from bridge import mq_reasons
from bridge.access import Access
from bridge.assembly import keeps_order, make_key_repository, read_credentials
from bridge.aws.session import Clients
from bridge.binding import Binding, load_binding
from bridge.check import certificates
from bridge.check.aws import told_by_aws
from bridge.check.finding import Finding, Level, ok, told, warning
from bridge.check.network import Address, Secured, reach
from bridge.configuration import Configuration, MqSource, QueueManager
from bridge.configuration import MqSink as MqDestination
from bridge.errors import Away, BridgeError
from bridge.mq_browser import MqBrowser
from bridge.mq_connection import MqConnection, MqError
from bridge.mq_ledger import MqLedger
from bridge.mq_queue import MqQueue
from bridge.mq_sink import MqSink
from bridge.mq_source import MqSource as MqTaker

_IN_USE = 2042  # MQRC_OBJECT_IN_USE
_GET_INHIBITED, _PUT_INHIBITED = 2016, 2051
_TLS_REFUSALS = {2009, 2059, 2393, 2397, 2539}
"""What a client reports of TLS that came to nothing, depending on how far it got."""
_FULL = 0.8
"""Of MAXDEPTH."""
_SQS_CARRIES = 1024 * 1024
_MQ_CARRIES = 104_857_600
"""Bytes of a message."""


@dataclass(frozen=True, slots=True)
class _Use:
    """What a route does with a queue: in words, and by what it opens it."""

    route: str
    doing: str
    opened_by: Callable[[MqConnection], MqTaker | MqSink | MqLedger | MqBrowser]
    gets: bool = False
    puts: bool = False


def look(configuration: Configuration, clients: Clients) -> Iterator[Finding]:
    """Everything on the MQ side, in the order in which a connection meets it."""
    settings = configuration.queue_manager
    nothing = warning(
        f"queues on {settings.name}", "not looked at: there is no connection", "mend what is above first"
    )
    try:
        binding = load_binding()
        yield _client(binding)
        credentials = read_credentials(configuration, clients)
        access = Access(credentials, make_key_repository(configuration, credentials))
    except BridgeError as e:
        secret = f"secretsmanager:{settings.credentials.where}" if settings.credentials else ""
        by_aws = secret and str(e).startswith(f"{secret}: ")
        yield told_by_aws(secret, str(e)) if by_aws else told(str(e))
        yield from _reached(settings)
        yield nothing
        return
    with closing(access):
        if credentials and settings.credentials:
            user = f", with a password for user {credentials.user}" if credentials.user else ""
            where = f"{settings.credentials.kind}:{settings.credentials.where}"
            yield ok("credentials", f"read from {where}{user}")
            yield from certificates.look(credentials)
        working = yield from _connected(settings, binding, access)
        if working is None:
            yield nothing
            return
        with closing(working):
            for queue, uses in _uses(configuration).items():
                yield from _queue(working, queue, uses, configuration)


def _client(binding: Binding) -> Finding:
    what = f"{binding.library.description}, by {binding.name}"
    if binding.library.kind == "IBM":
        return ok("MQ client", what)
    return warning(
        "MQ client", f"{what}: for rehearsals and mock-mq", "install IBM's MQ client for production"
    )


def _reached(settings: QueueManager) -> Sequence[Finding]:
    with ThreadPoolExecutor(len(settings.connections)) as pool:
        return list(pool.map(reach, map(Address.parse, settings.connections)))


def _connected(
    settings: QueueManager, binding: Binding, access: Access
) -> Generator[Finding, None, MqConnection | None]:
    """Looks at each address alone; gives the first connection that comes about, None where none does."""
    found: list[Finding] = []
    working: MqConnection | None = None
    for text, reached in zip(settings.connections, _reached(settings), strict=True):
        found.append(reached)
        if reached.level is Level.FAILURE:
            continue
        alone = settings.model_copy(update={"connections": (text,)})
        connection = MqConnection(binding, alone, access)
        found += _let_in(connection, alone, access)
        if connection.connected and working is None:
            working = connection
        else:
            connection.close()
    # The client turns to the next where one does not answer.
    yield from (each.as_warning() for each in found) if working else found
    return working


def _let_in(connection: MqConnection, alone: QueueManager, access: Access) -> Sequence[Finding]:
    """TLS, where it is used, then MQCONNX."""
    [text] = alone.connections
    address = Address.parse(text)
    secured = None
    shown: list[Finding] = []
    if alone.cipher_spec and access.credentials:
        secured = Secured(access.credentials, alone.channel)
        shown = [secured.shown(address)]
    try:
        connection.connect()
    except Away as e:
        return [*shown, _why_not(e, alone, secured, address, *shown)]
    ways = f"over {alone.cipher_spec}" if alone.cipher_spec else "in plain TCP"
    thing = f"queue manager {alone.name} at {text}, channel {alone.channel}"
    return [*shown, ok(thing, f"connected, {ways}")]


def _why_not(
    error: Away, alone: QueueManager, secured: Secured | None, address: Address, *shown: Finding
) -> Finding:
    """The client's refusal, with what TLS itself tells where the reason code alone leaves it open."""
    found = told(str(error))
    if error.code not in _TLS_REFUSALS:
        return found
    if secured is None:
        return replace(
            found, remedy="see that the queue manager runs; if the channel has an SSLCIPH, set cipher_spec"
        )
    if any(each.level is Level.FAILURE for each in shown):
        return replace(found, remedy=f"mend TLS at {address.text}, above")
    if refusal := secured.refusal(address):
        return replace(found, what=f"{found.what}: {refusal.what}", remedy=refusal.remedy)
    return replace(
        found,
        what=f"{found.what}; the certificates are accepted, so it is the CipherSpec",
        remedy=f"set cipher_spec, now {alone.cipher_spec}, and the channel's SSLCIPH to the same",
    )


def _uses(configuration: Configuration) -> Mapping[str, Sequence[_Use]]:
    """Each queue that is named, and what is done with it."""
    found: defaultdict[str, list[_Use]] = defaultdict(list)
    for route in configuration.routes:
        if isinstance(route.source, MqSource):
            found[route.source.mq].append(_taking(route.name, route.source.mq, exclusive=keeps_order(route)))
            if route.source.addresses:
                found[route.source.addresses].append(_looking_up(route.name, route.source.addresses))
        for sink in route.sinks:
            if isinstance(sink, MqDestination):
                found[sink.mq].append(_putting(route.name, sink.mq))
                if sink.ledger:
                    found[sink.ledger].append(_remembering(route.name, sink.ledger))
                if sink.addresses:
                    found[sink.addresses].append(_noting(route.name, sink.addresses))
    return found


def _taking(route: str, queue: str, *, exclusive: bool) -> _Use:
    stop = threading.Event()
    doing = "to get, for itself alone" if exclusive else "to get"
    return _Use(route, doing, lambda on: MqTaker(on, queue, stop=stop, exclusive=exclusive), gets=True)


def _putting(route: str, queue: str) -> _Use:
    return _Use(route, "to put", lambda on: MqSink(on, queue), puts=True)


def _remembering(route: str, queue: str) -> _Use:
    doing = "to get, browse and put, as a ledger, for itself alone"
    return _Use(route, doing, lambda on: MqLedger(on, queue), gets=True, puts=True)


def _noting(route: str, queue: str) -> _Use:
    return _Use(route, "to put addresses", lambda on: MqSink(on, queue), gets=True, puts=True)


def _looking_up(route: str, queue: str) -> _Use:
    return _Use(route, "to browse addresses", lambda on: MqBrowser(on, queue), gets=True)


def _queue(
    connection: MqConnection, queue: str, uses: Sequence[_Use], configuration: Configuration
) -> Iterator[Finding]:
    thing = f"queue {queue} on {connection.queue_manager_name}"
    # Routes may share one: each way to open it is tried once.
    for place, use in enumerate({each.doing: each for each in uses}.values()):
        if place:
            connection.close()  # what it is open for already may exclude the next
        routes = ", ".join(each.route for each in uses if each.doing == use.doing)
        try:
            use.opened_by(connection).connect()
        except Away as e:
            found = told(str(e))
            if e.code == _IN_USE:
                remedy = "right where a bridge is running; otherwise find out who it is"
                yield warning(thing, f"{found.what} (route {routes})", remedy)
            else:
                yield replace(found, what=f"{found.what} (route {routes})")
        else:
            yield ok(thing, f"opened {use.doing} (route {routes})")
    yield from _attributes(connection, queue, uses, configuration)


def _attributes(
    connection: MqConnection, queue: str, uses: Sequence[_Use], configuration: Configuration
) -> Iterator[Finding]:
    """What its definition says, as far as the user may inquire."""
    constants = connection.binding.constants
    gets, puts = any(each.gets for each in uses), any(each.puts for each in uses)
    options = constants.MQOO_INQUIRE | (constants.MQOO_BROWSE if gets else 0)
    opened = MqQueue(connection, queue, options, "to inquire and browse" if gets else "to inquire")
    thing = f"queue {queue} on {connection.queue_manager_name}"
    try:
        opened.connect()
    except Away as e:
        if e.code == mq_reasons.NOT_AUTHORISED:
            found = told(str(e))
            what = f"depth and attributes can't be told: {found.what}"
            yield warning(thing, what, f"{found.remedy}, for the depth in the metrics and for this check")
        return  # anything else has been told of already

    def attribute(selector: int) -> int | None:
        """None where a queue of its type has none such."""
        try:
            with connection.errors():
                return int(opened.handle.inquire(selector))
        except MqError:
            return None

    for selector, code, matters in (
        (constants.MQIA_INHIBIT_GET, _GET_INHIBITED, gets),
        (constants.MQIA_INHIBIT_PUT, _PUT_INHIBITED, puts),
    ):
        if matters and attribute(selector):
            yield told(mq_reasons.sentence(thing, code))
    depth, most = attribute(constants.MQIA_CURRENT_Q_DEPTH), attribute(constants.MQIA_MAX_Q_DEPTH)
    if depth is not None and most:
        waiting = f"depth {depth:,} of {most:,}"
        if puts and depth >= most * _FULL:
            yield warning(thing, waiting, "have its messages taken, or raise MAXDEPTH")
        else:
            yield ok(thing, waiting)
    if any(each.puts and not each.gets for each in uses):
        offload = configuration.offload
        # More than MQ ever takes is in base64, and smaller without.
        largest = min(offload.maximum_size, _MQ_CARRIES) if offload else _SQS_CARRIES
        longest = attribute(constants.MQIA_MAX_MSG_LENGTH)
        if longest is not None and longest < largest:
            what = (
                f"takes messages up to {longest:,} bytes (MAXMSGL), and up to {largest:,} may come from SQS"
            )
            lower = ", or lower offload.maximum_size" if offload else ""
            yield warning(thing, what, f"raise MAXMSGL{lower}: what is larger is set aside")
    threshold = attribute(constants.MQIA_BACKOUT_THRESHOLD)
    if any(each.gets and not each.puts for each in uses) and threshold:
        ours = configuration.dead_letters.backout_threshold
        yield ok(
            thing, f"its BOTHRESH({threshold}) is not looked at: dead_letters.backout_threshold is {ours}"
        )
