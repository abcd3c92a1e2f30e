"""`mock-mq fault`: has a running mock-mq go wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from mock_mq.client.connection import Connection, Target
from mock_mq.connecting import connected, fail, with_target
from mock_mq.constants import GetOption, OpenOption, PutOption
from mock_mq.faults import CONTROL_APPLICATION, CONTROL_QUEUE, Deed
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

_WAIT_MILLISECONDS = 10_000
_LONGEST_ANSWER = 1_048_576
app = typer.Typer(
    name="fault",
    help="Have a running mock-mq go wrong: calls, the network, or all of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Seconds = Annotated[float, typer.Option("--seconds", min=0, help="For how long.")]


@app.command()
@with_target
def add(
    target: Target,
    do: Annotated[Deed, typer.Argument(metavar="DEED", help=f"What happens: {', '.join(Deed)}.")],
    *,
    call: Annotated[str, typer.Option("--call", help="Which call: MQCMIT, MQGET, MQCONN, ...")] = "*",
    queue: Annotated[str, typer.Option("--queue", help="On which queues: a name, or a pattern.")] = "*",
    by: Annotated[str, typer.Option("--by", help="By which user.")] = "*",
    application: Annotated[str, typer.Option("--application", help="By which program.")] = "*",
    nth: Annotated[int, typer.Option("--nth", min=0, help="The so-manieth of a connection.")] = 0,
    every: Annotated[int, typer.Option("--every", min=0, help="Every so many of a connection.")] = 0,
    probability: Annotated[float, typer.Option("--probability", min=0, max=1, help="By chance.")] = 1.0,
    times: Annotated[int, typer.Option("--times", min=0, help="At most so often; 0 for no end.")] = 0,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="How long a delay is.")] = 0.0,
    reason: Annotated[int, typer.Option("--reason", help="The reason to fail with: 2053.")] = 0,
) -> None:
    """Set a fault, and print the number that takes it back."""
    fault = {
        "do": do.value,
        "call": call,
        "queue": queue,
        "user": by,
        "application": application,
        "nth": nth,
        "every": every,
        "probability": probability,
        "times": times,
        "seconds": seconds,
        "reason": reason,
    }
    typer.echo(_asked(target, {"command": "add", "fault": fault}))


@app.command("list")
@with_target
def list_(target: Target) -> None:
    """Show the faults that are set, and how often each has happened."""
    from rich.console import Console  # noqa: PLC0415 - `serve` starts without it
    from rich.table import Table  # noqa: PLC0415

    table = Table("Number", "Deed", "Rule", "Happened", box=None)
    for each in _asked(target, {"command": "list"}):
        fault = each["fault"]
        rule = " ".join(
            f"{name}={value}"
            for name, value in fault.items()
            if name != "do" and value not in ("*", 0, 0.0) and (name, value) != ("probability", 1.0)
        )
        table.add_row(str(each["number"]), fault["do"], rule, str(each["happened"]))
    Console().print(table)


@app.command()
@with_target
def remove(target: Target, number: Annotated[int, typer.Argument(help="The fault's number.")]) -> None:
    """Take a fault back."""
    _asked(target, {"command": "remove", "number": number})


@app.command()
@with_target
def clear(target: Target) -> None:
    """Take all faults back, and have the network as fast as it is."""
    _asked(target, {"command": "clear"})


@app.command()
@with_target
def slow(
    target: Target,
    bytes_per_second: Annotated[int, typer.Argument(min=0, help="For each connection; 0 ends it.")],
) -> None:
    """Make the network slow for what mock-mq sends."""
    _asked(target, {"command": "slow", "bytes_per_second": bytes_per_second})


@app.command()
@with_target
def quiesce(target: Target, *, seconds: Seconds = 10.0) -> None:
    """Let nobody in, and fail who wants to (2161); then stop, and start again."""
    _asked(target, {"command": "quiesce", "seconds": seconds})


@app.command()
@with_target
def stop(target: Target, *, seconds: Seconds = 10.0) -> None:
    """Stop at once, and start again: what was not persistent is gone."""
    _asked(target, {"command": "stop", "seconds": seconds})


def _asked(target: Target, command: Mapping[str, Any]) -> Any:
    """The answer to a command; ends with one line where it is refused."""
    with connected(replace(target, application=CONTROL_APPLICATION), CONTROL_QUEUE) as connection:
        answer = _exchange(connection, json.dumps(command).encode())
    if isinstance(answer, dict) and "error" in answer:
        fail(answer["error"])
    return answer


def _exchange(connection: Connection, command: bytes) -> Any:
    model = ObjectDescriptor(object_name="SYSTEM.DEFAULT.MODEL.QUEUE", dynamic_queue_name="MOCK.REPLY.*")
    handle, opened = connection.open(model, OpenOption.INPUT_EXCLUSIVE)
    descriptor = MessageDescriptor(
        message_type=1, format="MQSTR", ccsid=1208, reply_to_queue=opened.object_name, persistence=0
    )
    put = PutMessageOptions(options=PutOption.NO_SYNCPOINT | PutOption.NEW_MSG_ID)
    connection.put1(ObjectDescriptor(object_name=CONTROL_QUEUE), descriptor, put, command)
    get = GetMessageOptions(options=GetOption.WAIT | GetOption.NO_SYNCPOINT, wait_interval=_WAIT_MILLISECONDS)
    return json.loads(bytes(connection.get(handle, MessageDescriptor(), get, _LONGEST_ANSWER).data))
