"""What several values say together: checked on the tree as it was read, so that all is told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from bridge.configuration.ends import End, destinations, mapping, source_keys, source_of, text
from bridge.configuration.mistakes import Location
from bridge.configuration.reading import Document

Tell = Callable[[Location, str, str], None]
"""Takes a mistake's location, problem and remedy; `{value}` in the problem stands for the value there."""


def check(document: Document, tell: Tell) -> None:
    """Checks what the values say together, as far as they are what they should be."""
    tree = mapping(document.tree)
    _check_tls(mapping(tree.get("queue_manager")), tell)
    routes = tree.get("routes")
    if isinstance(routes, tuple):
        _check_names(document, routes, tell)
        _check_pairs(routes, tell)
        _check_sources(document, routes, tell)
        _check_groups(routes, tell)
        _check_choices(document, routes, tell)
        _check_event_types(routes, tell)
        _check_ledgers(document, routes, tell)
        _check_addresses(document, routes, tell)
        _check_processes(tree.get("processes"), routes, tell)


def _check_tls(queue_manager: Mapping[str, Any], tell: Tell) -> None:
    cipher = queue_manager.get("cipher_spec", "")
    if cipher and "credentials" not in queue_manager:
        problem = "TLS needs credentials, at least the CA that signed the queue manager's certificate"
        tell(
            ("queue_manager", "cipher_spec"),
            problem,
            "write credentials: file:DIRECTORY or secretsmanager:NAME",
        )
    for key in ("peer_name", "certificate_label"):
        if queue_manager.get(key) and "cipher_spec" not in queue_manager:
            problem = "has no meaning without TLS"
            tell(("queue_manager", key), problem, "add cipher_spec: ANY_TLS12_OR_HIGHER, or leave it out")


def _check_names(document: Document, routes: tuple[Any, ...], tell: Tell) -> None:
    first: dict[str, int] = {}
    for index, route in enumerate(routes):
        name = mapping(route).get("name")
        if not isinstance(name, str):
            continue
        here: Location = ("routes", index, "name")
        if name in first:
            line = document.line(("routes", first[name], "name"))
            tell(
                here, f"{{value}} is the name of the route on line {line} too", "give each route its own name"
            )
        first.setdefault(name, index)


def _check_pairs(routes: tuple[Any, ...], tell: Tell) -> None:
    for index, route in enumerate(routes):
        source = source_of(route)
        for here, _, sink in destinations(index, route):
            if source is None or sink is None:
                continue
            if source == sink:
                tell(here, "is the queue that the route takes from", "name another destination")
            elif source[0] == sink[0] == "mq":
                tell(
                    here,
                    "MQ to MQ is not the bridge's work",
                    "use a remote queue or an alias on the queue manager",
                )
            elif source[0] == "sqs" and sink[0] != "mq":
                problem = f"SQS to {sink[0].upper()} is not the bridge's work"
                tell(here, problem, "name an MQ queue; a route goes MQ to SNS, MQ to SQS or SQS to MQ")


def _check_sources(document: Document, routes: tuple[Any, ...], tell: Tell) -> None:
    seen: dict[tuple[str, str], tuple[int, list[End | None]]] = {}
    ways: dict[tuple[End, End], Location] = {}
    for index, route in enumerate(routes):
        source = source_of(route)
        if source is None:
            continue
        places = list(destinations(index, route))
        sinks = [sink for _, _, sink in places]
        if source in seen and seen[source][1] != sinks:
            line = document.line(("routes", seen[source][0], "from"))
            problem = (
                f"the route on line {line} takes from it too, and each message would reach one of them only"
            )
            remedy = "make it one route, to an SNS topic that sends to all"
            tell(("routes", index, "from"), problem, remedy)
        seen.setdefault(source, (index, sinks))
        for here, _, sink in places:
            if sink is None or source == sink:
                continue
            if (back := ways.get((sink, source))) is not None:
                line = document.line(back)
                problem = (
                    f"leads back to the source of the route on line {line}, and messages would go round for "
                    "ever"
                )
                tell(here, problem, "give each direction queues of its own")
            ways.setdefault((source, sink), here)


def _check_groups(routes: tuple[Any, ...], tell: Tell) -> None:
    for index, route in enumerate(routes):
        for here, keys, sink in destinations(index, route):
            if sink and sink[0] != "mq" and not sink[1].endswith(".fifo") and "group" in keys:
                problem = "only a FIFO topic or queue has message groups"
                tell((*here, "group"), problem, "leave it out, or name one that ends in .fifo")


def _check_choices(document: Document, routes: tuple[Any, ...], tell: Tell) -> None:
    """That each of several destinations can get a message, and all want it written alike."""
    for index, route in enumerate(routes):
        places = list(destinations(index, route))
        for (before, earlier, _), (here, keys, _) in pairwise(places):
            if "when" not in earlier and "addresses" not in source_keys(route):
                line = document.line(before)
                problem = f"never gets a message: the one on line {line} has no `when` and takes them all"
                tell(here, problem, "put that one last, or give it a `when`")
            for key in ("ccsid", "format", "ledger_id"):
                if "mq" in keys and keys.get(key) != earlier.get(key):
                    problem = "is not that of the destination before it"
                    remedy = "give all MQ queues of a route the same, or make routes of them"
                    tell((*here, *((key,) if key in keys else ())), f"{key} {problem}", remedy)


def _check_event_types(routes: tuple[Any, ...], tell: Tell) -> None:
    for index, route in enumerate(routes):
        for here, keys, _ in destinations(index, route):
            if "event_type" in keys and keys.get("format") != "cloudevents":
                problem = "has no meaning without CloudEvents"
                tell((*here, "event_type"), problem, "add format: cloudevents, or leave it out")


def _check_ledgers(document: Document, routes: tuple[Any, ...], tell: Tell) -> None:
    used = _mq_queues(routes)
    for index, route in enumerate(routes):
        source = source_of(route)
        for place, keys, _ in destinations(index, route):
            _check_ledger(document, place, keys, source, used, tell)


def _check_ledger(
    document: Document,
    place: Location,
    keys: Mapping[str, Any],
    source: End | None,
    used: dict[str, Location],
    tell: Tell,
) -> None:
    here, ledger = (*place, "ledger"), keys.get("ledger")
    if "ledger_id" in keys and "ledger" not in keys:
        tell((*place, "ledger_id"), "has no meaning without a ledger", "add ledger: QUEUE")
    if keys.get("ledger_id") == "MessageDeduplicationId" and source and not source[1].endswith(".fifo"):
        problem = "only messages of a FIFO queue have a MessageDeduplicationId"
        tell((*place, "ledger_id"), problem, "leave it out, so that the MessageId is remembered")
    if not isinstance(ledger, str):
        return
    if ledger in used:
        line = document.line(used[ledger])
        tell(here, f"{{value}} is used on line {line} too", "give each ledger a queue of its own")
    used.setdefault(ledger, here)


def _check_addresses(document: Document, routes: tuple[Any, ...], tell: Tell) -> None:
    used = _mq_queues(routes)
    for index, route in enumerate(routes):
        for here, keys, _ in destinations(index, route):
            if isinstance(keys.get("ledger"), str):
                used.setdefault(keys["ledger"], (*here, "ledger"))
    for index, route in enumerate(routes):
        places: list[tuple[Location, Mapping[str, Any]]] = [(("routes", index, "from"), source_keys(route))]
        places.extend((here, keys) for here, keys, _ in destinations(index, route))
        for here, keys in places:
            addresses = keys.get("addresses")
            if isinstance(addresses, str) and addresses in used:
                problem = f"{{value}} is used on line {document.line(used[addresses])} too"
                remedy = "keep addresses in a queue that is for nothing else"
                tell((*here, "addresses"), problem, remedy)
    _check_requests(routes, tell)
    _check_answers(routes, tell)


def _check_requests(routes: tuple[Any, ...], tell: Tell) -> None:
    """That the answers to what a route puts come to another, which knows where they go."""
    answered = {(text(keys, "mq"), text(keys, "addresses")) for keys in map(source_keys, routes)}
    for index, route in enumerate(routes):
        for place, keys, _ in destinations(index, route):
            addresses, replies = text(keys, "addresses"), text(keys, "reply_to_queue")
            here = (*place, "reply_to_queue")
            if addresses and not replies:
                problem = "has no meaning without reply_to_queue"
                tell((*place, "addresses"), problem, "add the queue that answers come to")
            elif replies and not addresses:
                problem = "has no meaning without addresses"
                tell(here, problem, "add the queue that keeps where answers go")
            elif replies and replies == text(keys, "mq"):
                tell(here, "is the queue that the requests go to", "give answers a queue of their own")
            elif replies and (replies, addresses) not in answered:
                remedy = "add a route from that queue, with the same addresses, or correct the names"
                tell(here, "no route takes answers from {value} with the same addresses", remedy)


def _check_answers(routes: tuple[Any, ...], tell: Tell) -> None:
    """That somebody notes the addresses that a route goes by, and that it goes by nothing else."""
    noted = {
        text(keys, "addresses")
        for index, route in enumerate(routes)
        for _, keys, _ in destinations(index, route)
    }
    for index, route in enumerate(routes):
        keys = source_keys(route)
        addresses = text(keys, "addresses")
        if not addresses or not text(keys, "mq"):
            continue
        if addresses not in noted:
            remedy = "give the route that puts the requests these addresses, and reply_to_queue"
            tell(("routes", index, "from", "addresses"), "no route puts addresses to {value}", remedy)
        for here, chosen, _ in destinations(index, route):
            if "when" in chosen:
                problem = "has no meaning where answers go by their addresses"
                tell((*here, "when"), problem, "leave it out, or leave addresses out")


def _check_processes(processes: Any, routes: tuple[Any, ...], tell: Tell) -> None:
    """That there is a route that several processes can share: see `Route.taken_by_one`."""
    shared = [
        index
        for index, route in enumerate(routes)
        if not any(
            "ledger" in keys or (sink and sink[0] != "mq" and sink[1].endswith(".fifo"))
            for _, keys, sink in destinations(index, route)
        )
    ]
    if isinstance(processes, int) and processes > 1 and routes and not shared:
        problem = (
            "{value} processes have nothing to share: a route that keeps order or has a ledger runs in one"
        )
        tell(("processes",), problem, "leave it out, or make a bridge of each route")


def _mq_queues(routes: tuple[Any, ...]) -> dict[str, Location]:
    """The queues of the queue manager's that routes take from and put to, and where they stand first."""
    used: dict[str, Location] = {}
    for index, route in enumerate(routes):
        ends: list[tuple[Location, End | None]] = [(("routes", index, "from"), source_of(route))]
        ends.extend((here, sink) for here, _, sink in destinations(index, route))
        for here, end in ends:
            if end and end[0] == "mq":
                used.setdefault(end[1], here)
    return used
