"""The processes of the demonstration, each started as a user would start it, and stopped whatever happens."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

STOP_WITHIN = 30.0
"""Seconds between SIGTERM and SIGKILL: what ECS allows by default."""


class NotStarted(Exception):
    """A process ended before it said that it was ready."""


@contextlib.contextmanager
def running(
    command: Sequence[str], ready: str, *, environment: Mapping[str, str], log: Path
) -> Iterator[tuple[subprocess.Popen[str], re.Match[str]]]:
    """Starts `command` and waits for a line on its standard output that matches `ready`.

    Yields the process and the match. All that the process prints goes to `log`. At the end it gets SIGTERM.
    """
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            # A session of its own, so that a terminal's Ctrl-C is for us alone: we end them in order.
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            for line in process.stdout:
                output.write(line)
                if found := re.search(ready, line):
                    break
            else:
                raise NotStarted(f"{' '.join(command[:3])}: ended before it was ready: {log} says why")
            # Somebody has to go on reading, or the process would stop at a full pipe.
            copying = threading.Thread(target=shutil.copyfileobj, args=(process.stdout, output))
            copying.start()
            try:
                yield process, found
            finally:
                stop(process)
                copying.join()
        finally:
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ends the process: SIGTERM, and SIGKILL where that does not end it within `STOP_WITHIN` seconds."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def python(*arguments: str) -> list[str]:
    """A command of this very Python."""
    return [sys.executable, *arguments]
