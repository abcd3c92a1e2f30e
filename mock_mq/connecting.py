"""What the commands that use a running queue manager share: where, who asks, how refusals are told."""

from __future__ import annotations

import functools
import getpass
import inspect
import os
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Concatenate, NoReturn, ParamSpec

import typer

from mock_mq.client.connection import Connection, Target
from mock_mq.constants import Reason
from mock_mq.errors import MQError
from mock_mq.remedies import explain
from mock_mq.wire.fields import Buffer, WireError

PASSWORD = "MOCK_MQ_PASSWORD"  # noqa: S105 - the variable's name
TLS_IN_ENVIRONMENT = "MOCK_MQ_TLS"
FAILED = 1
BAD_USAGE = 2
P = ParamSpec("P")

PemFile = functools.partial(typer.Option, exists=True, dir_okay=False, metavar="FILE")


def name_of_at_most(width: int) -> Callable[[str], str]:
    """Checks an object's name as MQ does: letters, digits and `. / _ %`, at most `width` of them."""

    def check(name: str) -> str:
        if not re.fullmatch(rf"[A-Za-z0-9./_%]{{1,{width}}}", name):
            raise typer.BadParameter(f"{name!r} is not 1 to {width} letters, digits or any of . / _ %")
        return name

    return check


QueueName = Annotated[
    str, typer.Argument(metavar="QUEUE", parser=name_of_at_most(48), help="The queue's name.")
]


def with_target(command: Callable[Concatenate[Target, P], None]) -> Callable[P, None]:
    """Gives a command the options that say where to connect and as whom, as a `Target` in first place."""
    shared = inspect.signature(_target, eval_str=True).parameters
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def run(*arguments: P.args, **given: P.kwargs) -> None:
        where: dict[str, Any] = {name: given.pop(name) for name in shared}
        command(_target(**where), *arguments, **given)

    run.__signature__ = inspect.Signature([*own, *shared.values()])  # type: ignore[attr-defined]
    return run


@contextmanager
def connected(target: Target, queue: str) -> Iterator[Connection]:
    """A connection, for the sake of a queue.

    Whatever the queue manager refuses ends the command with one line on stderr and exit code 1.
    """
    host, port = target.addresses[0]
    with plainly(f"{host}({port})"):
        connection = Connection.connect(target)
    with plainly(queue):
        try:
            yield connection
            connection.disconnect()
        finally:
            connection.abandon()


@contextmanager
def plainly(subject: str) -> Iterator[None]:
    """Ends the command with one line, not a traceback, where the queue manager or a file is in the way."""
    try:
        yield
    except MQError as e:
        fail(f"{subject}: {explain(e)}")
    except WireError as e:
        fail(f"{subject}: {e}", BAD_USAGE)
    except OSError as e:
        fail(f"{e.filename or subject}: {e.strerror}")


def fail(why: str, code: int = FAILED) -> NoReturn:
    """Ends the command with one line on stderr."""
    typer.echo(f"mock-mq: {why}", err=True)
    raise typer.Exit(code)


def write_body(data: Buffer, path: Path | None) -> None:
    """Writes a message's body to a file, a new one its owner's alone, or to stdout. Raises `OSError`."""
    if path is None:
        # Not through sys.stdout, which would try again on exit what a closed pipe has refused.
        file = os.fdopen(sys.stdout.fileno(), "wb", closefd=False)
    else:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    with file:
        file.write(data)


def _target(
    *,
    host: Annotated[str, typer.Option("--host", help="Where the queue manager listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port it listens on.")] = 1414,
    channel: Annotated[
        str, typer.Option("--channel", parser=name_of_at_most(20), help="A channel of its for clients.")
    ] = "DEV.APP.SVRCONN",
    queue_manager: Annotated[
        str, typer.Option("--queue-manager", show_default=False, help="Its name; without it, any will do.")
    ] = "",
    user: Annotated[
        str,
        typer.Option("--user", show_default=False, help="Who to connect as; without it, who you are here."),
    ] = "",
    password: Annotated[
        str,
        typer.Option(
            "--password",
            envvar=PASSWORD,
            show_default=False,
            help=f"The user's password. Better set {PASSWORD}: `ps` shows a command line to everybody.",
        ),
    ] = "",
    tls_ca: Annotated[
        Path | None, PemFile("--tls-ca", help="Connect with TLS, and trust the CAs in this file (PEM).")
    ] = None,
    tls_cert: Annotated[
        Path | None, PemFile("--tls-cert", help="The certificate to present (PEM), for mutual TLS.")
    ] = None,
    tls_key: Annotated[Path | None, PemFile("--tls-key", help="That certificate's key (PEM).")] = None,
) -> Target:
    return Target(
        ((host, port),),
        channel,
        queue_manager,
        user=user,
        password=password,
        system_user=_system_user(),
        application="mock-mq",
        secure=_secured_by(tls_ca, tls_cert, tls_key),
    )


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""


def _secured_by(
    ca: Path | None, certificate: Path | None, key: Path | None
) -> Callable[[socket.socket, str], ssl.SSLSocket] | None:
    """TLS by files in PEM; None without a CA, and never TLS without one."""
    if (certificate is None) != (key is None) or (certificate is not None and ca is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together, and with --tls-ca")
    if ca is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # MQ checks the chain and does not compare host names.
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except ssl.SSLError as e:
        raise typer.BadParameter(f"--tls-ca, --tls-cert or --tls-key: not what it should be: {e}") from None

    def secure(sock: socket.socket, host: str) -> ssl.SSLSocket:
        try:
            return context.wrap_socket(sock, server_hostname=host)
        except OSError as e:
            why = e.reason if isinstance(e, ssl.SSLError) and e.reason else str(e)
            raise MQError(Reason.SSL_INITIALIZATION_ERROR, f"TLS with {host}: {why}") from None

    return secure
