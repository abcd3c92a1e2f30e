"""The command `mock-mq`. Exit codes: 0 done, 1 failed, 2 bad usage."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from mock_mq import fault_commands, serving
from mock_mq.client.connection import Connection, Target
from mock_mq.connecting import (
    BAD_USAGE,
    PASSWORD,
    TLS_IN_ENVIRONMENT,
    PemFile,
    QueueName,
    connected,
    fail,
    name_of_at_most,
    plainly,
    with_target,
    write_body,
)
from mock_mq.constants import GetOption, OpenOption, PutOption, Reason, Selector
from mock_mq.core.definition import MAX_MESSAGE_LENGTH
from mock_mq.errors import MQError
from mock_mq.server import TLS
from mock_mq.wire.calls import Got
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

app = typer.Typer(
    name="mock-mq",
    help="A queue manager that speaks IBM MQ's client protocol, and commands that use a running one.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage. Everybody sees a command line in `ps`: "
    f"give passwords in the environment variable {PASSWORD}.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(fault_commands.app)


def main() -> None:
    """Runs the command and exits with its code."""
    app(prog_name="mock-mq")


def _queue_or_rule(name: str) -> str:
    if name != "*":
        name_of_at_most(48)(name.removesuffix("*"))
    return name


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 takes any free one.")
    ] = 1414,
    queue_manager: Annotated[
        str, typer.Option("--queue-manager", parser=name_of_at_most(48), help="The queue manager's name.")
    ] = "QM1",
    channel: Annotated[
        str, typer.Option("--channel", parser=name_of_at_most(20), help="The channel that clients use.")
    ] = "DEV.APP.SVRCONN",
    queue: Annotated[
        list[str] | None,
        typer.Option(
            "--queue",
            parser=_queue_or_rule,
            metavar="NAME",
            help="A queue beside DEV.QUEUE.1 to 3 and DEV.DEAD.LETTER.QUEUE; NAME.* makes such queues when "
            "they are first opened. Repeatable.",
        ),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(
            "--user",
            metavar="NAME[:PASSWORD]",
            help=f"Who may connect; without a password here, {PASSWORD} has it. Repeatable; without any, "
            "everybody may.",
        ),
    ] = None,
    password: Annotated[
        str, typer.Option(envvar=PASSWORD, hidden=True, help="The password of users given without one.")
    ] = "",
    tls_cert: Annotated[
        Path | None, PemFile("--tls-cert", help="Speak TLS only, with this certificate (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, PemFile("--tls-key", help="The certificate's key (PEM).")] = None,
    tls_ca: Annotated[
        Path | None, PemFile("--tls-ca", help="The CAs that clients' certificates are checked with (PEM).")
    ] = None,
    require_client_certificate: Annotated[
        bool, typer.Option("--require-client-cert", help="Refuse clients without one.")
    ] = False,
    define: Annotated[
        list[Path] | None,
        typer.Option(
            "--define",
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Queues, channels, users, rights and faults: YAML, or MQSC in FILE.mqsc. Repeatable.",
        ),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE", help="Write a line a segment; - is stderr. No bodies."),
    ] = None,
    masked: Annotated[
        bool, typer.Option("--masked", help="Leave times and addresses out of the trace: two runs compare.")
    ] = False,
    pcap: Annotated[
        Path | None,
        typer.Option("--pcap", metavar="FILE", help="Write a capture for Wireshark, with bodies, plain."),
    ] = None,
    console: Annotated[
        bool, typer.Option("--console", help="Open a console for the browser, and print its address.")
    ] = False,
    console_host: Annotated[
        str, typer.Option("--console-host", help="Where the console listens; whoever reaches it may use it.")
    ] = "127.0.0.1",
    console_port: Annotated[
        int, typer.Option("--console-port", min=0, max=65535, help="Its port; 0 takes any free one.")
    ] = 9443,
    tls_in_environment: Annotated[
        str, typer.Option(envvar=TLS_IN_ENVIRONMENT, hidden=True, help="In place of the --tls options.")
    ] = "",
) -> None:
    """Run a queue manager in memory until SIGTERM or Ctrl-C.

    It has what IBM's developer image has. Once clients can connect it prints
    `mock-mq: QM1 listening on HOST:PORT`; its log goes to stderr. What is on its queues is gone when it ends.

    A container has no files: without the --tls options, MOCK_MQ_TLS has their content as JSON (certificate,
    private_key, ca, each PEM), and clients without a certificate are refused.
    """
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together")
    if tls_cert is None and tls_ca is not None:
        raise typer.BadParameter("--tls-ca goes with --tls-cert and --tls-key")
    if require_client_certificate and tls_ca is None:
        raise typer.BadParameter("--require-client-cert goes with --tls-ca")

    def listening(on: str, port: int) -> None:
        where = f"[{on}]" if ":" in on else on
        typer.echo(f"mock-mq: {definition.name} listening on {where}:{port}")
        sys.stdout.flush()

    def shown(url: str) -> None:
        typer.echo(f"mock-mq: console at {url}")
        sys.stdout.flush()

    serving.log_to_stderr()
    with ExitStack() as stack:
        try:
            if tls_cert and tls_key:
                tls: TLS | None = TLS(tls_cert, tls_key, tls_ca, require_client_certificate)
            else:
                tls = stack.enter_context(serving.tls_of(tls_in_environment))
            definition = serving.definition_of(
                name=queue_manager, channel=channel, queues=queue or (), users=user or (), password=password
            )
            definition, faults = serving.defined_by(define or (), definition)
            recorder = stack.enter_context(serving.recorded(trace, pcap, masked=masked))
            server = serving.server_of(
                definition, host=host, port=port, tls=tls, faults=faults, recorder=recorder
            )
        except serving.UsageError as e:
            fail(str(e), BAD_USAGE)
        try:
            page = (console_host, console_port) if console else None
            asyncio.run(serving.serve(server, listening, console=page, shown=shown))
        except (OSError, UnicodeError) as e:  # a name that can't be one is a UnicodeError
            fail(f"can't listen on {host}:{port}: {_why(e)}; give another --host or --port")


def _why(error: OSError | UnicodeError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    # The event loop has a sentence of its own around the plain one; resolvers have numbers of their own.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


@app.command()
def ping(
    *,
    host: Annotated[str, typer.Option("--host", help="Where the queue manager listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port it listens on.")] = 1414,
) -> None:
    """Exit with 0 where something listens: what a container's health check calls."""
    with plainly(f"{host}({port})"), socket.create_connection((host, port), timeout=5):
        typer.echo(f"mock-mq: {host}({port}) answers")


@app.command()
@with_target
def put(
    target: Target,
    queue: QueueName,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The message, in UTF-8.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="A file that is the message; - is stdin.")
    ] = None,
    message_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            parser=name_of_at_most(8),
            help="Its format: MQSTR for TEXT, none for a file.",
        ),
    ] = None,
    ccsid: Annotated[int, typer.Option("--ccsid", min=0, help="What its text is written in.")] = 1208,
    persistent: Annotated[bool, typer.Option("--persistent", help="Put it as a persistent message.")] = False,
) -> None:
    """Put a message on a queue, and print the MsgId it was given."""
    if text is not None and file is None:
        data = text.encode()
    elif file is not None and text is None:
        with plainly(str(file)):
            data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    else:
        raise typer.BadParameter("give either TEXT or --file")
    descriptor = MessageDescriptor(
        format=("MQSTR" if file is None else "") if message_format is None else message_format,
        ccsid=ccsid,
        persistence=int(persistent),
    )
    options = PutMessageOptions(options=PutOption.NO_SYNCPOINT | PutOption.NEW_MSG_ID)
    with connected(target, queue) as connection:
        stored, _ = connection.put1(ObjectDescriptor(object_name=queue), descriptor, options, data)
    typer.echo(stored.message_id.hex().upper())


@app.command()
@with_target
def get(
    target: Target,
    queue: QueueName,
    *,
    wait: Annotated[float, typer.Option("--wait", min=0, help="How many seconds to wait for one.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where to write it, instead of stdout.")
    ] = None,
) -> None:
    """Take the next message off a queue and write its body, byte for byte, to stdout.

    It leaves the queue only once it is written.
    """
    options = GetMessageOptions(options=GetOption.WAIT | GetOption.SYNCPOINT, wait_interval=int(wait * 1000))
    with connected(target, queue) as connection:
        handle, _ = connection.open(ObjectDescriptor(object_name=queue), OpenOption.INPUT_AS_Q_DEF)
        got = connection.get(handle, MessageDescriptor(), options, MAX_MESSAGE_LENGTH)
        write_body(got.data, output)
        connection.commit()


@app.command()
@with_target
def browse(
    target: Target,
    queue: QueueName,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many messages to show at most.")] = 100,
    body: Annotated[bool, typer.Option("--body", help="Show how the bodies begin, too.")] = False,
) -> None:
    """Show the messages on a queue, first to come first, and leave them there."""
    from mock_mq.showing import BODY_SAMPLE, show  # noqa: PLC0415 - `serve` starts without rich

    with connected(target, queue) as connection:
        handle, _ = connection.open(ObjectDescriptor(object_name=queue), OpenOption.BROWSE)
        messages = list(islice(_browse(connection, handle, BODY_SAMPLE if body else 0), limit))
    show(messages, bodies=body)


def _browse(connection: Connection, handle: int, room: int) -> Iterator[Got]:
    """The messages one after the other, with no more than `room` bytes of each body."""
    options = GetMessageOptions(options=GetOption.BROWSE_NEXT | GetOption.ACCEPT_TRUNCATED_MSG)
    while True:
        try:
            yield connection.get(handle, MessageDescriptor(), options, room)
        except MQError as e:
            if e.reason is not Reason.NO_MSG_AVAILABLE:
                raise
            return


@app.command()
@with_target
def depth(target: Target, queue: QueueName) -> None:
    """Print how many messages are on a queue."""
    with connected(target, queue) as connection:
        handle, _ = connection.open(ObjectDescriptor(object_name=queue), OpenOption.INQUIRE)
        (found,), _ = connection.inquire(handle, [Selector.CURRENT_Q_DEPTH], 1, 0)
    typer.echo(found)
