"""`bridge run --dry-run`: what waits, and what it would become; nothing is taken, sent or written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from typing import Any

import typer

from bridge import configuration as configured
from bridge.access import Access
from bridge.assembly import make_key_repository, read_credentials
from bridge.aws.faults import FAULTS, classify
from bridge.aws.queue import Queue
from bridge.aws.session import Clients
from bridge.binding import load_binding
from bridge.check.looking import AGENT
from bridge.cli_configuration import FAILED
from bridge.configuration import Configuration
from bridge.errors import BridgeError
from bridge.mq_addresses import MqAddresses
from bridge.mq_browser import MqBrowser
from bridge.mq_connection import MqConnection
from bridge.preview import Preview, Previewer
from bridge.showing_letters import plain

_NOT_SHOWN = "not shown: SQS can't be browsed, and to receive a message counts as a delivery of it"


def dry_run(configuration: Configuration, *, limit: int, bodies: bool, as_json: bool) -> int:
    """Prints up to `limit` messages a route, and their bodies where told to; returns the exit code.

    What is wrong with one route is a line on stderr, and the others are shown all the same.
    """
    clients = Clients(agent=AGENT)
    code = 0
    try:
        binding = load_binding()
        credentials = read_credentials(configuration, clients)
        access = Access(credentials, make_key_repository(configuration, credentials))
    except BridgeError as e:
        typer.echo(str(e), err=True)
        return FAILED
    with closing(access):
        for route in configuration.routes:
            try:
                if isinstance(route.source, configured.SqsSource):
                    _show_depth(route.name, _depth(route.source.sqs, clients), as_json=as_json)
                    continue
                connection = MqConnection(binding, configuration.queue_manager, access)
                with closing(MqBrowser(connection, route.source.mq)) as browser:
                    previewer = Previewer(configuration, route, clients)
                    asked = route.source.addresses
                    addresses = MqAddresses(connection, asked) if asked else None
                    if not as_json:
                        typer.echo(f"{route.name}: mq:{route.source.mq} -> {previewer.destination}")
                    shown = 0
                    for delivery in browser.browse(limit):
                        found = previewer.preview(addresses.addressed(delivery) if addresses else delivery)
                        told = [_told(route.name, found, bodies=bodies)]
                        lines = (
                            told if as_json else _lines(found, bodies=bodies, several=len(route.sinks) > 1)
                        )
                        typer.echo("\n".join(lines))
                        shown += 1
                    if not as_json and shown in {0, limit}:
                        typer.echo(f"  the first {shown}: --limit shows more" if shown else "  nothing waits")
            except BridgeError as e:
                typer.echo(f"{route.name}: {e}", err=True)
                code = FAILED
    return code


def _show_depth(route: str, depth: int, *, as_json: bool) -> None:
    told = {"route": route, "depth": depth, "note": _NOT_SHOWN}
    typer.echo(json.dumps(told) if as_json else f"{route}: {depth:,} messages wait, {_NOT_SHOWN}")


def _depth(name: str, clients: Clients) -> int:
    """How many messages are visible in an SQS queue; raises `Away`."""
    queue = Queue.parse(name)
    client = clients.sqs(queue.region)
    url = queue.look_up(client)
    try:
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    except FAULTS as e:
        raise classify(e, f"sqs:{queue.name}").as_away() from None
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _told(route: str, found: Preview, *, bodies: bool) -> str:
    """A message as JSON."""
    told: dict[str, Any] = {"route": route, **asdict(found)}
    if not bodies:
        del told["text"]
    return json.dumps(told)


def _lines(found: Preview, *, bodies: bool, several: bool) -> Iterator[str]:
    """A message for a reader; what came with it can do nothing to his terminal."""
    backed_out = f", backed out {found.backout_count} times" if found.backout_count else ""
    kind = f"{plain(found.format) or 'no format'}, CCSID {found.ccsid}"
    yield f"  {found.message_id}  {found.size:,} bytes, {kind}{backed_out}"
    if found.filtered:
        yield "    left out: the route's filter does not match it"
        return
    if found.set_aside:
        yield f"    set aside: {found.set_aside}"
        return
    if several:
        yield f"    to {found.destination}"
    yield f"    {found.body}, {found.sent:,} bytes in all{', through S3' if found.through_s3 else ''}"
    attributes = ", ".join(f"{plain(name)} ({size:,})" for name, size in found.attributes.items())
    yield f"    attributes, with their bytes: {attributes}"
    for name, value in found.order.items():
        yield f"    {name}: {plain(value)}"
    if bodies:
        yield f"    body: {plain(found.text)}"
