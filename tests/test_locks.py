"""What is installed is what was locked, down to the byte; and it can be told and audited."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_has_its_version_and_its_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,._-]+\])?==[^\s;\\]+", entry), entry.partition("\n")[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.partition("\n")[0]


def test_every_package_of_the_cdk_command_has_its_hash_and_nobodys_address() -> None:
    lock = json.loads((ROOT / "infra" / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    for name, each in packages.items():
        assert each["integrity"].startswith("sha512-"), name
        assert "resolved" not in each, name


def test_nothing_is_installed_that_is_not_locked() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (by_pip,) = (line for line in makefile.splitlines() if re.search(r"pip.* install ", line))
    assert by_pip.startswith("INSTALL := ")
    installs = [line for line in makefile.splitlines() if "$(INSTALL)" in line]
    assert len(installs) >= 5
    # Our own package, and the two tools that make and audit the locks.
    free = ("--editable .", "$(INSTALL) uv", "$(INSTALL) pip-audit")
    assert [
        line for line in installs if "--require-hashes" not in line and not any(each in line for each in free)
    ] == []
    build = (ROOT / "images" / "install.py").read_text()
    for call in re.findall(r"_pip\(.*?\)\n", build, re.DOTALL):
        assert (
            "--require-hashes" in call or "--no-index" in call or "*wheel" in call or "python: Path" in call
        ), call


def test_audit_looks_at_every_lock_and_sbom_at_both_images() -> None:
    def commands(target: str) -> str:
        done = subprocess.run(
            ["make", "--dry-run", "--always-make", target],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    audited = commands("audit")
    assert "pip-audit --require-hashes" in audited
    assert all(f"requirements/{lock.name}" in audited for lock in LOCKS)
    assert re.search(r"sbom\.py build/sbom bridge mock-mq", commands("sbom"))
