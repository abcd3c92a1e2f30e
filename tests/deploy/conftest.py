"""Fixtures: `checkout`, a copy of the project with deploy.sh in it, and `cloud`, an emulator of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import pytest

from certs import generate
from tests.fixtures.aws import REGION

ROOT = Path(__file__).parents[2]
_SOURCES = (
    "bridge",
    "certs",
    "infra",
    "mock_mq",
    "requirements",
    "Makefile",
    "deploy.sh",
    "pyproject.toml",
    "setup.py",
)
_SERVE = "from tests.deploy.emulator import serve; serve()"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/bridge/bridge@sha256:{'1' * 64}"
MOCK_IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/bridge/mock-mq@sha256:{'2' * 64}"


def environment(**more: str) -> dict[str, str]:
    """This process's, without anybody's account."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BRIDGE_", "CDK_"))
    }
    return {
        **kept,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


@dataclass(frozen=True)
class Checkout:
    """A copy of the project, and running its deploy.sh from some other directory."""

    root: Path
    elsewhere: Path

    @property
    def certificates(self) -> Path:
        return self.root / "certs" / "out"

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """deploy.sh with nothing on its standard input."""
        return subprocess.run(
            [str(self.root / "deploy.sh"), *arguments],
            cwd=self.elsewhere,
            env=dict(env) if env is not None else environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@dataclass(frozen=True)
class Cloud:
    """An emulator of AWS: its address, and boto3 clients of the tests' own."""

    url: str
    session: boto3.Session = field(
        default_factory=lambda: boto3.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
    )

    @cache  # noqa: B019 - a client takes long to make, and there are few emulators
    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]

    @cached_property
    def environment(self) -> dict[str, str]:
        """Where deploy.sh finds it."""
        return environment(
            AWS_ENDPOINT_URL=self.url,
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION=REGION,
        )


def _copy(root: Path) -> None:
    leave = shutil.ignore_patterns("__pycache__", "node_modules", "out", "cdk.out")
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=leave)
        else:
            shutil.copy2(source, root / name)
    # What `make` would make, without making it again.
    for made, marks in ((".venv", [".ready", ".infra"]), ("infra/node_modules", [".ready"])):
        (root / made).mkdir()
        for entry in (ROOT / made).iterdir():
            if entry.name not in marks:
                (root / made / entry.name).symlink_to(entry)
        for mark in marks:
            (root / made / mark).touch()
    for command in (["init", "--quiet"], ["add", "--force", "bridge", "mock_mq", "requirements"]):
        subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """In a directory whose name has to be quoted."""
    made = find_spec("aws_cdk") and (ROOT / "infra" / "node_modules" / ".bin" / "cdk").exists()
    assert made, "run make .venv/.infra infra/node_modules/.ready"
    place = tmp_path_factory.mktemp("deploy")
    root = place / "it's a copy"
    root.mkdir()
    _copy(root)
    elsewhere = place / "elsewhere"
    # What is here must not be taken for the project's.
    (elsewhere / "infra").mkdir(parents=True)
    (elsewhere / "infra" / "__init__.py").write_text("raise SystemExit('the wrong infra')\n")
    return Checkout(root, elsewhere)


@pytest.fixture(scope="module")
def rehearsal(checkout: Checkout) -> Path:
    """Throwaway certificates where generate_secrets puts them."""
    generate(checkout.certificates, hosts=["mock-mq.bridge.internal"])
    return checkout.certificates


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator that nothing else uses, as destroy takes everything."""
    log = tmp_path_factory.mktemp("emulator") / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", _SERVE],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        assert process.stdout is not None
        port = process.stdout.readline()
        assert port, f"the emulator did not start: {log.read_text()}"
        yield Cloud(f"http://127.0.0.1:{int(port)}")
        process.terminate()
