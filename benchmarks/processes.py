"""What a process has used: CPU and memory."""

from __future__ import annotations

import os
from pathlib import Path

KB = 1024


def cpu_of(process: int) -> float:
    """Seconds of CPU that a process has used, user's and system's."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(process: int, what: str = "VmRSS") -> int:
    """Bytes that a process has in memory: now, or at the most so far (VmHWM)."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    (line,) = (each for each in status if each.startswith(what))
    return int(line.split()[1]) * KB
