"""Makes one of the images' Python environments: `install.py WHAT DESTINATION`, from the checkout's directory.

`build` comes first: it has what building needs, and builds what comes from source. The others are filled with
it, and have no pip of their own. Packages come locked, by their hashes.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from py_compile import PycInvalidationMode

_IBM = Path("/opt/mqm")
_WRITABLE = (Path("/opt/writable/bridge/run/bridge"), Path("/opt/writable/rehearsal/certs"))
"""What belongs to the images' user alone, under what is copied to their root."""
_WHEELS = Path("/opt/build/wheels")
_SERVICES = frozenset({"kms", "s3", "secretsmanager", "signin", "sns", "sqs", "sso", "sso-oidc", "sts"})
"""Of AWS, those that the bridge calls, and those that boto3 gets credentials from; it knows 400 others."""


def main(what: str, destination: Path) -> None:
    """Makes the environment."""
    venv.create(destination, with_pip=what == "build", symlinks=True)
    if what == "build":
        _build(destination / "bin" / "python")
        return
    python = str(destination / "bin" / "python")
    locked = {"bridge": "run", "mock-mq": "mock-mq", "rehearsal": "rehearsal"}[what]
    _pip("--python", python, "install", "--require-hashes", "--requirement", f"requirements/{locked}.txt")
    ours = sorted(_WHEELS.glob("*.whl")) if what == "bridge" else sorted(_WHEELS.glob("ibmmq_aws_bridge-*"))
    _pip("--python", python, "install", "--no-deps", "--no-index", *map(str, ours))
    if what == "bridge":
        for described in destination.glob("lib/python*/site-packages/botocore/data/*/"):
            if described.name not in _SERVICES:
                shutil.rmtree(described)
    if what == "mock-mq":  # the wheel has both
        shutil.rmtree(next(destination.glob("lib/python*/site-packages/bridge")))
        (destination / "bin" / "bridge").unlink()
    if what == "rehearsal":
        for part in ("certs", "examples"):
            shutil.copytree(part, destination / part)
    # Now, as a read-only root takes none later; by what the sources hold, so that it is the same every time.
    compileall.compile_dir(destination, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


def _build(python: Path) -> None:
    """What building needs; then our wheel, and pymqi's, against IBM's headers where they are, else ours."""
    for directory in _WRITABLE:
        directory.mkdir(mode=0o700, parents=True)
    _pip("install", "--require-hashes", "--requirement", "requirements/build.txt", python=python)
    wheel = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(_WHEELS))
    _pip(*wheel, ".", python=python)
    _pip("install", "--no-deps", "--no-index", *map(str, _WHEELS.glob("*.whl")), python=python)
    headers = _IBM
    if not (_IBM / "inc").is_dir():
        headers = Path("/opt/build/mqm")
        _run(str(python), "-I", "-m", "mock_mq.client.sdk", str(headers))
    os.environ["MQ_FILE_PATH"] = str(headers)
    _pip(*wheel, "--require-hashes", "--requirement", "requirements/pymqi.txt", python=python)


def _pip(*arguments: str, python: Path | None = None) -> None:
    _run(str(python or sys.executable), "-m", "pip", "--quiet", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
