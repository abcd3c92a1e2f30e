"""Taking IBM's client into the image: only with the checksum that was asked for, and only what is needed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.images.conftest import ROOT

NAME = "9.4.4.0-IBM-MQC-Redist-LinuxX64.tar.gz"
CONTENT = (
    "lib64/libmqic_r.so",
    "inc/cmqc.h",
    "licenses/English.txt",
    "java/lib/com.ibm.mq.jar",
    "bin/runmqsc",
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Laid out as IBM's, with nothing of IBM's in it."""
    directory = tmp_path / "mq-client"
    directory.mkdir()
    with tarfile.open(directory / NAME, "w:gz") as tar:
        for name in CONTENT:
            entry = tarfile.TarInfo(f"./{name}")
            entry.size = 4
            tar.addfile(entry, io.BytesIO(b"test"))
    return directory / NAME


def take(directory: Path, destination: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MQ_CLIENT")}
    return subprocess.run(
        [sys.executable, str(ROOT / "images" / "mq_client.py"), str(directory), str(destination)],
        env={**inherited, "MQ_CLIENT_URL": "http://127.0.0.1:1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_with_its_checksum_is_taken_without_what_nobody_needs(archive: Path, tmp_path: Path) -> None:
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    done = take(archive.parent, tmp_path / "mqm", MQ_CLIENT_SHA256=checksum.upper())
    assert (done.returncode, done.stdout) == (0, f"mq_client: {NAME}\n")
    found = {
        str(path.relative_to(tmp_path / "mqm")) for path in (tmp_path / "mqm").rglob("*") if path.is_file()
    }
    assert found == {*CONTENT[:3], "archive.json"}
    noted = json.loads((tmp_path / "mqm" / "archive.json").read_text())
    assert noted == {"name": NAME, "sha256": checksum}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "no checksum is given: set the build argument MQ_CLIENT_SHA256"),
        ({"MQ_CLIENT_SHA256": "0" * 64}, "is it the right file?"),
    ],
)
def test_a_file_that_is_not_known_to_be_the_right_one_ends_the_build(
    archive: Path, tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    done = take(archive.parent, tmp_path / "mqm", **environment)
    assert done.returncode == 1
    assert said in done.stderr
    assert not list((tmp_path / "mqm").rglob("*.so"))
    assert "Traceback" not in done.stderr


def test_a_client_that_can_not_be_fetched_ends_the_build_with_what_to_do(tmp_path: Path) -> None:
    done = take(tmp_path, tmp_path / "mqm", MQ_CLIENT_VERSION="9.4.4.0", MQ_CLIENT_SHA256="0" * 64)
    assert done.returncode == 1
    assert f"http://127.0.0.1:1/{NAME}" in done.stderr
    assert "put the file into images/mq-client" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_client_the_stand_in_takes_its_place(tmp_path: Path) -> None:
    done = take(tmp_path, tmp_path / "mqm")
    assert (done.returncode, done.stdout) == (
        0,
        "mq_client: none: the stand-in library takes its place, for rehearsals only\n",
    )
    assert list((tmp_path / "mqm").iterdir()) == []
