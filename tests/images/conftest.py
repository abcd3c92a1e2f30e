"""Fixtures: the built images (`make images`), and containers of them without an engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENTER = Path(__file__).with_name("enter.py")
NETWORK = Path(__file__).with_name("network.py")
UID = 10001


def buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Image:
    """A built image: its configuration, and its root file system, mounted."""

    name: str
    root: Path

    @cached_property
    def inspected(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", f"localhost/{self.name}"))
        return found

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.inspected["Docker"]["config"]
        return config

    @property
    def environment(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in self.config["Env"])

    def layers(self, scratch: Path) -> Iterator[tarfile.TarFile]:
        """What each layer holds, its base's too: also what a later one hides."""
        buildah("push", "--disable-compression", f"localhost/{self.name}", f"dir:{scratch}")
        for layer in json.loads((scratch / "manifest.json").read_text())["layers"]:
            with tarfile.open(scratch / layer["digest"].removeprefix("sha256:")) as tar:
                yield tar


@contextmanager
def mounted(name: str) -> Iterator[Image]:
    container = buildah("from", "--pull-never", f"localhost/{name}")
    try:
        yield Image(name, Path(buildah("mount", container)))
    finally:
        buildah("rm", container)


@pytest.fixture(scope="session")
def images() -> Iterator[dict[str, Image]]:
    if os.geteuid() != 0:
        pytest.skip("containers without an engine need root")
    with ExitStack() as stack:
        yield {name: stack.enter_context(mounted(name)) for name in ("bridge", "mock-mq", "rehearsal")}


@dataclass
class Container:
    """A running command; `lines` are what it has printed."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _reader: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, text: str, *, count: int = 1, within: float = 30.0) -> None:
        deadline = time.monotonic() + within
        waiting = threading.Event()
        while sum(text in line for line in self.lines) < count:
            assert time.monotonic() < deadline, f"no {text!r} in {self.output}"
            assert self.process.poll() is None or sum(text in line for line in self.lines) >= count, (
                self.output
            )
            waiting.wait(0.05)

    def ended(self, within: float = 60.0) -> int:
        code = self.process.wait(within)
        assert self._reader is not None
        self._reader.join(10)
        return code

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)


@dataclass
class Engine:
    """Starts containers on a network of their own, which is a loopback interface and nothing else."""

    images: Mapping[str, Image]
    directory: Path
    stack: ExitStack
    network: subprocess.Popen[str]

    def volume(self, name: str) -> str:
        """A directory that belongs to the images' user."""
        place = self.directory / name
        place.mkdir(mode=0o700, exist_ok=True)
        os.chown(place, UID, UID)
        return str(place)

    def start(
        self,
        image: str,
        command: Sequence[str] | None = None,
        *,
        entrypoint: bool = True,
        environment: Mapping[str, str] | None = None,
        volumes: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Container:
        """Starts it as its image says."""
        made = self.images[image]
        config = made.config
        given = list(command if command is not None else config.get("Cmd") or [])
        run = self.volume(f"run-{image}-{len(list(self.directory.iterdir()))}")
        content = {
            "root": str(made.root),
            "user": config["User"],
            "directory": config.get("WorkingDir") or "/",
            "command": [*((config.get("Entrypoint") or []) if entrypoint else []), *given],
            "environment": {**made.environment, **(environment or {})},
            "volumes": {"/run/bridge": run, **(volumes or {})},
            "files": {"/etc/hosts": str(self._hosts()), **(files or {})},
        }
        network = f"--net=/proc/{self.network.pid}/ns/net"
        process = subprocess.Popen(
            ["nsenter", network, "unshare", "--mount", sys.executable, str(ENTER), json.dumps(content)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.stack.callback(process.wait, 30)
        self.stack.callback(process.kill)
        return Container(process)

    def run(self, image: str, command: Sequence[str], **options: Any) -> Container:
        """Runs a command to its end."""
        container = self.start(image, command, **options)
        container.ended()
        return container

    def _hosts(self) -> Path:
        hosts = self.directory / "hosts"
        hosts.write_text("127.0.0.1 localhost aws mq mock-mq bridge\n")
        return hosts


@pytest.fixture
def engine(images: dict[str, Image], tmp_path: Path) -> Iterator[Engine]:
    tmp_path.chmod(0o755)
    with ExitStack() as stack:
        holder = stack.enter_context(
            subprocess.Popen(
                ["unshare", "--net", sys.executable, str(NETWORK)], stdout=subprocess.PIPE, text=True
            )
        )
        stack.callback(holder.kill)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        yield Engine(images, tmp_path, stack, holder)
