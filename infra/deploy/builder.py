"""The program that builds and pushes images: docker, podman or buildah, whichever works here."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from infra.deploy import places
from infra.deploy.errors import DeployError

# Docker's command is often there without its daemon; the others have none.
_WORKS = {"docker": ["docker", "version"], "podman": ["podman", "version"], "buildah": ["buildah", "version"]}
PLATFORM = "linux/amd64"
"""IBM's redistributable client is made for no other."""


@dataclass(frozen=True, slots=True)
class Builder:
    """One of the three; they take the same arguments for all that is done here."""

    program: str

    def build(self, target: str, image: str, arguments: Sequence[str]) -> list[str]:
        """The command line that builds the Dockerfile's `target` as `image`."""
        command = [self.program, "build", "--platform", PLATFORM, "--target", target, "--tag", image]
        given = [part for argument in arguments for part in ("--build-arg", argument)]
        return [*command, *given, "--file", str(places.ROOT / "Dockerfile"), str(places.ROOT)]

    def log_in(self, registry: str) -> list[str]:
        """The command line that takes ECR's password from standard input, so that `ps` does not show it."""
        return [self.program, "login", "--username", "AWS", "--password-stdin", registry]

    def push(self, image: str) -> list[str]:
        """The command line that pushes the image."""
        return [self.program, "push", image]

    def log_out(self, registry: str) -> list[str]:
        """The command line that forgets the password again."""
        return [self.program, "logout", registry]


def find() -> Builder:
    """The first one that works. Raises `DeployError` without any."""
    for program, check in _WORKS.items():
        if shutil.which(program) and subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return Builder(program)
    raise DeployError(
        "neither docker, podman nor buildah works here: install one of them (or start docker's daemon), "
        "or give images that are in a registry: --bridge-image NAME@sha256:..., --mock-image NAME@sha256:..."
    )


def run(command: Sequence[str], *, secret: str | None = None) -> None:
    """Runs a command line, with `secret` on its standard input. Raises `DeployError` where it fails."""
    shown = shlex.join(command[:2])
    done = subprocess.run(
        list(command),
        input=secret.encode() if secret is not None else None,
        stdin=subprocess.DEVNULL if secret is None else None,
        check=False,
    )
    if done.returncode != 0:
        raise DeployError(f"{shown} failed (exit code {done.returncode}): what it said stands above")


def shown(command: Sequence[str]) -> str:
    """The command line as a user could type it."""
    return shlex.join(command)
