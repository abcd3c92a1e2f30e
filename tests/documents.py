"""The code blocks of the documents."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def blocks(document: Path, language: str) -> list[str]:
    """The blocks in a language, in their order."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(encoding="utf-8"), re.M | re.S)
    return [str(each) for each in found]


def program(document: Path, name: str) -> str:
    """The block whose first line is a comment with that file's name."""
    text = document.read_text(encoding="utf-8")
    found = re.search(rf"^```\w+\n((?:#|//|<!--) {re.escape(name)}(?: -->)?\n.*?)^```$", text, re.M | re.S)
    if found is None:
        raise LookupError(f"{document.name} has no {name}")
    return found[1]
