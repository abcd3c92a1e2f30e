"""What several values say together: checked on the tree as it was read, so that all is told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.configuration.mistakes import Location
from bridge.configuration.reading import Document

Tell = Callable[[Location, str, str], None]
"""Takes a mistake's location, problem and remedy; `{value}` in the problem stands for the value there."""


def check(document: Document, tell: Tell) -> None:
    """Checks what the values say together, as far as they are what they should be."""
    tree = _mapping(document.tree)
    _check_tls(_mapping(tree.get("queue_manager")), tell)
    routes = tree.get("routes")
    if isinstance(routes, tuple):
        _check_names(document, routes, tell)
        _check_pairs(routes, tell)
        _check_sources(document, routes, tell)
        _check_groups(routes, tell)
        _check_ledgers(document, routes, tell)
        _check_addresses(document, routes, tell)


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
        name = _mapping(route).get("name")
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
        source, sink = _end(route, "from"), _end(route, "to")
        here: Location = ("routes", index, "to")
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
    seen: dict[tuple[str, str], tuple[int, tuple[str, str] | None]] = {}
    ways: dict[tuple[tuple[str, str], tuple[str, str]], int] = {}
    for index, route in enumerate(routes):
        source, sink = _end(route, "from"), _end(route, "to")
        if source is None:
            continue
        if source in seen and seen[source][1] != sink:
            line = document.line(("routes", seen[source][0], "from"))
            problem = (
                f"the route on line {line} takes from it too, and each message would reach one of them only"
            )
            tell(("routes", index, "from"), problem, "make it one route, to an SNS topic that sends to all")
        seen.setdefault(source, (index, sink))
        if sink is None or source == sink:
            continue
        if (back := ways.get((sink, source))) is not None:
            line = document.line(("routes", back, "to"))
            problem = (
                f"leads back to the source of the route on line {line}, and messages would go round for ever"
            )
            tell(("routes", index, "to"), problem, "give each direction queues of its own")
        ways.setdefault((source, sink), index)


def _check_groups(routes: tuple[Any, ...], tell: Tell) -> None:
    for index, route in enumerate(routes):
        sink = _end(route, "to")
        if sink and sink[0] != "mq" and not sink[1].endswith(".fifo") and "group" in _mapping(route)["to"]:
            problem = "only a FIFO topic or queue has message groups"
            tell(("routes", index, "to", "group"), problem, "leave it out, or name one that ends in .fifo")


def _check_ledgers(document: Document, routes: tuple[Any, ...], tell: Tell) -> None:
    used = _mq_queues(routes)
    for index, route in enumerate(routes):
        sink, source = _mapping(_mapping(route).get("to")), _end(route, "from")
        here: Location = ("routes", index, "to", "ledger")
        ledger = sink.get("ledger")
        if "ledger_id" in sink and "ledger" not in sink:
            tell((*here[:-1], "ledger_id"), "has no meaning without a ledger", "add ledger: QUEUE")
        if sink.get("ledger_id") == "MessageDeduplicationId" and source and not source[1].endswith(".fifo"):
            problem = "only messages of a FIFO queue have a MessageDeduplicationId"
            tell((*here[:-1], "ledger_id"), problem, "leave it out, so that the MessageId is remembered")
        if not isinstance(ledger, str):
            continue
        if ledger in used:
            line = document.line(used[ledger])
            tell(here, f"{{value}} is used on line {line} too", "give each ledger a queue of its own")
        used.setdefault(ledger, here)


def _check_addresses(document: Document, routes: tuple[Any, ...], tell: Tell) -> None:
    used = _mq_queues(routes)
    for index, route in enumerate(routes):
        if ledger := _text(route, "to", "ledger"):
            used.setdefault(ledger, ("routes", index, "to", "ledger"))
    for index, route in enumerate(routes):
        for side in ("from", "to"):
            addresses = _text(route, side, "addresses")
            if addresses in used:
                problem = f"{{value}} is used on line {document.line(used[addresses])} too"
                remedy = "keep addresses in a queue that is for nothing else"
                tell(("routes", index, side, "addresses"), problem, remedy)
    _check_requests(routes, tell)


def _check_requests(routes: tuple[Any, ...], tell: Tell) -> None:
    noted = {_text(route, "to", "addresses") for route in routes}
    answered = {(_text(route, "from", "mq"), _text(route, "from", "addresses")) for route in routes}
    for index, route in enumerate(routes):
        addresses = _text(route, "from", "addresses")
        if addresses and _text(route, "from", "mq") and addresses not in noted:
            remedy = "give the route that puts the requests these addresses, and reply_to_queue"
            tell(("routes", index, "from", "addresses"), "no route puts addresses to {value}", remedy)
        addresses, replies = _text(route, "to", "addresses"), _text(route, "to", "reply_to_queue")
        here: Location = ("routes", index, "to", "reply_to_queue")
        if addresses and not replies:
            problem = "has no meaning without reply_to_queue"
            tell((*here[:-1], "addresses"), problem, "add the queue that answers come to")
        elif replies and not addresses:
            problem = "has no meaning without addresses"
            tell(here, problem, "add the queue that keeps where answers go")
        elif replies and replies == _text(route, "to", "mq"):
            tell(here, "is the queue that the requests go to", "give answers a queue of their own")
        elif replies and (replies, addresses) not in answered:
            remedy = "add a route from that queue, with the same addresses, or correct the names"
            tell(here, "no route takes answers from {value} with the same addresses", remedy)


def _mq_queues(routes: tuple[Any, ...]) -> dict[str, Location]:
    """The queues of the queue manager's that routes take from and put to, and where they stand first."""
    used: dict[str, Location] = {}
    for index, route in enumerate(routes):
        for side in ("from", "to"):
            end = _end(route, side)
            if end and end[0] == "mq":
                used.setdefault(end[1], ("routes", index, side))
    return used


def _text(route: Any, side: str, key: str) -> str:
    """What one end of a route says under a key; "" where that is no text."""
    value = _mapping(_mapping(route).get(side)).get(key)
    return value if isinstance(value, str) else ""


def _end(route: Any, side: str) -> tuple[str, str] | None:
    """One end of a route: its kind, and its name as it was written."""
    end = _mapping(_mapping(route).get(side))
    known = ("mq", "sqs") if side == "from" else ("mq", "sqs", "sns")
    kinds = [kind for kind in known if isinstance(end.get(kind), str)]
    if len(kinds) != 1 or not end[kinds[0]]:
        return None
    return kinds[0], str(end[kinds[0]])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
