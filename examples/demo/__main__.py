"""`python -m examples.demo [--keep]`: every example both ways, a table, the figures; or all kept running."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from examples.catalogue import catalogue
from examples.demo.mq_application import connected
from examples.demo.processes import NotStarted
from examples.demo.scenario import Result, from_mq, large_messages, to_mq, undeliverable
from examples.demo.setting import (
    CHANNEL,
    IN_QUEUE,
    OUT_QUEUE,
    PASSWORD,
    QUEUE_MANAGER,
    TO_SQS_QUEUE,
    USER,
    Setting,
    bridge,
    set_up,
)

console = Console(highlight=False)


def main(
    *, keep: Annotated[bool, typer.Option("--keep", help="Leave all of it running until Ctrl-C.")] = False
) -> None:
    """Show messages crossing both ways between a queue manager and AWS, both on this machine."""
    directory = Path(tempfile.mkdtemp(prefix="bridge-demo-"))
    try:
        with console.status("starting the queue manager (mutual TLS), the AWS emulator and the bridge"):
            stack = contextlib.ExitStack()
            setting = stack.enter_context(set_up(directory))
        with stack:
            good = _keep_running(setting) if keep else _demonstrate(setting)
    except NotStarted as e:
        console.print(f"[red]{e}[/red]")
        raise typer.Exit(1) from None
    if not good:
        console.print(f"[red]not all of it arrived as it should have[/red]; logs: {directory}")
        raise typer.Exit(1)
    shutil.rmtree(directory)


def _demonstrate(setting: Setting) -> bool:
    examples = large_messages(catalogue())
    started = time.monotonic()
    with (
        bridge(setting) as log,
        connected(setting) as application,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        ) as progress,
    ):
        task = progress.add_task("MQ -> SNS", total=3 * len(examples) + 1)
        results = from_mq(
            setting, application, examples, queue=OUT_QUEUE, tell=lambda: progress.advance(task)
        )
        progress.update(task, description="MQ -> SQS")
        results += from_mq(
            setting, application, examples, queue=TO_SQS_QUEUE, tell=lambda: progress.advance(task)
        )
        progress.update(task, description="SQS -> MQ")
        results += to_mq(setting, application, examples, lambda: progress.advance(task))
        progress.update(task, description="undeliverable")
        results.append(undeliverable(setting))
        progress.advance(task)
        progress.update(task, description="done")
        left = {queue: application.depth(queue) for queue in (OUT_QUEUE, TO_SQS_QUEUE, IN_QUEUE)}
    seconds = time.monotonic() - started
    _show(results)
    requests = _requests(log)
    each_operation = ", ".join(f"{count} {operation}" for operation, count in sorted(requests.items()))
    console.print(
        f"{len(results)} messages in {seconds:.1f} s; "
        f"{sum(requests.values())} AWS requests by the bridge: {each_operation}"
    )
    left_over = {queue: depth for queue, depth in left.items() if depth}
    if left_over:
        console.print(f"[red]still on their queues: {left_over}[/red]")
    return not left_over and not any(each.problem for each in results)


def _show(results: list[Result]) -> None:
    table = Table(title="what was sent, and where it was read back")
    for heading in ("message", "route", "bytes", "through S3", "read back at", "found"):
        table.add_column(heading, justify="right" if heading == "bytes" else "left", overflow="fold")
    for each in results:
        table.add_row(
            each.message,
            each.route,
            f"{each.size:,}",
            "yes" if each.offloaded else "",
            "dead letters" if each.set_aside else each.read_at,
            f"[red]{each.problem}[/red]" if each.problem else f"[green]{each.found}[/green]",
        )
    console.print(table)
    for each in results:
        if each.set_aside:
            console.print(f"dead letter: {each.message}, kept at {each.read_at}", soft_wrap=True)


def _requests(log: Path) -> dict[str, int]:
    """The AWS requests that the bridge made, as it says itself when it ends."""
    for line in log.read_text().splitlines():
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if event.get("event") == "bridge_ended":
                return dict(event["aws_requests"])
    return {}


def _keep_running(setting: Setting) -> bool:
    """Runs the bridge until Ctrl-C, having said how to send it something."""
    with bridge(setting) as log:
        host, _, port = setting.connection_name.rstrip(")").partition("(")
        certificates = setting.certificates
        client = (
            f"--host {host} --port {port} --queue-manager {QUEUE_MANAGER} --channel {CHANNEL} --user {USER}"
            f" --tls-ca {certificates.ca} --tls-cert {certificates.bridge / 'certificate.pem'}"
            f" --tls-key {certificates.bridge / 'private_key.pem'}"
        )
        mock_mq = _here("mock-mq")
        console.print("running; Ctrl-C ends it. In another terminal:\n", style="green")
        for what, how in (
            ("the environment for what follows", _exports(setting)),
            ("put a message on MQ, which goes to the topic", f"{mock_mq} put {OUT_QUEUE} 'hello' {client}"),
            (
                "... and read it from the queue subscribed",
                _boto3(f"receive_message(QueueUrl='{setting.subscribed}', MessageAttributeNames=['All'])"),
            ),
            (
                "send one to SQS, which goes to MQ",
                _boto3(f"send_message(QueueUrl='{setting.incoming}', MessageBody='hello')"),
            ),
            ("... and get it", f"{mock_mq} get {IN_QUEUE} --wait 5 {client}"),
            ("watch the bridge", f"tail -f {log}"),
        ):
            console.print(f"# {what}", style="dim")
            console.print(how, soft_wrap=True, markup=False)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
        console.print("\nstopping: what is in hand is finished")
    return True


def _here(command: str) -> str:
    """A command of this environment, as it is typed in this folder."""
    path = Path(sys.executable).parent / command
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _boto3(call: str) -> str:
    """A call of SQS as a shell command; no AWS CLI is needed for it."""
    return f"{_here('python')} -c \"import boto3; print(boto3.client('sqs').{call})\""


def _exports(setting: Setting) -> str:
    names = ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    pairs = [f"{name}={setting.environment[name]}" for name in names]
    return "export " + " ".join([*pairs, f"MOCK_MQ_PASSWORD={PASSWORD}"])


if __name__ == "__main__":
    # Told to end either way, it ends what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    typer.run(main)
