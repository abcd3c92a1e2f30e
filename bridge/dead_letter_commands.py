"""What `bridge dead-letters` does once its options are read."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import typer

from bridge import exporting, log, showing_letters, signals
from bridge.aws.letter_box import AGENT, LetterBox
from bridge.aws.session import Clients
from bridge.cli_configuration import FAILED
from bridge.configuration import Configuration
from bridge.destinations import Destinations
from bridge.errors import BridgeError
from bridge.letters import DamagedLetter, Selection, is_place, moment
from bridge.replay import Outcome, Pace, Plan, Replay
from bridge.retry import Retry


def selection(
    configuration: Configuration,
    prefixes: Sequence[str] | None,
    routes: Sequence[str] | None = None,
    since: str = "",
    until: str = "",
    reason: str = "",
) -> Selection:
    """The letters that the options mean; raises `typer.BadParameter`."""
    now = datetime.now(UTC)
    try:
        return Selection(
            prefixes=tuple(_prefix(each, configuration.dead_letters.bucket) for each in prefixes or ()),
            routes=tuple(routes or ()),
            since=moment(since, now) if since else None,
            until=moment(until, now, end=True) if until else None,
            reason=reason,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def list_letters(configuration: Configuration, wanted: Selection, *, replayed: bool, as_json: bool) -> None:
    """`bridge dead-letters list`."""
    show = showing_letters.lister(as_json=as_json)
    waiting = damaged = hidden = 0
    with _opened(configuration) as (_, box):
        for found in box.select(wanted, replayed=replayed):
            if found.replayed and not replayed:
                hidden += 1
                continue
            damaged += bool(found.wrong)
            waiting += not found.wrong and not found.replayed
            show(found)
    told = f"{_letters(waiting)} to be replayed, {damaged} damaged"
    _say(told + (f"; {hidden} replayed ones are not shown: --replayed shows them" if hidden else ""))


def show_letter(configuration: Configuration, wanted: Selection, body: str) -> None:
    """`bridge dead-letters show`; `body` is text, hex or nothing."""
    [name] = wanted.prefixes
    with _opened(configuration) as (_, box):
        found = list(islice(box.select(wanted, replayed=True), 2))
        if not found:
            raise _failed(f"{name}: there is no such letter")
        if len(found) > 1:
            raise typer.BadParameter(f"{name}: several begin so, {found[0].prefix} for one: write more of it")
        prefix, about = found[0].prefix, found[0].particulars
        if about is None:
            raise _failed(f"{prefix}: damaged: {found[0].wrong}")
        showing_letters.show(prefix, about, box.history(prefix))
        if body:
            showing_letters.show_body(box.body(prefix), about, body)


def export_letters(
    configuration: Configuration, wanted: Selection, directory: Path, *, replayed: bool
) -> None:
    """`bridge dead-letters export`."""
    written = there = damaged = 0
    with _opened(configuration) as (_, box), showing_letters.progress("exporting", None) as advance:
        for found in box.select(wanted, replayed=replayed):
            if found.replayed and not replayed:
                continue
            wrong, new = found.wrong, False
            try:
                if is_place(found.prefix):
                    new = exporting.export(directory, found, box.body)
            except DamagedLetter as error:
                wrong = str(error)
            except OSError as error:
                raise _failed(f"{directory}: {error.strerror or error}") from None
            if wrong:
                damaged += 1
                _say(f"{found.prefix}: damaged: {wrong}")
            written += new and not wrong
            there += not new and not wrong
            advance()
    typer.echo(f"{_letters(written)} exported, {there} there already, {damaged} damaged")
    raise typer.Exit(FAILED if damaged else 0)


def replay_letters(
    configuration: Configuration, wanted: Selection, *, to: str, rate: float, patience: float, ask: bool
) -> None:
    """`bridge dead-letters replay`."""
    names = [route.name for route in configuration.routes]
    if to and to not in names:
        raise typer.BadParameter(f"--to {to}: the configuration has no such route: choose {', '.join(names)}")
    if ask and not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask at: use --yes")
    with _opened(configuration) as (clients, box), Destinations(configuration, clients, to) as destinations:
        plan = Plan.of(box.select(wanted), destinations.sink_for)
        _show(plan)
        if ask and plan.letters and not typer.confirm(f"Replay {_letters(len(plan.letters))}?", err=True):
            raise _failed("nothing was sent")
        stop = threading.Event()
        signals.stop_on_signals(stop)
        with showing_letters.progress("replaying", len(plan.letters)) as advance:
            away: set[str] = set()

            def tell(prefix: str, outcome: Outcome, reason: str) -> None:
                if not outcome.well and reason not in away:
                    _say(f"{prefix}: {outcome.value}: {reason}")
                if outcome is Outcome.UNTRIED:
                    away.add(reason)
                advance()

            retry = Retry(configuration.dead_letters.retries, stop)
            replay = Replay(box, destinations.sink_for, retry, Pace(rate, stop.wait), stop, patience, tell)
            try:
                replay.run(plan.letters)
            finally:
                outcomes = replay.outcomes + plan.outcomes
                told = [f"{outcomes[each]} {each.value}" for each in Outcome if outcomes[each]]
                typer.echo(", ".join(told) or "nothing to replay")
    interrupted = replay.outcomes.total() < len(plan.letters)
    if interrupted:
        _say("interrupted: run it again for the rest")
    raise typer.Exit(FAILED if interrupted or any(not each.well for each in outcomes) else 0)


def _show(plan: Plan) -> None:
    for (route, sink), count in plan.counts.items():
        _say(f"{route}: {_letters(count)} to {sink}")
    for reason, count in plan.nowhere.items():
        _say(f"{_letters(count)} without a destination: {reason}")
    for prefix, wrong in plan.damaged.items():
        _say(f"{prefix}: damaged: {wrong}")


@contextmanager
def _opened(configuration: Configuration) -> Iterator[tuple[Clients, LetterBox]]:
    """The letters; a fault of the other side's is a line on stderr, and exit code 1."""
    log.configure(sys.stderr)
    try:
        clients = Clients(agent=AGENT)
        yield clients, LetterBox(clients, configuration.dead_letters.bucket)
    except BridgeError as error:
        raise _failed(str(error)) from None


def _prefix(text: str, bucket: str) -> str:
    if "://" in text and not text.startswith(f"s3://{bucket}/"):
        raise ValueError(f"{text}: the dead letters are in s3://{bucket}/")
    key = text.removeprefix(f"s3://{bucket}/").rstrip("/")
    if not key:
        raise ValueError("a letter's name is empty")
    return key


def _failed(message: str) -> typer.Exit:
    _say(f"bridge: {message}")
    return typer.Exit(FAILED)


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _letters(count: int) -> str:
    return f"{count} letter" + ("" if count == 1 else "s")
