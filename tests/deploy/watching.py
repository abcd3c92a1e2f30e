"""What `ps` would show while something runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def watched(seen: set[bytes]) -> Iterator[None]:
    """Collects the command lines of this machine's processes, ten times a second."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            for process in Path("/proc").glob("[0-9]*"):
                # Gone meanwhile, or not ours to look at.
                with suppress(OSError):
                    seen.add((process / "cmdline").read_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
