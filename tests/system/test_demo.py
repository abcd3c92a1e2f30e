"""The demonstration, as a newcomer runs it: what they see, and that it leaves nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples.catalogue import catalogue
from examples.demo.scenario import large_messages


@pytest.mark.timeout(180)
def test_it_shows_every_example_crossing_both_ways_and_ends_with_0(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
        # Wide, so that no row of the table is folded.
        env=os.environ | {"COLUMNS": "160", "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in done.stdout.splitlines()
        if line.startswith("│")
    ]
    examples = large_messages(catalogue())
    wanted = [
        (each.name, route, f"{len(each.body):,}")
        for route in ("orders-out", "stock-out", "orders-in")
        for each in examples
    ]
    shown = [(name, route, size) for name, route, size, *_ in rows]
    assert sorted(shown) == sorted([*wanted, ("pointer to nothing", "orders-in", "113")])
    assert all(found for *_, found in rows)
    large = {name for name, _, _, offloaded, *_ in rows if offloaded == "yes"}
    assert large == {"binary", "pain.001 x 170", "pointer to nothing"}
    assert ["MT103 in EBCDIC", "orders-out", "361", "", "SQS orders-test", "text, from CCSID 500"] in rows
    assert re.search(
        r"^dead letter: pointer to nothing, kept at s3://orders-dead-letters/orders-in/", done.stdout, re.M
    )
    assert re.search(r"^28 messages in [\d.]+ s; [1-9]\d* AWS requests by the bridge: ", done.stdout, re.M)
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == [], "what it made is gone"
