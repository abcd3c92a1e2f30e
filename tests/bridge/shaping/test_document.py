"""docs/shaping.md: its configuration, its cases and what it says is printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.documents import DOCS, blocks, program

SHAPING = DOCS / "shaping.md"


def test_the_documented_cases_pass_against_the_documented_configuration(tmp_path: Path) -> None:
    for name in ("bridge.yaml", "orders.test.yaml"):
        (tmp_path / name).write_text(program(SHAPING, name))
    for files in ([], ["orders.test.yaml"]):
        result = subprocess.run(
            [sys.executable, "-m", "bridge", "test", "--config", "bridge.yaml", *files],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
        )
        assert (result.returncode, result.stderr) == (0, "")
        [*_, printed] = blocks(SHAPING, "text")
        assert result.stdout == printed
