"""Takes IBM's redistributable MQ client into the image: from a file, from IBM, or not at all.

`mq_client.py DIRECTORY DESTINATION`, with MQ_CLIENT_VERSION, MQ_CLIENT_SHA256 and MQ_CLIENT_URL in the
environment. What it takes has the checksum it was told to have, or the build ends. Only the libraries for
64-bit programs with threads, the headers and the licences stay; `archive.json` notes where they came from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

_SUFFIX = "-IBM-MQC-Redist-LinuxX64.tar.gz"
_KEPT = ("inc/", "lib64/", "lap/", "licenses/", "gskit8/lib64/", "swidtag/")


def main(directory: Path, destination: Path) -> str:
    """Fills the destination; says what with, or exits with what is wrong."""
    destination.mkdir(parents=True)
    version = os.environ.get("MQ_CLIENT_VERSION", "")
    wanted = os.environ.get("MQ_CLIENT_SHA256", "").lower()
    files = sorted(directory.glob(f"*{_SUFFIX}"))
    if len(files) > 1:
        sys.exit(f"mq_client: {directory} holds {len(files)} clients: leave one")
    if not files and not version:
        return "mq_client: none: the stand-in library takes its place, for rehearsals only"
    if not wanted:
        sys.exit("mq_client: no checksum is given: set the build argument MQ_CLIENT_SHA256")
    with tempfile.TemporaryDirectory() as scratch:
        archive = files[0] if files else _fetched(version, Path(scratch))
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != wanted:
            sys.exit(
                f"mq_client: {archive.name} has the SHA-256 {found}, not {wanted}: is it the right file?"
            )
        with tarfile.open(archive) as tar:
            members = [each for each in tar if each.name.removeprefix("./").startswith(_KEPT)]
            for each in members:
                each.uid = each.gid = 0
                each.uname = each.gname = ""
                each.mode = each.mode & 0o755 | (0o555 if each.isdir() else 0o444)
            # Debian 12's Python has no filters yet.
            tar.extractall(destination, members)  # noqa: S202 - the checksum vouches for what it holds
        if not list((destination / "lib64").glob("libmqic_r.so*")):
            sys.exit(
                f"mq_client: {archive.name} has no lib64/libmqic_r.so: it is not IBM's redistributable client"
            )
        (destination / "archive.json").write_text(json.dumps({"name": archive.name, "sha256": found}) + "\n")
        return f"mq_client: {archive.name}"


def _fetched(version: str, scratch: Path) -> Path:
    address = f"{os.environ['MQ_CLIENT_URL'].rstrip('/')}/{version}{_SUFFIX}"
    archive = scratch / f"{version}{_SUFFIX}"
    try:
        with urllib.request.urlopen(address, timeout=60) as answer, archive.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(answer, file)
    except (OSError, ValueError) as e:
        sys.exit(f"mq_client: {address}: {e}: check MQ_CLIENT_VERSION, or put the file into images/mq-client")
    return archive


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2])))  # noqa: T201 - a build's log
