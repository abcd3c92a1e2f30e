"""The demonstration, as a newcomer runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from examples.catalogue import catalogue


@pytest.mark.timeout(180)
def test_it_shows_every_example_crossing_both_ways_and_ends_with_0() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
        env=None,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for example in catalogue():
        assert done.stdout.replace("\n", " ").count(example.name.split()[0]) >= 3
    assert "dead letter: pointer to nothing, kept at s3://orders-dead-letters/orders-in/" in done.stdout
    assert "28 messages in" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
