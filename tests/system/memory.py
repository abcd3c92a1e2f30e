"""What a bridge's process holds, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.bridge import RunningBridge


def kilobytes(bridge: RunningBridge, what: str) -> int:
    """VmRSS is what it has now, VmHWM the most it ever had."""
    status = Path(f"/proc/{bridge.process_id}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith(what)]
    return int(line.split()[1])


class Watched:
    """The most that a bridge takes from now on, beyond what it has, in bytes."""

    def __init__(self, bridge: RunningBridge) -> None:
        self._bridge = bridge
        Path(f"/proc/{bridge.process_id}/clear_refs").write_text("5")  # VmHWM starts anew
        self._base = kilobytes(bridge, "VmRSS")

    def most(self) -> int:
        return (kilobytes(self._bridge, "VmHWM") - self._base) * 1024


def handles(bridge: RunningBridge) -> tuple[int, int]:
    """How many files and sockets it has open, and how many threads."""
    files, threads = (
        len(list(Path(f"/proc/{bridge.process_id}/{what}").iterdir())) for what in ("fd", "task")
    )
    return files, threads
