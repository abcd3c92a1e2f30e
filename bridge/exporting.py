"""Dead letters as files, for their owner alone: `body` and `letter.json`, byte for byte, below the prefix."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from bridge.letters import BODY, LETTER, DamagedLetter, Found


def export(directory: Path, found: Found, body: Callable[[str], bytes]) -> bool:
    """Writes a letter, or what there is of it; False where it was there already. Raises `OSError`.

    Each file is there as a whole or not at all, and letter.json last.
    """
    below = directory / found.prefix
    if found.particulars and _is_there(below, found):
        return False
    # Not for others, whatever their umask: bodies may be secret.
    below.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in [below, *below.parents][: len(Path(found.prefix).parts)]:
        each.chmod(0o700)
    try:
        _write(below / BODY, body(found.prefix))
    except DamagedLetter:
        if found.particulars:
            raise
    if found.document:
        _write(below / LETTER, found.document)
    return True


def _is_there(below: Path, found: Found) -> bool:
    try:
        if (below / LETTER).read_bytes() != found.document:
            return False
        if found.particulars:
            found.particulars.letter((below / BODY).read_bytes())
    except (FileNotFoundError, DamagedLetter):
        return False
    return True


def _write(file: Path, content: bytes) -> None:
    # mkstemp makes it 0600.
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
