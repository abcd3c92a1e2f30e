"""Runs a command as a container engine would, without one: `enter.py JSON`, as root.

A mount namespace of its own, the image's root file system read-only, only the volumes writable, no capability
and no new privilege, the image's numeric user, its environment and nothing else.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_PR_SET_NO_NEW_PRIVS = 38


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def main(given: dict[str, Any]) -> None:
    """Becomes the command."""
    root = Path(given["root"])
    _mount("--make-rprivate", "/")
    _mount("--bind", str(root), str(root))
    _mount("-t", "proc", "proc", str(root / "proc"))
    _mount("--rbind", "/dev", str(root / "dev"))
    for inside, outside in given["volumes"].items():
        (root / inside.lstrip("/")).mkdir(parents=True, exist_ok=True)
        _mount("--bind", outside, str(root / inside.lstrip("/")))
    for inside, outside in given["files"].items():
        file = root / inside.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        _mount("--bind", outside, str(file))
    _mount("-o", "remount,bind,ro", str(root))
    user, group = map(int, given["user"].split(":"))
    os.chroot(root)
    os.chdir(given["directory"])
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    command = given["command"]
    for directory in given["environment"]["PATH"].split(":"):
        if Path(directory, command[0]).exists():
            os.execve(str(Path(directory, command[0])), command, given["environment"])
    sys.exit(f"{command[0]}: not in the image")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
