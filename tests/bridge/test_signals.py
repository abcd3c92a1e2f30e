"""Being told to stop, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from bridge.signals import stop_on_signals
stop = threading.Event()
stop_on_signals(stop)
print("ready", flush=True)
stop.wait()
print("stopping", flush=True)
if "hang" in sys.argv:
    threading.Event().wait()
"""


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("received", [signal.SIGTERM, signal.SIGINT])
def test_given_a_signal_when_it_comes_then_the_event_is_set_and_the_end_is_orderly(
    received: signal.Signals,
) -> None:
    with started() as process:
        assert said(process) == "ready"
        process.send_signal(received)
        assert said(process) == "stopping"
        assert process.wait(60) == 0


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_given_a_drain_that_hangs_when_interrupted_again_then_it_ends_at_once(first: signal.Signals) -> None:
    with started("hang") as process:
        assert said(process) == "ready"
        process.send_signal(first)
        assert said(process) == "stopping"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
